"""Ask the hosts of a cluster which machines on them are not the cloud's."""

import logging

from apps.compute.selectors.unmanaged import hosts_that_answer
from apps.compute.services import unmanaged_scan
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import cluster_for_job
from cloudstack.contracts.errors import DriverError, NotSupported
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow

log = logging.getLogger(__name__)


class AskHosts(Step):
    title = "Ask the hosts"

    def plan(self, ctx: JobContext) -> str:
        names = [host.name for host in hosts_that_answer(cluster=ctx.cluster)]
        return f"ask {', '.join(names)}" if names else "no host of the cluster is up"

    def do(self, ctx: JobContext) -> None:
        """Ask all of them, whatever one says; raises ``DriverError`` with the words of those that did not tell."""
        hosts = list(hosts_that_answer(cluster=ctx.cluster))
        failed: dict[str, Exception] = {}
        for number, host in enumerate(hosts):
            ctx.progress(100 * number // len(hosts), f"asking {host.name}")
            try:
                count = _asked(host)
            except (DriverError, CloudError) as error:
                failed[host.name] = error
            except Exception as error:
                log.exception("what host %s told of machines that are not managed could not be kept", host)
                failed[host.name] = DriverError(f"internal error ({type(error).__name__})")
            else:
                ctx.log(f"{host.name}: {count} machines are not managed")
        if failed:
            words = "; ".join(f"{name}: {error}" for name, error in failed.items())
            raise DriverError(words, retryable=any(getattr(error, "retryable", False) for error in failed.values()))


def _asked(host: Host) -> int:
    count = unmanaged_scan.look(host)
    if count is None:
        raise NotSupported(f"hosts of {host.hypervisor} do not tell of machines that the cloud did not make")
    return count


@workflow("compute.unmanaged.scan")
class ScanUnmanaged(Workflow):
    title = "Look for machines that are not managed"
    steps = [AskHosts]

    def load(self, ctx: JobContext) -> None:
        ctx.cluster = cluster_for_job(uuid=ctx.arguments["cluster_uuid"])

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)
