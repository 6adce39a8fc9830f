"""Figures of tenants: CloudStack's names, which dashboards know, and what each account holds beside its limits."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from apps.accounts.models import Account, AccountType, Domain, Project, ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.domain import shown_path
from apps.accounts.models.limit import UNLIMITED, type_of
from apps.accounts.services.limit_rules import Counted, DomainLimits, in_count_unit
from apps.accounts.services.limits_shown import limit_shown
from apps.accounts.states import AccountState, DomainState
from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register

MOST = 1_000_000

ACCOUNTS = Family("cloudstack_active_accounts_total", "Accounts that are enabled.", (), Kind.UNTYPED)
DOMAINS = Family("cloudstack_active_domains_total", "Domains that are active.", (), Kind.UNTYPED)
_DOMAIN = ("domain",)
CPU_LIMIT = Family(
    "cloudstack_domain_limit_cpu_cores_total",
    "CPUs that a domain may have; -1 is no limit.",
    _DOMAIN,
    Kind.UNTYPED,
    MOST,
)
MEMORY_LIMIT = Family(
    "cloudstack_domain_limit_memory_mibs_total",
    "MiB of memory that a domain may have; -1 is no limit.",
    _DOMAIN,
    Kind.UNTYPED,
    MOST,
)
DOMAIN_COUNT = Family(
    "cloudstack_domain_resource_count",
    "What a domain and all beneath it hold: pieces, CPUs, MiB of memory, bytes of storage.",
    ("domain", "type"),
    Kind.UNTYPED,
    MOST,
)
_TENANT = ("account", "domain", "type")
HELD = Family(
    "cloudstack_account_resource_used",
    "What an account or a project holds: pieces, CPUs, MiB of memory, bytes of storage.",
    _TENANT,
    most=MOST,
)
LIMIT = Family(
    "cloudstack_account_resource_limit",
    "How much of it the account may hold, with the limits of its domains; none is shown where there is no limit.",
    _TENANT,
    most=MOST,
)
_CHUNK = 5000


def _counts() -> Iterator[Sample]:
    yield ACCOUNTS, (), Account.objects.filter(state=AccountState.ENABLED, is_system=False).count()
    yield DOMAINS, (), Domain.objects.filter(state=DomainState.ACTIVE).count()


def _domains() -> Iterator[Sample]:
    paths = list(Domain.objects.order_by("pk").values_list("path", flat=True))
    limits = DomainLimits(paths)
    for path in paths:
        yield CPU_LIMIT, (shown_path(path),), limits.smallest(path, Counted(ResourceType.CPU))
        yield MEMORY_LIMIT, (shown_path(path),), limits.smallest(path, Counted(ResourceType.MEMORY))
    held = ResourceCount.objects.filter(domain__removed__isnull=True, domain__isnull=False, tag="").order_by("pk")
    for path, kind, count in held.values_list("domain__path", "type", "count").iterator(chunk_size=_CHUNK):
        yield DOMAIN_COUNT, (shown_path(path), type_of(kind).label), count


def _held() -> QuerySet[ResourceCount]:
    return ResourceCount.objects.filter(
        Q(count__gt=0) | Q(account__in=ResourceLimit.objects.filter(account__isnull=False).values("account")),
        account__removed__isnull=True,
        account__is_system=False,
        account__isnull=False,
        tag="",
    )


def _tenants() -> Iterator[Sample]:
    """Of what an account holds something of, or has a limit of its own."""
    limits = DomainLimits(list(Domain.objects.values_list("path", flat=True)))
    own = {
        (account, kind): maximum
        for account, kind, maximum in ResourceLimit.objects.filter(account__isnull=False, tag="")
        .values_list("account", "type", "max")
        .iterator(chunk_size=_CHUNK)
    }
    rows = _held().order_by("pk")
    columns = ("account", "account__name", "account__type", "account__domain__path", "type", "count")
    for pk, name, account_type, path, number, count in rows.values_list(*columns).iterator(chunk_size=_CHUNK):
        kind = type_of(number)
        labels = (name, shown_path(path), kind.label)
        yield HELD, labels, count
        if account_type == AccountType.ADMIN:
            continue
        holder = Project if account_type == AccountType.PROJECT else Account
        limit = limit_shown(own.get((pk, number)), path, Counted(kind), limits, of=holder)
        if limit != UNLIMITED:
            yield LIMIT, labels, in_count_unit(kind, limit)


register(
    Collector("tenants", (ACCOUNTS, DOMAINS), _counts),
    Collector("each domain", (CPU_LIMIT, MEMORY_LIMIT, DOMAIN_COUNT), _domains),
    Collector("quota of each account", (HELD, LIMIT), _tenants, totals=lambda: {HELD: _held().count()}),
)
