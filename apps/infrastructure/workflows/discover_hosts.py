"""Ask a cluster's manager for its hosts and add those that are not there yet; jobs of their own connect them."""

from django.db import transaction

from apps.accounts.selectors.callers import system_caller
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import cluster_for_job
from apps.infrastructure.services.host import HostManager
from apps.infrastructure.specs import cluster_ref
from cloudstack.framework.drivers import host_discovery
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class FindHosts(Step):
    title = "Ask the cluster's manager for its hosts"

    def plan(self, ctx: JobContext) -> str:
        return f"add the hosts that {ctx.cluster.url} has"

    def do(self, ctx: JobContext) -> None:
        found = host_discovery(cluster_ref(ctx.cluster)).find_hosts()
        known = set(Host.objects.filter(url__in=[one.url for one in found]).values_list("url", flat=True))
        ctx.log(f"{len(found)} hosts, {len(known)} of them known already")
        for one in found:
            if one.url in known:
                continue
            if not one.connected:
                ctx.log(f"{one.name} is left out: its manager does not reach it")
                continue
            try:
                # A host that is refused must not take those before it along.
                with ctx.transaction(), transaction.atomic():
                    HostManager().add(
                        caller=system_caller(),
                        zone=ctx.cluster.pod.zone,
                        pod=ctx.cluster.pod,
                        cluster=ctx.cluster,
                        hypervisor=ctx.cluster.hypervisor,
                        url=one.url,
                        name=one.name,
                    )
            except CloudError as refused:
                ctx.log(f"{one.name} is left out: {refused.message}")


@workflow("infrastructure.cluster.discover")
class DiscoverHosts(Workflow):
    title = "Find the hosts of a cluster"
    steps = [FindHosts]

    def load(self, ctx: JobContext) -> None:
        ctx.cluster = cluster_for_job(uuid=ctx.arguments["cluster_uuid"])
