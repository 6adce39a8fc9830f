"""Recount: what the counters should say, asked of the apps that own the things counted."""

from collections.abc import Callable, Collection, Mapping

from django.db import transaction
from django.db.models import F, Q, Sum, Value
from django.db.models.functions import Greatest

from apps.accounts.models import Account, Domain, ResourceCount, ResourceType
from apps.accounts.models.domain import ROOT_PATH, ancestor_paths

Counter = Callable[[Collection[int]], Mapping[int, int]]
"""Primary keys of accounts → how much each holds (in the unit of counts); accounts that hold nothing may be missing."""

_counters: dict[ResourceType, Counter] = {}


def register_counter(kind: ResourceType, counter: Counter) -> None:
    """Called in ``ready()`` of the app that owns the resources of ``kind``."""
    _counters[kind] = counter


def recount_account(account: Account, kinds: Collection[ResourceType] = tuple(ResourceType)) -> dict[ResourceType, int]:
    """Put the account's counters right, and the domains' by the same difference; returns the corrections made.

    Kinds that no installed app counts keep their figures.
    """
    drift: dict[ResourceType, int] = {}
    for kind in sorted(set(kinds) & _counters.keys()):
        with transaction.atomic():
            ResourceCount.objects.bulk_create([ResourceCount(account=account, type=kind)], ignore_conflicts=True)
            domains = Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])
            rows = ResourceCount.objects.filter(Q(account=account) | Q(domain__in=domains.values("pk")), type=kind)
            # Locked in the order in which reservations lock them. Nobody reserves for this account from here on,
            # so that the things and the figure belong together.
            counts = {row.account_id: row.count for row in rows.order_by("pk").select_for_update()}
            difference = _counters[kind]([account.pk]).get(account.pk, 0) - counts[account.pk]
            if difference:
                drift[kind] = difference
                rows.update(count=Greatest(F("count") + Value(difference), Value(0)))
    return drift


def recount_domain(domain: Domain, kinds: Collection[ResourceType] = tuple(ResourceType)) -> None:
    """Put the counters of a domain below ROOT to the sum of all accounts in and below it."""
    if domain.path == ROOT_PATH:
        return
    for kind in sorted(kinds):
        with transaction.atomic():
            ResourceCount.objects.bulk_create([ResourceCount(domain=domain, type=kind)], ignore_conflicts=True)
            # A reservation takes this row before it writes any: the sum cannot miss half of one.
            row = ResourceCount.objects.select_for_update().get(domain=domain, type=kind)
            ResourceCount.objects.filter(pk=row.pk).update(count=_sum_beneath(domain, kind))


def forget_counters(account: Account) -> None:
    """Remove the counters of an account that is closed, in the running transaction; the domains' follow."""
    domains = Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])
    rows = ResourceCount.objects.filter(Q(account=account) | Q(domain__in=domains.values("pk")))
    # Locked in the order in which reservations lock them.
    for row in list(rows.order_by("pk").select_for_update()):
        if row.account_id is None:
            continue
        if row.count:
            beneath = ResourceCount.objects.filter(domain__in=domains.values("pk"), type=row.type)
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


def _sum_beneath(domain: Domain, kind: ResourceType) -> int:
    beneath = Account.objects.filter(domain__path__startswith=domain.path)
    total = ResourceCount.objects.filter(account__in=beneath.values("pk"), type=kind).aggregate(total=Sum("count"))
    return int(total["total"] or 0)
