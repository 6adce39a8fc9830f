"""Take a pool out of the cloud: cached templates go, hosts let go of it, the row stays as removed."""

from apps.storage.models import StoragePool, TemplatePoolRef
from apps.storage.selectors import pool_for_job
from apps.storage.services.pools import refuse_used
from apps.storage.services.state_machines import POOL_FSM
from apps.storage.states import PoolState
from apps.storage.workflows.add_pool import PoolWorkflow, disconnect_all
from apps.storage.workflows.maintain_pool import connect_somewhere
from apps.storage.workflows.steps import host_for_pool
from apps.storage.workflows.template_cache import evict_template
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


class EvictTemplates(Step):
    title = "Remove the cached templates"

    def plan(self, ctx: JobContext) -> str:
        refuse_used(ctx.pool)
        return f"remove {ctx.pool.template_refs.count()} cached templates"

    def do(self, ctx: JobContext) -> None:
        pool: StoragePool = ctx.pool
        # A volume may have been promised room before the pool was closed for new ones.
        refuse_used(pool)
        if TemplatePoolRef.objects.filter(pool=pool).exists():
            # A pool in maintenance is connected nowhere.
            connect_somewhere(ctx, pool)
        for ref in TemplatePoolRef.objects.filter(pool=pool).select_related("template", "pool"):
            if not evict_template(ctx, ref, host_for_pool(pool)):
                raise ResourceInUse(f"template {ref.template.name} on pool {pool.name} is in use")


class Disconnect(Step):
    title = "Disconnect the pool from its hosts"

    def do(self, ctx: JobContext) -> None:
        disconnect_all(ctx, ctx.pool)


@workflow("storage.pool.remove")
class RemovePool(PoolWorkflow):
    title = "Remove a storage pool"
    steps = [EvictTemplates, Disconnect]

    def on_succeeded(self, ctx: JobContext) -> None:
        pool = pool_for_job(uuid=ctx.arguments["pool_uuid"])
        POOL_FSM.fire(pool, "succeeded")
        pool.mark_removed()

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """The pool stays, disabled; hosts that had let go of it are connected again when it is enabled."""
        pool = pool_for_job(uuid=ctx.arguments["pool_uuid"])
        if pool.state == PoolState.REMOVING:
            POOL_FSM.fire(pool, "failed", error=error[:1024])
