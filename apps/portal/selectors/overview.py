"""How the cloud is, in a few statements whatever its size."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from apps.compute.selectors import vms_visible_to
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.states import HostStatus
from apps.portal.selectors.events import events_visible_to
from apps.storage.selectors import volumes_visible_to
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob

ROWS = 10
FAILURES_WITHIN = timedelta(days=1)


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
    events: list[Event] = field(default_factory=list)


def overview(*, caller: Caller) -> Overview:
    """What ``caller`` sees of the cloud: eight statements."""
    jobs = jobs_visible_to(caller=caller)
    failed = jobs.filter(status=AsyncJob.Status.FAILED, created__gte=timezone.now() - FAILURES_WITHIN)
    hosts = _by(hosts_visible_to(caller=caller), "status")
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
        events=list(events_visible_to(caller=caller).filter(archived=False).order_by("-id")[:ROWS]),
    )


def _by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    """How many rows have each value of ``column``, the commonest first."""
    counted = rows.order_by().values_list(column).annotate(count=Count("pk"))
    return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))
