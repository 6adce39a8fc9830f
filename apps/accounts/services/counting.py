"""Recount: what the counters should say, asked of the apps that own the things counted."""

from collections.abc import Callable, Collection, Mapping

from django.db import transaction
from django.db.models import F, Q, Sum, Value
from django.db.models.functions import Greatest

from apps.accounts.models import Account, Domain, ResourceCount
from apps.accounts.models.domain import ROOT_PATH, ancestor_paths
from apps.accounts.models.limit import Kind
from apps.accounts.services.limit_rules import Counted, all_counted

Counter = Callable[[Collection[int]], Mapping[int, int]]
"""Primary keys of accounts → how much each holds (in the unit of counts); accounts that hold nothing may be missing."""

TaggedCounter = Callable[[Collection[int], str], Mapping[int, int]]
"""The same, of what carries the tag."""

_counters: dict[Kind, Counter] = {}
_tagged: dict[Kind, TaggedCounter] = {}


def register_counter(kind: Kind, counter: Counter) -> None:
    """Called in ``ready()`` of the app that owns the resources of ``kind``."""
    _counters[kind] = counter


def register_tagged_counter(kind: Kind, counter: TaggedCounter) -> None:
    """As ``register_counter``, for those that carry a host or storage tag."""
    _tagged[kind] = counter


def recount_account(
    account: Account, kinds: Collection[Kind] | None = None, tag: str | None = None
) -> dict[Counted, int]:
    """Put the account's counters right, and the domains' by the same difference; returns the corrections made.

    Kinds that no installed app counts keep their figures. With ``tag`` only what is counted by it.
    """
    drift: dict[Counted, int] = {}
    for counted in sorted(all_counted(kinds, tag)):
        if counted.kind not in (_tagged if counted.tag else _counters):
            continue
        where = {"type": counted.kind, "tag": counted.tag}
        with transaction.atomic():
            domains = Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])
            missing = [ResourceCount(account=account, **where)]
            missing += [ResourceCount(domain=domain, **where) for domain in domains.order_by("path") if counted.tag]
            ResourceCount.objects.bulk_create(missing, ignore_conflicts=True)
            rows = ResourceCount.objects.filter(Q(account=account) | Q(domain__in=domains.values("pk")), **where)
            # Locked in the order in which reservations lock them. Nobody reserves for this account from here on,
            # so that the things and the figure belong together.
            counts = {row.account_id: row.count for row in rows.order_by("pk").select_for_update()}
            difference = _held(account, counted) - counts[account.pk]
            if difference:
                drift[counted] = difference
                rows.update(count=Greatest(F("count") + Value(difference), Value(0)))
    return drift


def _held(account: Account, counted: Counted) -> int:
    if counted.tag:
        return _tagged[counted.kind]([account.pk], counted.tag).get(account.pk, 0)
    return _counters[counted.kind]([account.pk]).get(account.pk, 0)


def recount_domain(domain: Domain, kinds: Collection[Kind] | None = None, tag: str | None = None) -> None:
    """Put the counters of a domain below ROOT to the sum of all accounts in and below it."""
    if domain.path == ROOT_PATH:
        return
    for counted in sorted(all_counted(kinds, tag)):
        where = {"type": counted.kind, "tag": counted.tag}
        with transaction.atomic():
            ResourceCount.objects.bulk_create([ResourceCount(domain=domain, **where)], ignore_conflicts=True)
            # A reservation takes this row before it writes any: the sum cannot miss half of one.
            row = ResourceCount.objects.select_for_update().get(domain=domain, **where)
            ResourceCount.objects.filter(pk=row.pk).update(count=_sum_beneath(domain, counted))


def forget_counters(account: Account) -> None:
    """Remove the counters of an account that is closed, in the running transaction; the domains' follow."""
    domains = Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])
    rows = ResourceCount.objects.filter(Q(account=account) | Q(domain__in=domains.values("pk")))
    # Locked in the order in which reservations lock them.
    for row in list(rows.order_by("pk").select_for_update()):
        if row.account_id is None:
            continue
        if row.count:
            beneath = ResourceCount.objects.filter(domain__in=domains.values("pk"), type=row.type, tag=row.tag)
            beneath.update(count=Greatest(F("count") - Value(row.count), Value(0)))
        row.delete()


def recount_all_for_job() -> int:
    """Recount every account and domain; returns how many accounts were wrong."""
    wrong = 0
    for account in Account.objects.select_related("domain").order_by("pk").iterator():
        wrong += bool(recount_account(account))
    for domain in Domain.objects.exclude(path=ROOT_PATH).order_by("-level", "pk").iterator():
        recount_domain(domain)
    return wrong


def _sum_beneath(domain: Domain, counted: Counted) -> int:
    beneath = Account.objects.filter(domain__path__startswith=domain.path)
    rows = ResourceCount.objects.filter(account__in=beneath.values("pk"), type=counted.kind, tag=counted.tag)
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)
