"""Bring a stopped machine up: host, networks, disks, guest."""

from apps.compute.services.lifecycle import VM_FSM
from apps.compute.workflows.steps.disks import PrepareVolumes
from apps.compute.workflows.steps.guest import StartGuest
from apps.compute.workflows.steps.loading import VmWorkflow, chosen_host
from apps.compute.workflows.steps.networks import PrepareNetworks
from apps.compute.workflows.steps.placing import ChooseHost
from apps.compute.workflows.steps.state import BeginStart
from cloudstack.framework.jobs import JobContext, workflow


@workflow("compute.vm.start")
class StartVm(VmWorkflow):
    title = "Start a machine"
    steps = [BeginStart, ChooseHost, PrepareNetworks, PrepareVolumes, StartGuest]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.vm.refresh_from_db(fields=["state", "host"])
        VM_FSM.fire(ctx.vm, "succeeded", host=chosen_host(ctx), last_host=None)
