"""How the cloud is, in a few statements whatever its size."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from apps.accounts.models import ResourceCount, ResourceType
from apps.accounts.selectors import accounts_visible_to
from apps.compute.models import MachineUsage
from apps.compute.selectors import vms_visible_to
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.states import HostStatus
from apps.notifications.selectors.alerts import alerts_visible_to
from apps.portal.selectors.capacity_tree import Node, Use, capacity_tree, fullest_hosts
from apps.portal.selectors.events import events_visible_to
from apps.storage.selectors import volumes_visible_to
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob

ROWS = 10
CONSUMERS = 5
HOURS = 24
CHOSEN_FOR_S = 30
"""Seconds for which the machines that use most are kept: all figures are sorted for it, and they change each minute."""
FAILURES_WITHIN = timedelta(days=1)


@dataclass
class Hour:
    """Jobs that were submitted within an hour, by how they ended."""

    began: datetime
    succeeded: int = 0
    failed: int = 0
    other: int = 0


@dataclass
class Overview:
    """Counts by state, and what needs looking at. Lists hold the first rows only, ``…_count`` says how many."""

    machines: dict[str, int]
    volumes: dict[str, int]
    hosts: dict[str, int]
    live_jobs: dict[str, int]
    failed_jobs: list[AsyncJob]
    failed_count: int
    hosts_not_up: list[Host]
    hosts_not_up_count: int
    open_alerts: list[Alert]
    open_alert_count: int
    running_jobs: list[AsyncJob]
    jobs_by_hour: list[Hour]
    busiest: list[MachineUsage]
    largest: list[MachineUsage]
    owners: list[ResourceCount]
    capacity: list[Node]
    fullest: list[tuple[Host, Use, Use]]
    events: list[Event] = field(default_factory=list)


def overview(*, caller: Caller) -> Overview:
    """What ``caller`` sees of the cloud: some twenty-five statements whatever there is of it."""
    jobs = jobs_visible_to(caller=caller)
    failed = jobs.filter(status=AsyncJob.Status.FAILED, created__gte=timezone.now() - FAILURES_WITHIN)
    hosts = _by(hosts_visible_to(caller=caller), "status")
    alerts = alerts_visible_to(caller=caller).filter(archived=False)
    ailing = hosts_visible_to(caller=caller).exclude(status=HostStatus.UP).select_related("cluster")
    return Overview(
        machines=_by(vms_visible_to(caller=caller), "state"),
        volumes=_by(volumes_visible_to(caller=caller), "state"),
        hosts=hosts,
        live_jobs=_by(jobs.filter(completed__isnull=True, status__in=AsyncJob.LIVE), "status"),
        failed_jobs=list(failed.order_by("-id").defer("data", "arguments")[:ROWS]),
        failed_count=failed.count(),
        hosts_not_up=list(ailing.order_by("name")[:ROWS]),
        hosts_not_up_count=sum(count for status, count in hosts.items() if status != HostStatus.UP),
        open_alerts=list(alerts.order_by("-last_seen", "-pk")[:ROWS]),
        open_alert_count=alerts.count(),
        running_jobs=list(
            jobs.filter(completed__isnull=True, status__in=AsyncJob.LIVE)
            .order_by("-id")
            .defer("data", "arguments")[:ROWS]
        ),
        jobs_by_hour=_by_hour(jobs),
        busiest=_consumers("cpu_percent", caller),
        largest=_consumers("memory_used_mib", caller),
        owners=_owners(caller),
        capacity=capacity_tree(caller=caller),
        fullest=fullest_hosts(caller=caller),
        events=list(events_visible_to(caller=caller).filter(archived=False).order_by("-id")[:ROWS]),
    )


def _by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    """How many rows have each value of ``column``, the commonest first."""
    counted = rows.order_by().values_list(column).annotate(count=Count("pk"))
    return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))


def _by_hour(jobs: QuerySet[AsyncJob]) -> list[Hour]:
    """The last twenty-four hours, also those in which nothing was asked for."""
    this = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = {began: Hour(began) for began in (this - timedelta(hours=back) for back in range(HOURS - 1, -1, -1))}
    rows = jobs.filter(created__gte=this - timedelta(hours=HOURS - 1)).order_by()
    for began, status, count in rows.annotate(hour=TruncHour("created")).values_list("hour", "status", Count("pk")):
        hour = hours.get(began)
        if hour is not None:
            name = status if status in ("succeeded", "failed") else "other"
            setattr(hour, name, getattr(hour, name) + count)
    return list(hours.values())


def _consumers(column: str, caller: Caller) -> list[MachineUsage]:
    """Which machines use most: first chosen by the figures alone, then read with what they are."""
    figures = MachineUsage.objects.filter(**{f"{column}__gt": 0})
    key = f"overview.{column}" if caller.is_root_admin else ""
    chosen: list[int] | None = cache.get(key) if key else None
    if chosen is None:
        if not caller.is_root_admin:
            figures = figures.filter(vm__in=vms_visible_to(caller=caller).values("pk"))
        chosen = list(figures.order_by(f"-{column}").values_list("pk", flat=True)[:CONSUMERS])
        if key:
            cache.set(key, chosen, CHOSEN_FOR_S)
    rows = MachineUsage.objects.filter(pk__in=chosen, vm__removed__isnull=True)
    return sorted(rows.select_related("vm__account", "vm__host"), key=lambda row: -getattr(row, column))


def _owners(caller: Caller) -> list[ResourceCount]:
    """Accounts with the most machines, from the counters of limits."""
    accounts = accounts_visible_to(caller=caller).values("pk")
    rows = ResourceCount.objects.filter(type=ResourceType.USER_VM, count__gt=0, account__in=accounts, tag="")
    return list(rows.select_related("account__domain").order_by("-count", "pk")[:CONSUMERS])
