"""Connect a host, new or known: ask it what it has, take it into service."""

from django.utils import timezone

from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services.facts import apply_facts
from apps.infrastructure.services.host_state import HOST_STATUS
from apps.infrastructure.specs import host_ref
from apps.infrastructure.states import HostStatus
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class ReadFacts(Step):
    """The first words with the host; its answer fills capacity."""

    title = "Ask the host what it has"

    def plan(self, ctx: JobContext) -> str:
        return f"connect to {ctx.host} at {ctx.host.url}"

    def do(self, ctx: JobContext) -> None:
        facts = hypervisor_driver(host_ref(ctx.host)).host_facts()
        with ctx.transaction():
            apply_facts(ctx.host, facts)
        if ctx.host.cpus < 1 or ctx.host.memory_mib < 1:
            raise InvalidParameter(f"host {ctx.host} has {ctx.host.cpus} CPUs and {ctx.host.memory_mib} MiB of memory")


class TakeIntoService(Step):
    """From now on placement sees the host."""

    title = "Take the host into service"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.host.refresh_from_db()
            if ctx.host.status == HostStatus.CONNECTING:
                HOST_STATUS.fire(ctx.host, "ready", status_reason="", disconnected_at=None)


class ConnectHost(Workflow):
    """What adding and reconnecting have in common."""

    steps = [ReadFacts, TakeIntoService]

    def load(self, ctx: JobContext) -> None:
        ctx.host = host_for_job(uuid=ctx.arguments["host_uuid"])

    def on_failed(self, ctx: JobContext, error: str) -> None:
        ctx.host.refresh_from_db()
        if ctx.host.status == HostStatus.CONNECTING:
            ctx.host.status_reason = error[:1024]
            HOST_STATUS.fire(ctx.host, "connect_failed", status_reason=error[:1024], disconnected_at=timezone.now())


@workflow("infrastructure.host.add")
class AddHost(ConnectHost):
    title = "Add a host"


@workflow("infrastructure.host.reconnect")
class ReconnectHost(ConnectHost):
    title = "Reconnect a host"
