"""Evening out a cluster: how unequal its hosts are, and which moves of machines make them more alike.

The measure is the share of a host's memory or CPU that is promised to machines; the imbalance of a cluster is the
standard deviation of these shares divided by their mean.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.db import transaction

from apps.compute.config import DRS_IMBALANCE, DRS_MIGRATIONS
from apps.compute.events import CLUSTER_DRS, CLUSTER_DRS_GENERATE
from apps.compute.models import ClusterDrsMigration, ClusterDrsPlan, VirtualMachine
from apps.compute.services.hosts import migration_targets
from apps.compute.states import DRS_PLAN_TRANSITIONAL, DrsPlanState, DrsPlanType, VmState
from apps.infrastructure.config import DRS_METRIC
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch

MOST_LOOKED_AT = 100
"""Machines that one plan asks placement for."""


@dataclass
class Load:
    """One host: what may be promised and what is, in MHz and MiB."""

    host: Host
    cpu_limit: int
    cpu: int
    memory_limit: int
    memory: int

    def share(self, metric: str) -> float:
        used, limit = (self.cpu, self.cpu_limit) if metric == "cpu" else (self.memory, self.memory_limit)
        return used / limit if limit else 0.0

    def has_room(self, vm: VirtualMachine) -> bool:
        cpu_left, memory_left = self.cpu_limit - self.cpu, self.memory_limit - self.memory
        return vm.cpus * vm.cpu_mhz <= cpu_left and vm.memory_mib <= memory_left

    def add(self, vm: VirtualMachine, sign: int) -> None:
        self.cpu += sign * vm.cpus * vm.cpu_mhz
        self.memory += sign * vm.memory_mib


@dataclass(frozen=True)
class Move:
    """One machine from one host to another."""

    vm: VirtualMachine
    source: Host
    destination: Host


def imbalance(loads: list[Load], metric: str) -> float:
    """Standard deviation of the hosts' shares over their mean; 0 for an idle cluster."""
    shares = [load.share(metric) for load in loads]
    mean = sum(shares) / len(shares) if shares else 0.0
    if not mean:
        return 0.0
    return sqrt(sum((share - mean) ** 2 for share in shares) / len(shares)) / mean


def loads_of(cluster: Cluster) -> list[Load]:
    """Hosts of ``cluster`` that are in service."""
    factor = factors(cluster.uuid)
    hosts = Host.objects.select_related("capacity").filter(
        cluster=cluster, status=HostStatus.UP, resource_state=ResourceState.ENABLED, capacity__isnull=False
    )
    return [
        Load(
            host=host,
            cpu_limit=cpu_limit_mhz(host.capacity.cpu_total_mhz, factor.cpu),
            cpu=host.capacity.cpu_used_mhz,
            memory_limit=memory_limit_mib(
                host.capacity.memory_total_mib, host.capacity.memory_reserved_mib, factor.memory
            ),
            memory=host.capacity.memory_used_mib,
        )
        for host in hosts.order_by("name", "pk")
    ]


def moves_for(cluster: Cluster, *, most: int) -> tuple[list[Move], float, float]:
    """Moves that even out ``cluster``, the imbalance before, and the one expected after.

    Each time the machine of the fullest host is moved that makes most of a difference, to the emptiest host that
    placement allows; until the cluster is even enough, nothing helps any more, or ``most`` moves are planned.
    """
    metric, goal = str(DRS_METRIC.value(cluster.uuid)), float(DRS_IMBALANCE.value(cluster.uuid))
    loads = loads_of(cluster)
    before = now = imbalance(loads, metric)
    moves: list[Move] = []
    left_alone: set[int] = set()
    looked_at = 0
    running: dict[int, list[VirtualMachine]] = {load.host.pk: [] for load in loads}
    for vm in VirtualMachine.objects.filter(host__in=list(running), state=VmState.RUNNING).order_by("pk"):
        running[vm.host_id].append(vm)  # type: ignore[index]
    while len(moves) < most and now > goal and looked_at < MOST_LOOKED_AT:
        fullest, *others = sorted(loads, key=lambda load: -load.share(metric))
        best: tuple[float, VirtualMachine, Load] | None = None
        for vm in running[fullest.host.pk]:
            if vm.pk in left_alone:
                continue
            for target in reversed(others):
                after = _after(loads, fullest, target, vm, metric)
                if target.has_room(vm) and after < now and (best is None or after < best[0]):
                    best = (after, vm, target)
        if best is None:
            break
        after, vm, target = best
        looked_at += 1
        left_alone.add(vm.pk)
        if str(target.host.uuid) in _refused(vm):
            continue
        fullest.add(vm, -1)
        target.add(vm, 1)
        moves.append(Move(vm, fullest.host, target.host))
        now = after
    return moves, before, now


def _after(loads: list[Load], source: Load, target: Load, vm: VirtualMachine, metric: str) -> float:
    """The imbalance if ``vm`` had moved."""
    source.add(vm, -1)
    target.add(vm, 1)
    value = imbalance(loads, metric)
    source.add(vm, 1)
    target.add(vm, -1)
    return value


def _refused(vm: VirtualMachine) -> set[str]:
    """UUIDs of hosts to which placement would not move ``vm``, for want of its storage too."""
    targets = migration_targets(vm)
    blind = {host.uuid for host in targets.hosts if not targets.pool_uuids <= host.pool_uuids}
    return set(targets.reasons) | blind


class DrsManager:
    """Intent on plans; root admins only."""

    @transaction.atomic
    def generate(self, *, caller: Caller, cluster: Cluster, most: int | None = None) -> ClusterDrsPlan:
        """Work a plan out and keep it for review; it may have no moves, when the cluster is even enough."""
        if most is not None and most < 1:
            raise InvalidParameter(f"migrations is {most}; it must be at least 1", parameter="migrations")
        moves, before, after = moves_for(cluster, most=most or int(DRS_MIGRATIONS.value(cluster.uuid)))
        event = publish(
            CLUSTER_DRS_GENERATE,
            caller=caller,
            description=f"{len(moves)} moves would even out cluster {cluster} from {before:.2f} to {after:.2f}",
            resource=cluster,
        )
        return _store(cluster, moves, before=before, after=after, event_uuid=event.uuid)

    @transaction.atomic
    def execute(self, *, caller: Caller, cluster: Cluster, wanted: list[tuple[VirtualMachine, Host]]) -> AsyncJob:
        """Carry moves out: those ``wanted`` (of machines that run in the cluster), or else those of a new plan."""
        if ClusterDrsPlan.objects.filter(cluster=cluster, state__in=DRS_PLAN_TRANSITIONAL).exists():
            raise InvalidParameter(f"cluster {cluster} is being evened out already; wait for that", parameter="id")
        if wanted:
            moves = [self._checked(cluster, vm, host) for vm, host in wanted]
            before, after = _effect(cluster, moves)
        else:
            moves, before, after = moves_for(cluster, most=int(DRS_MIGRATIONS.value(cluster.uuid)))
        plan = _store(cluster, moves, before=before, after=after, state=DrsPlanState.READY)
        return _dispatch(caller, plan, len(moves))

    def _checked(self, cluster: Cluster, vm: VirtualMachine, host: Host) -> Move:
        if vm.state != VmState.RUNNING or vm.host is None or vm.host.cluster_id != cluster.pk:
            raise InvalidParameter(f"machine {vm} does not run in cluster {cluster}", parameter="migrateto")
        if host.cluster_id != cluster.pk or host.pk == vm.host_id:
            raise InvalidParameter(
                f"machine {vm} cannot go to host {host}: it must be another host of cluster {cluster}",
                parameter="migrateto",
            )
        return Move(vm, vm.host, host)


def _effect(cluster: Cluster, moves: list[Move]) -> tuple[float, float]:
    """The imbalance of ``cluster`` now and after ``moves``."""
    metric, loads = str(DRS_METRIC.value(cluster.uuid)), loads_of(cluster)
    before = imbalance(loads, metric)
    by_host = {load.host.pk: load for load in loads}
    for move in moves:
        for host, sign in ((move.source, -1), (move.destination, 1)):
            if host.pk in by_host:
                by_host[host.pk].add(move.vm, sign)
    return before, imbalance(loads, metric)


@transaction.atomic
def even_out_by_itself(*, cluster: Cluster) -> AsyncJob | None:
    """A plan of the platform's own, carried out at once; None when the cluster is even enough or busy."""
    if ClusterDrsPlan.objects.filter(cluster=cluster, state__in=DRS_PLAN_TRANSITIONAL).exists():
        return None
    moves, before, after = moves_for(cluster, most=int(DRS_MIGRATIONS.value(cluster.uuid)))
    state = DrsPlanState.READY if moves else DrsPlanState.COMPLETED
    plan = _store(cluster, moves, before=before, after=after, state=state, type=DrsPlanType.AUTOMATED)
    return _dispatch(None, plan, len(moves)) if moves else None


def _dispatch(caller: Caller | None, plan: ClusterDrsPlan, count: int) -> AsyncJob:
    return dispatch(
        "compute.cluster.drs",
        caller=caller,
        exclusive=[f"drs:{plan.cluster.uuid}"],
        resource=plan,
        arguments={"plan_uuid": str(plan.uuid)},
        description=f"evening out cluster {plan.cluster} by {count} moves",
        event_type=CLUSTER_DRS,
    )


def _store(cluster: Cluster, moves: list[Move], *, before: float, after: float, **fields: Any) -> ClusterDrsPlan:
    plan = ClusterDrsPlan.objects.create(cluster=cluster, imbalance=before, expected=after, **fields)
    ClusterDrsMigration.objects.bulk_create(
        ClusterDrsMigration(plan=plan, vm=move.vm, source=move.source, destination=move.destination) for move in moves
    )
    return plan
