"""First steps: entering the state that the job owns from then on."""

from typing import ClassVar

from apps.compute.services.lifecycle import VM_FSM
from apps.compute.states import VmState
from cloudstack.framework.jobs import JobContext, Step


class EnterState(Step):
    """Fires ``event``; its undo fires ``failed`` if the machine is still where that led."""

    event: ClassVar[str] = ""
    state: ClassVar[str] = ""

    def plan(self, ctx: JobContext) -> str:
        before = ctx.vm.state
        self.do(ctx)
        return f"{ctx.vm}: {before}, then {ctx.vm.state}" if ctx.vm.state != before else f"{ctx.vm} stays {before}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.vm.refresh_from_db(fields=["state", "host"])
            VM_FSM.fire(ctx.vm, self.event)

    def verify(self, ctx: JobContext) -> bool:
        return ctx.vm.state == self.state

    def undo(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.vm.refresh_from_db(fields=["state", "host"])
            if ctx.vm.state == self.state:
                VM_FSM.fire(ctx.vm, "failed")


class BeginStart(EnterState):
    title = "Take the machine in hand"
    event, state = "start_requested", VmState.STARTING


class BeginStop(EnterState):
    title = "Take the machine in hand"
    event, state = "stop_requested", VmState.STOPPING


class BeginStopIfRunning(BeginStop):
    def do(self, ctx: JobContext) -> None:
        if ctx.vm.state in (VmState.RUNNING, VmState.STOPPING):
            super().do(ctx)


class BeginMigrate(EnterState):
    title = "Take the machine in hand"
    event, state = "migrate_requested", VmState.MIGRATING


class BeginExpunge(EnterState):
    title = "Take the machine in hand"
    event, state = "expunge_requested", VmState.EXPUNGING
