"""The record of placements: written with the promise that follows from it, bounded, and forgotten in time."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps.compute.config import PLACEMENT_DAYS, PLACEMENT_HOSTS, PLACEMENTS_KEPT
from apps.compute.models import VirtualMachinePlacement
from apps.compute.states import PlacementPurpose
from apps.infrastructure.config import ALLOCATION_ALGORITHM
from apps.infrastructure.models import Host
from cloudstack.contracts.placement import Placement, PlacementRequest, Refusal
from cloudstack.framework.jobs import JobContext

CHOSEN, POSSIBLE, REFUSED = "chosen", "possible", "refused"
LONGEST_REASON = 255
BATCH = 2000
PURPOSES = {
    "compute.vm.deploy": PlacementPurpose.DEPLOY,
    "compute.vm.start": PlacementPurpose.START,
    "compute.vm.start_volatile": PlacementPurpose.START,
    "compute.vm.migrate": PlacementPurpose.MIGRATE,
}
"""By workflow; the others that choose a host make machines anew."""


def keep(
    ctx: JobContext,
    request: PlacementRequest,
    placement: Placement,
    refusals: Sequence[Refusal],
    *,
    chosen: Host | None,
    summary: str = "",
) -> None:
    """Write down what placement thought: one INSERT, in the transaction of the promise if there is one.

    ``refusals``: those of placement, and of hosts that fitted and could be promised no more. ``summary`` says why no
    host was found. A rehearsal leaves no record.
    """
    if ctx.rehearses:
        return
    tried = {one.host_uuid for one in refusals}
    possible = [host for host in placement.ranked if host.uuid not in tried]
    VirtualMachinePlacement.objects.create(
        vm=ctx.vm,
        job_uuid=ctx.job.uuid,
        purpose=purpose_of(ctx),
        host=chosen,
        host_name=chosen.name if chosen else "",
        summary=(summary or _summary(request, placement, len(possible), len(refusals), chosen))[:1024],
        algorithm=ALLOCATION_ALGORITHM.value(),
        wanted=_wanted(request),
        considered=len(possible) + len(refusals),
        possible=len(possible),
        narrowed=placement.narrowed,
        refused_by=dict(Counter(one.filter for one in refusals).most_common()),
        hosts=_hosts(placement, possible, refusals, chosen),
    )


def purpose_of(ctx: JobContext) -> str:
    """Whoever moves machines for a reason of his own says so in the job's arguments."""
    if ctx.arguments.get("evacuation"):
        return PlacementPurpose.EVACUATE
    named: str | None = ctx.arguments.get("purpose")
    return named or PURPOSES.get(ctx.job.name, PlacementPurpose.RESTORE)


def _wanted(request: PlacementRequest) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "cpus": request.cpus,
        "cpuspeed": request.cpu_mhz,
        "memory": request.memory_mib,
        "hypervisor": request.hypervisor,
        "hosttags": ",".join(request.host_tags),
        "hostid": request.host_uuid,
        "clusterid": request.cluster_uuid,
        "podid": request.pod_uuid,
        "affinitygroups": ",".join(rule.group_name for rule in request.affinity),
    }
    return {name: value for name, value in wanted.items() if value}


def _summary(request: PlacementRequest, placement: Placement, possible: int, refused: int, chosen: Host | None) -> str:
    if chosen is None:
        return "no host was found"
    name = chosen.name
    if request.host_uuid:
        return f"{name} was asked for, and it fits"
    if placement.preferred == str(chosen.uuid):
        return f"a plugin chose {name} of {possible} hosts that fit"
    if possible == 1:
        return f"{name} is the only one of {refused + 1} hosts that fits" if refused else f"{name} is the only host"
    return f"{name} has most points of {possible} hosts that fit; {refused} were refused"


def _hosts(
    placement: Placement, possible: Sequence[Any], refusals: Sequence[Refusal], chosen: Host | None
) -> list[dict[str, Any]]:
    """The best of those that fit and the first of those refused, each half of what is kept and more if there is room.

    Those that were tried and could not be promised come first among the refused: they stood before the chosen one.
    """
    room = int(PLACEMENT_HOSTS.value())
    uuid = str(chosen.uuid) if chosen else ""
    fits = max(room - len(refusals), (room + 1) // 2)
    possible = sorted(possible, key=lambda host: host.uuid != uuid)[:fits]
    refused = sorted(refusals, key=lambda one: one.host_uuid not in placement.scores)[: room - len(possible)]
    rows = []
    for host in possible:
        row = {"id": host.uuid, "name": host.name, "verdict": CHOSEN if host.uuid == uuid else POSSIBLE}
        rows.append(row | _points(placement, host.uuid))
    for one in refused:
        row = {"id": one.host_uuid, "name": one.host_name, "verdict": REFUSED, "filter": one.filter}
        rows.append(row | {"reason": one.reason[:LONGEST_REASON]} | _points(placement, one.host_uuid))
    return rows


def _points(placement: Placement, uuid: str) -> dict[str, Any]:
    given = placement.scores.get(uuid)
    if given is None:
        return {}
    return {"total": round(sum(given.values()), 3), "points": {name: round(value, 3) for name, value in given.items()}}


def forget_old() -> int:
    """Remove records that are too old, and of each machine all but the newest; answers how many went."""
    before = timezone.now() - timedelta(days=int(PLACEMENT_DAYS.value()))
    gone = _remove(VirtualMachinePlacement.objects.filter(created__lt=before))
    newest_first = Window(RowNumber(), partition_by=F("vm"), order_by=F("id").desc())
    numbered = VirtualMachinePlacement.objects.annotate(number=newest_first)
    return gone + _remove(numbered.filter(number__gt=int(PLACEMENTS_KEPT.value())))


def _remove(rows: Any) -> int:
    gone = 0
    while batch := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        gone += VirtualMachinePlacement.objects.filter(pk__in=batch).delete()[0]
        if len(batch) < BATCH:
            break
    return gone
