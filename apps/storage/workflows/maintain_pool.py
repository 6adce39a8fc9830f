"""Take a pool out of service, bring it back, and ask it what it has."""

from apps.infrastructure.states import HostStatus
from apps.storage.config import POOL_MAINTENANCE_TIMEOUT
from apps.storage.models import PoolHost, StoppedForPool, StoragePool
from apps.storage.selectors import hosts_of_pool
from apps.storage.services import pool_maintenance
from apps.storage.services.state_machines import POOL_FSM
from apps.storage.states import PoolState
from apps.storage.workflows.add_pool import PoolWorkflow, connect, connect_on_hosts, disconnect_all
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.jobs import JobContext, RetryLater, Step, workflow

POLL_S = 2.0
MAX_SHOWN = 5


class _WithMachines(Step):
    """A step that waits for machines, as long as the operator's setting allows."""

    @property
    def patience_s(self) -> float:  # type: ignore[override]
        return float(POOL_MAINTENANCE_TIMEOUT.value())


class StopMachines(_WithMachines):
    """A machine that does not stop is named, and the pool ends in an error state."""

    title = "Stop the machines that use the pool"

    def plan(self, ctx: JobContext) -> str:
        return f"stop every machine that has a volume on {ctx.pool}"

    def do(self, ctx: JobContext) -> None:
        ctx.check()
        report = pool_maintenance.machines_leave(pool=ctx.pool, job_uuid=ctx.job.uuid)
        if report.stuck:
            raise ResourceUnavailable(f"storage pool {ctx.pool} is still in use: {_shown(report.stuck)}")
        if report.left:
            raise RetryLater(POLL_S, f"{report.left} machines and volumes still use {ctx.pool}")


class LetGo(Step):
    title = "Disconnect the pool from its hosts"

    def plan(self, ctx: JobContext) -> str:
        return f"disconnect {ctx.pool} from {PoolHost.objects.filter(pool=ctx.pool).count()} hosts"

    def do(self, ctx: JobContext) -> None:
        disconnect_all(ctx, ctx.pool)


@workflow("storage.pool.maintain")
class MaintainPool(PoolWorkflow):
    title = "Put a storage pool into maintenance"
    steps = [StopMachines, LetGo]

    def on_succeeded(self, ctx: JobContext) -> None:
        POOL_FSM.fire(reread(ctx), "succeeded")

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Machines that have stopped stay so until somebody asks for the maintenance again or calls it off."""
        if reread(ctx).state == PoolState.PREPARE_FOR_MAINTENANCE:
            POOL_FSM.fire(ctx.pool, "failed", error=error[:1024])


class ConnectAgain(Step):
    """As when the pool was added; hosts that come later are served by the sweep."""

    title = "Connect the pool on its hosts"

    def plan(self, ctx: JobContext) -> str:
        return f"connect {ctx.pool} on {hosts_of_pool(ctx.pool, connected=False).count()} hosts"

    def do(self, ctx: JobContext) -> None:
        connect_on_hosts(ctx, ctx.pool)


class Reopen(Step):
    title = "Take the pool into use"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            if reread(ctx).state == PoolState.CANCEL_MAINTENANCE:
                POOL_FSM.fire(ctx.pool, "succeeded", error="")


class StartMachines(_WithMachines):
    """The pool is back whatever becomes of the machines; those that do not start are named in the log."""

    title = "Start the machines that the maintenance had stopped"

    def plan(self, ctx: JobContext) -> str:
        return f"start {StoppedForPool.objects.filter(pool=ctx.pool).count()} machines"

    def do(self, ctx: JobContext) -> None:
        ctx.check()
        report = pool_maintenance.machines_come_back(pool=ctx.pool, job_uuid=ctx.job.uuid)
        if report.left:
            raise RetryLater(POLL_S, f"{report.left} machines are starting")
        for sentence in report.stuck:
            ctx.log(f"not started again: {sentence}")


@workflow("storage.pool.cancel_maintenance")
class CancelPoolMaintenance(PoolWorkflow):
    title = "Bring a storage pool back from maintenance"
    steps = [ConnectAgain, Reopen, StartMachines]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        if reread(ctx).state == PoolState.CANCEL_MAINTENANCE:
            POOL_FSM.fire(ctx.pool, "failed", error=error[:1024])


class Ask(Step):
    """Hosts that answer: connecting is asking, and a host that has the pool already is only asked."""

    title = "Ask the pool what it has on each host"

    def plan(self, ctx: JobContext) -> str:
        return f"ask {hosts_of_pool(ctx.pool, connected=False).count()} hosts for {ctx.pool}"

    def do(self, ctx: JobContext) -> None:
        connect_on_hosts(ctx, ctx.pool)


@workflow("storage.pool.sync")
class SyncPool(PoolWorkflow):
    title = "Ask a storage pool what it has"
    steps = [Ask]


def connect_somewhere(ctx: JobContext, pool: StoragePool) -> None:
    """Have one host see the pool, if none does: what lies on it can be reached then."""
    if hosts_of_pool(pool).exists():
        return
    host = hosts_of_pool(pool, connected=False).filter(status=HostStatus.UP).first()
    if host is not None:
        connect(ctx, pool, host)


def reread(ctx: JobContext) -> StoragePool:
    ctx.pool.refresh_from_db(fields=["state"])
    pool: StoragePool = ctx.pool
    return pool


def _shown(sentences: tuple[str, ...]) -> str:
    more = len(sentences) - MAX_SHOWN
    return "; ".join(sentences[:MAX_SHOWN]) + (f"; and {more} more" if more > 0 else "")
