"""Where a machine goes: a host with room for it, and pools with room for those of its disks that have none yet."""

from collections.abc import Callable, Sequence

from apps.compute.models import VirtualMachine
from apps.compute.selectors.affinity import affinity_rules
from apps.compute.services.hosts import placement_request
from apps.compute.services.placements import keep
from apps.compute.workflows.steps.loading import reload_vm
from apps.infrastructure.config import ALLOCATION_ALGORITHM
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import capacity
from apps.infrastructure.services.affinity_types import refusal
from apps.infrastructure.services.placement import NoHostFits, explain, place
from apps.storage.services.pool_maintenance import refuse_closed
from apps.storage.states import VOLUME_NOT_MADE
from apps.storage.workflows.steps import allocate_volume, release_volume_pool
from cloudstack.contracts.placement import HostCandidate, Placement, PlacementRequest, Refusal
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.jobs import JobContext, Step

MAX_TRIES = 20
"""Candidates that are tried when promises of others come in between."""
MAX_REFUSALS = 100
"""Hosts that a plan names with the reason against them."""
PROMISE = "promise"
"""In place of a filter: the host fitted, and when it was to be promised it did not any more."""
MAX_ROUNDS = 3
"""How often placement is asked again when other machines of an affinity group took their hosts in between."""


class AffinityChanged(InsufficientCapacity):
    """Another machine of a group was promised a host since placement looked."""


def ranked(ctx: JobContext, request: PlacementRequest) -> Placement:
    """Placement's answer; its refusal names hosts to root admins only."""
    try:
        return place(request)
    except NoHostFits as full:
        keep_failure(ctx, request, Placement(ranked=()), full.refusals, full.summary)
        raise refused(ctx, full.summary, full.refusals) from None


def keep_failure(
    ctx: JobContext, request: PlacementRequest, placement: Placement, refusals: Sequence[Refusal], summary: str
) -> None:
    """Keep on record that no host was found, and why."""
    with ctx.transaction():
        keep(ctx, request, placement, refusals, chosen=None, summary=summary)


def refused(ctx: JobContext, summary: str, refusals: Sequence[Refusal]) -> InsufficientCapacity:
    """The error of a job that found no host. Why each host refused stands in the job's log for operators.

    The owner of the machine reads the error too, whoever asked for the job.
    """
    if not refusals:
        return InsufficientCapacity(summary)
    ctx.log(f"{summary}: {explain(refusals)}")
    user = ctx.job.user
    if user is not None and user.account.role.type == RoleType.ADMIN and user.account.uuid == ctx.job.account_uuid:
        return InsufficientCapacity(f"{summary}: {explain(refusals)}")
    return InsufficientCapacity(f"{summary}; administrators find the reasons in the job's log")


def take_best(
    ctx: JobContext, request: Callable[[], PlacementRequest], take: Callable[[Host], None], summary: str
) -> None:
    """Let ``take`` promise what is needed of the best host that still has it, and note that host for later steps.

    Raises ``InsufficientCapacity`` with ``summary`` when none has.
    """
    for attempt in range(MAX_ROUNDS):
        wanted = request()
        placement = ranked(ctx, wanted)
        refusals, changed = list(placement.refusals), False
        for candidate in placement.ranked[:MAX_TRIES]:
            host = host_for_job(uuid=candidate.uuid)
            try:
                with ctx.transaction():
                    _hold_affinity(ctx.vm, candidate)
                    take(host)
                    ctx.log(f"chose {host.name}" + (f"; not {explain(refusals)}" if refusals else ""))
                    keep(ctx, wanted, placement, refusals, chosen=host)
            except InsufficientCapacity as full:
                changed |= isinstance(full, AffinityChanged)
                told = {"filter": PROMISE, "reason": full.message}
                refusals.append(Refusal(host_uuid=candidate.uuid, host_name=host.name, **told))
                continue
            ctx.data["host_uuid"] = candidate.uuid
            ctx.chosen = host
            show_placement(ctx, placement.ranked, refusals, host)
            return
        if not changed or attempt + 1 == MAX_ROUNDS:
            keep_failure(ctx, wanted, placement, refusals, summary)
            raise refused(ctx, summary, refusals)


def _hold_affinity(vm: VirtualMachine, candidate: HostCandidate) -> None:
    """Judge ``candidate`` by the machine's groups while none of them can be promised another host.

    Placement has looked without a lock: of two that looked at once, the second one learns here of the first.
    """
    reason = refusal(affinity_rules(vm, lock=True), candidate)
    if reason is not None:
        raise AffinityChanged(reason)


def show_placement(
    ctx: JobContext, ranked_hosts: Sequence[HostCandidate], refusals: Sequence[Refusal], chosen: Host
) -> None:
    """Leave for the reader of a plan where the machine goes and why not elsewhere; hosts for operators only."""
    entry: dict[str, object] = {
        "machineid": str(ctx.vm.uuid),
        "considered": len(ranked_hosts) + len(refusals),
        # With "random" another host that is as good may be taken in the end.
        "algorithm": ALLOCATION_ALGORITHM.value(),
    }
    if ctx.names_hosts:
        entry["hostid"], entry["hostname"] = str(chosen.uuid), chosen.name
        entry["alternatives"] = [host.name for host in ranked_hosts if host.uuid != str(chosen.uuid)][:MAX_TRIES]
        entry["refused"] = [{"hostname": one.host_name, "reason": one.reason} for one in refusals[:MAX_REFUSALS]]
    ctx.preview.setdefault("placement", []).append(entry)


def shown_host(ctx: JobContext, host: Host | None) -> str:
    """A host in the words of a plan."""
    return str(host) if ctx.names_hosts else "a host of the zone"


def promise(ctx: JobContext, vm: VirtualMachine, host: Host) -> None:
    """Reserve CPU and memory of ``host`` for the machine."""
    capacity.reserve(
        host=host,
        holder_uuid=vm.uuid,
        cpu_mhz=vm.cpus * vm.cpu_mhz,
        memory_mib=vm.memory_mib,
        job_uuid=ctx.job.uuid,
    )


class ChooseHost(Step):
    title = "Choose a host and reserve its capacity"

    def request(self, ctx: JobContext) -> PlacementRequest:
        vm, wanted = ctx.vm, ctx.arguments
        return placement_request(
            vm,
            host_uuid=wanted.get("host_uuid", ""),
            cluster_uuid=wanted.get("cluster_uuid", ""),
            pod_uuid=wanted.get("pod_uuid", ""),
            last_host_uuid=str(vm.last_host.uuid) if vm.last_host and not wanted.get("anywhere") else "",
        )

    def plan(self, ctx: JobContext) -> str:
        self.do(ctx)
        return f"run {ctx.vm} on {shown_host(ctx, ctx.chosen)}"

    def do(self, ctx: JobContext) -> None:
        if ctx.again and capacity.reserved_on(holder_uuid=ctx.vm.uuid):
            # A crash came between the promise and its note: start over.
            self.undo(ctx)
        vm = ctx.vm
        # After the machine is Starting for all to see: maintenance that begins later waits for it.
        refuse_closed(one.volume.pool_id for one in vm.live_attachments if one.volume.pool_id)
        # Noted before any of them is made: what a start makes it takes back, what was there it never touches.
        ctx.data["new_volumes"] = [
            str(one.volume.uuid) for one in vm.live_attachments if one.volume.state in VOLUME_NOT_MADE
        ]
        take_best(
            ctx,
            lambda: self.request(ctx),
            lambda host: self.take(ctx, vm, host),
            f"no host can take {vm} with its disks",
        )

    def take(self, ctx: JobContext, vm: VirtualMachine, host: Host) -> None:
        promise(ctx, vm, host)
        for attachment in vm.live_attachments:
            allocate_volume(ctx, attachment.volume, host)
        type(vm).objects.filter(pk=vm.pk).update(host=host)
        vm.host = host

    def undo(self, ctx: JobContext) -> None:
        with ctx.transaction():
            vm = reload_vm(ctx)
            capacity.release(holder_uuid=vm.uuid)
            for attachment in vm.live_attachments:
                if attachment.volume.state in VOLUME_NOT_MADE:
                    release_volume_pool(ctx, attachment.volume)
            type(vm).objects.filter(pk=vm.pk).update(host=None)
            vm.host = None
            ctx.data.pop("host_uuid", None)


class ChooseTarget(Step):
    """Another host for a running machine; what it has on its present one stays promised."""

    title = "Choose the target host and reserve its capacity"

    def request(self, ctx: JobContext) -> PlacementRequest:
        vm = ctx.vm
        return placement_request(
            vm,
            host_uuid=ctx.arguments.get("host_uuid", ""),
            cluster_uuid=str(vm.host.cluster.uuid),
            avoid_hosts=frozenset({str(vm.host.uuid)}),
        )

    def plan(self, ctx: JobContext) -> str:
        source = ctx.vm.host
        self.do(ctx)
        return f"move {ctx.vm} from {shown_host(ctx, source)} to {shown_host(ctx, ctx.chosen)}"

    def do(self, ctx: JobContext) -> None:
        self.undo(ctx)
        vm = ctx.vm
        take_best(ctx, lambda: self.request(ctx), lambda host: promise(ctx, vm, host), f"no other host can take {vm}")
        ctx.data["source_uuid"] = str(vm.host.uuid)

    def undo(self, ctx: JobContext) -> None:
        with ctx.transaction():
            for uuid in capacity.reserved_on(holder_uuid=ctx.vm.uuid):
                if uuid != str(ctx.vm.host.uuid):
                    capacity.release(holder_uuid=ctx.vm.uuid, host=host_for_job(uuid=uuid))
