"""Capacity and load over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet, Sum

from apps.infrastructure.models import CapacityHistory, Host, HostHistory
from apps.infrastructure.selectors.infrastructure import hosts_visible_to
from cloudstack.framework.context import Caller


def capacity_shares(
    *, caller: Caller, types: Sequence[int], width_s: int, since: datetime
) -> dict[int, dict[datetime, float]]:
    """Share that is taken, in per cent, by type and beginning of the stretch; of all zones. For root admins alone."""
    shares: dict[int, dict[datetime, float]] = {}
    if not caller.is_root_admin:
        return shares
    rows = CapacityHistory.objects.filter(width_s=width_s, began__gte=since, type__in=types).order_by("began")
    # Means of each zone first: not all were looked at equally often.
    sums = rows.values_list("type", "began").annotate(
        used=Sum(F("used_sum") / F("samples")), total=Sum(F("total_sum") / F("samples"))
    )
    for type, began, used, total in sums:
        if total:
            shares.setdefault(type, {})[began] = 100 * used / total
    return shares


def host_history(*, caller: Caller, host: Host, width_s: int, since: datetime) -> QuerySet[HostHistory, dict[str, Any]]:
    """Stretches of ``host`` with its means, sums and peaks, the earliest first; none for who does not see it."""
    rows = HostHistory.objects.filter(
        host=host, width_s=width_s, began__gte=since, host__in=hosts_visible_to(caller=caller).values("pk")
    )
    columns = ("began", "samples", *HostHistory.sums, "cpu_percent_max", "memory_used_mib_max")
    return rows.order_by("began").values(*columns)
