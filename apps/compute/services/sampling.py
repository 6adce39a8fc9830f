"""Counts machines by state, and says how what they use is rolled up."""

from datetime import datetime

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.compute.models import MachineHistory, MachineSample, MachineStateHistory, VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Zone
from apps.infrastructure.services.sampling import BATCH, is_time
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, stretch
from cloudstack.framework.rollups.tables import Family, Raw, register

_ROLLED = {
    "samples": Count("pk"),
    "cpu_samples": Count("cpu_percent"),
    "cpu_percent_sum": Coalesce(Sum("cpu_percent"), 0.0),
    "cpu_percent_max": Max("cpu_percent"),
    "memory_used_mib_sum": Sum("memory_used_mib"),
    "memory_used_mib_max": Max("memory_used_mib"),
    "seconds": Sum("seconds"),
    **{name: Coalesce(Sum(name, filter=Q(seconds__gt=0)), 0) for name in MachineHistory.counters},
}


def register_families() -> None:
    register(Family(MachineStateHistory, (FIVE_MINUTES, HOUR, DAY)))
    register(Family(MachineHistory, (FIVE_MINUTES, HOUR, DAY), Raw(MachineSample, "taken", _ROLLED)))


def sample_states(now: datetime | None = None) -> int:
    """Note how many machines are in which state, by zone; answers how many figures were noted.

    States without a machine are noted as well: a mean needs to know how often was looked.
    """
    now = now or timezone.now()
    if not is_time(MachineStateHistory, now):
        return 0
    counted = VirtualMachine.objects.order_by().values_list("zone", "state").annotate(count=Count("pk"))
    machines = {(zone, state): count for zone, state, count in counted}
    common = {"width_s": FIVE_MINUTES, "began": stretch(now, FIVE_MINUTES)}
    rows = []
    for zone in Zone.objects.values_list("pk", flat=True):
        for state in VmState.values:
            count = machines.get((zone, state), 0)
            rows.append(
                MachineStateHistory(zone_id=zone, state=state, machines_sum=count, machines_max=count, **common)
            )
    MachineStateHistory.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return len(rows)
