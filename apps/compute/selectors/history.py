"""Machines by state over time."""

from datetime import datetime

from django.db.models import F, FloatField, Sum
from django.db.models.functions import Cast

from apps.compute.models import MachineStateHistory
from cloudstack.framework.context import Caller


def machines_by_state_over_time(*, caller: Caller, width_s: int, since: datetime) -> dict[str, dict[datetime, float]]:
    """Mean number of machines by state and beginning of the stretch, of all zones. For root admins alone.

    A state in which there was no machine all the time is left out.
    """
    counts: dict[str, dict[datetime, float]] = {}
    if not caller.is_root_admin:
        return counts
    rows = MachineStateHistory.objects.filter(width_s=width_s, began__gte=since).order_by("began")
    mean = Cast("machines_sum", FloatField()) / F("samples")
    for state, began, count in rows.values_list("state", "began").annotate(count=Sum(mean)):
        counts.setdefault(state, {})[began] = count
    return {state: figures for state, figures in counts.items() if any(figures.values())}
