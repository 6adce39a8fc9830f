"""Ask the hosts of a cluster which machines on them are not the cloud's."""

from apps.compute.selectors.unmanaged import hosts_that_answer
from apps.compute.services import unmanaged_scan
from apps.infrastructure.selectors import cluster_for_job
from cloudstack.contracts.errors import NotSupported
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class AskHosts(Step):
    title = "Ask the hosts"

    def plan(self, ctx: JobContext) -> str:
        names = [host.name for host in hosts_that_answer(cluster=ctx.cluster)]
        return f"ask {', '.join(names)}" if names else "no host of the cluster is up"

    def do(self, ctx: JobContext) -> None:
        hosts = list(hosts_that_answer(cluster=ctx.cluster))
        for number, host in enumerate(hosts):
            ctx.progress(100 * number // len(hosts), f"asking {host.name}")
            count = unmanaged_scan.look(host)
            if count is None:
                raise NotSupported(f"hosts of {host.hypervisor} do not tell of machines that the cloud did not make")
            ctx.log(f"{host.name}: {count} machines are not managed")


@workflow("compute.unmanaged.scan")
class ScanUnmanaged(Workflow):
    title = "Look for machines that are not managed"
    steps = [AskHosts]

    def load(self, ctx: JobContext) -> None:
        ctx.cluster = cluster_for_job(uuid=ctx.arguments["cluster_uuid"])

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)
