"""Connect a pool on the hosts of its scope, and hosts that come later on the pools that are there."""

from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.states import HostStatus
from apps.storage.models import PoolHost, StoragePool
from apps.storage.selectors import hosts_of_pool, pool_for_job
from apps.storage.services.state_machines import POOL_FSM
from apps.storage.states import PoolState
from apps.storage.workflows.steps import driver_for
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.storage import PoolFacts
from cloudstack.framework.errors import CloudError, ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


def connect(ctx: JobContext, pool: StoragePool, host: Host) -> None:
    """Make ``pool`` usable on ``host`` and note it, with what the storage says of its size."""
    facts = driver_for(pool, host).connect()
    with ctx.transaction():
        PoolHost.objects.update_or_create(pool=pool, host=host, defaults={"path": pool.path})
        note_facts(pool, facts)


def connect_on_hosts(ctx: JobContext, pool: StoragePool) -> None:
    """Connect ``pool`` on every host of its scope that is Up. Raises ``ResourceUnavailable`` when none can."""
    hosts = list(hosts_of_pool(pool, connected=False).filter(status=HostStatus.UP))
    if not hosts:
        raise ResourceUnavailable(f"no host that is Up could see pool {pool.name}")
    failures = []
    for number, host in enumerate(hosts):
        ctx.progress(number * 100 // len(hosts), f"connecting {pool.name} on {host.name}")
        try:
            connect(ctx, pool, host)
        except (DriverError, CloudError) as error:
            failures.append(f"{host.name}: {error}")
            ctx.log(f"not connected on {host.name}: {error}")
    if len(failures) == len(hosts):
        raise ResourceUnavailable(f"pool {pool.name} could not be connected on any host: {'; '.join(failures)}")


def note_facts(pool: StoragePool, facts: PoolFacts) -> None:
    """Size and use of the pool; an operator's own capacity stays."""
    capacity = pool.capacity_bytes if pool.capacity_is_given else facts.capacity_bytes
    used = max(facts.capacity_bytes - facts.available_bytes, 0)
    StoragePool.all_objects.filter(pk=pool.pk).update(capacity_bytes=capacity, used_bytes=used, facts_at=timezone.now())


class PoolWorkflow(Workflow):
    """A workflow on one pool: ``ctx.pool`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.pool = pool_for_job(uuid=ctx.arguments["pool_uuid"])


class ConnectHosts(Step):
    """One host that cannot is noted and tried again later by the sweep; none that can is a failure."""

    title = "Connect the pool on its hosts"

    def plan(self, ctx: JobContext) -> str:
        return f"connect {ctx.pool} on {hosts_of_pool(ctx.pool, connected=False).count()} hosts"

    def do(self, ctx: JobContext) -> None:
        connect_on_hosts(ctx, ctx.pool)

    def undo(self, ctx: JobContext) -> None:
        disconnect_all(ctx, ctx.pool)


class TakeIntoUse(Step):
    title = "Take the pool into use"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.pool.refresh_from_db(fields=["state"])
            if ctx.pool.state == PoolState.INITIALIZED:
                POOL_FSM.fire(ctx.pool, "connected", error="")


@workflow("storage.pool.add")
class AddPool(PoolWorkflow):
    title = "Add a storage pool"
    steps = [ConnectHosts, TakeIntoUse]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """A pool that no host could use is gone again; the job and its event say why."""
        pool = pool_for_job(uuid=ctx.arguments["pool_uuid"])
        if pool.state == PoolState.INITIALIZED:
            POOL_FSM.fire(pool, "failed", error=error[:1024])
            pool.mark_removed()


class ConnectPools(Step):
    title = "Connect the pools of the host"

    def do(self, ctx: JobContext) -> None:
        host: Host = ctx.host
        for pool in missing_pools(host):
            try:
                connect(ctx, pool, host)
            except (DriverError, CloudError) as error:
                ctx.log(f"pool {pool.name} is not connected on {host.name}: {error}")


@workflow("storage.host.connect_pools")
class ConnectPoolsOfHost(Workflow):
    title = "Connect a host's storage pools"
    steps = [ConnectPools]

    def load(self, ctx: JobContext) -> None:
        ctx.host = host_for_job(uuid=ctx.arguments["host_uuid"])


def missing_pools(host: Host) -> list[StoragePool]:
    """Pools in whose scope ``host`` is and on which it is not connected."""
    pools = StoragePool.objects.filter(zone=host.zone_id, hypervisor=host.hypervisor, state=PoolState.UP)
    near = [
        pool
        for pool in pools.exclude(pool_hosts__host=host).select_related("zone")
        if (pool.host_id or host.pk) == host.pk and (pool.cluster_id or host.cluster_id) == host.cluster_id
    ]
    return sorted(near, key=lambda pool: pool.pk)


def disconnect_all(ctx: JobContext, pool: StoragePool) -> None:
    """Take the pool off every host on which it is connected; a host that does not answer is only forgotten."""
    for link in PoolHost.objects.filter(pool=pool).select_related("host__zone", "host__pod", "host__cluster"):
        disconnect(ctx, pool, link)


def disconnect(ctx: JobContext, pool: StoragePool, link: PoolHost) -> None:
    """Take the pool off one host."""
    try:
        driver_for(pool, link.host).disconnect()
    except (DriverError, CloudError) as error:
        if link.host.status == HostStatus.UP:
            raise
        ctx.log(f"pool {pool.name} was not disconnected on {link.host.name}: {error}")
    with ctx.transaction():
        PoolHost.objects.filter(pk=link.pk).delete()
