"""Give a pool to the whole zone, or keep it for one cluster."""

from apps.infrastructure.models import Cluster
from apps.storage.models import PoolHost, StoragePool
from apps.storage.services.pool_maintenance import refuse_outsiders
from apps.storage.states import PoolScope, PoolState
from apps.storage.workflows.add_pool import PoolWorkflow, connect_on_hosts, disconnect
from cloudstack.framework.errors import StaleState
from cloudstack.framework.jobs import JobContext, Step, workflow


def _wanted(ctx: JobContext) -> Cluster | None:
    uuid = ctx.arguments["cluster_uuid"]
    return Cluster.objects.select_related("pod").get(uuid=uuid) if uuid else None


class StoreScope(Step):
    """From now on placement and the sweep go by the new scope."""

    title = "Store the new scope"

    def plan(self, ctx: JobContext) -> str:
        return f"keep {ctx.pool} for cluster {_wanted(ctx)}" if _wanted(ctx) else f"give {ctx.pool} to the whole zone"

    def do(self, ctx: JobContext) -> None:
        cluster = _wanted(ctx)
        with ctx.transaction():
            if "was" not in ctx.data:
                ctx.data["was"] = [ctx.pool.scope, ctx.pool.cluster_id, ctx.pool.pod_id]
            scope = PoolScope.CLUSTER if cluster else PoolScope.ZONE
            rows = StoragePool.objects.filter(pk=ctx.pool.pk, state=PoolState.DISABLED)
            if rows.update(scope=scope, cluster=cluster, pod=cluster.pod if cluster else None) != 1:
                raise StaleState(f"storage pool {ctx.pool} is no longer disabled")
        ctx.pool.refresh_from_db()

    def undo(self, ctx: JobContext) -> None:
        if "was" in ctx.data:
            scope, cluster, pod = ctx.data["was"]
            with ctx.transaction():
                StoragePool.objects.filter(pk=ctx.pool.pk).update(scope=scope, cluster=cluster, pod=pod)
            ctx.pool.refresh_from_db()


class LetOutsidersGo(Step):
    """Looks again for machines: one may have started while the old scope was in force."""

    title = "Disconnect hosts outside of the scope"

    def plan(self, ctx: JobContext) -> str:
        return f"disconnect {ctx.pool} from hosts of other clusters" if _wanted(ctx) else "disconnect no host"

    def do(self, ctx: JobContext) -> None:
        cluster = _wanted(ctx)
        if cluster is None:
            return
        refuse_outsiders(ctx.pool, cluster)
        links = PoolHost.objects.filter(pool=ctx.pool).exclude(host__cluster=cluster)
        for link in links.select_related("host__zone", "host__pod", "host__cluster"):
            disconnect(ctx, ctx.pool, link)


class ConnectInsiders(Step):
    title = "Connect the hosts of the scope"

    def plan(self, ctx: JobContext) -> str:
        return f"connect {ctx.pool} on the hosts of its new scope"

    def do(self, ctx: JobContext) -> None:
        connect_on_hosts(ctx, ctx.pool)


@workflow("storage.pool.change_scope")
class ChangePoolScope(PoolWorkflow):
    title = "Change the scope of a storage pool"
    steps = [StoreScope, LetOutsidersGo, ConnectInsiders]
