"""The guest on its host: started, stopped, forgotten. A machine that does not run has no domain anywhere."""

from apps.compute.config import STOP_TIMEOUT
from apps.compute.workflows.steps.loading import chosen_host, driver_of, spec_on
from apps.compute.workflows.steps.placing import shown_host
from cloudstack.contracts.errors import DriverTimeout
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.jobs import JobContext, Step


class StartGuest(Step):
    title = "Start the machine on its host"

    def plan(self, ctx: JobContext) -> str:
        return f"start {ctx.vm} on {shown_host(ctx, chosen_host(ctx))}"

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        spec = spec_on(ctx.vm, host)
        driver = driver_of(host)
        driver.validate(spec)
        driver.start(spec)

    def verify(self, ctx: JobContext) -> bool:
        return driver_of(chosen_host(ctx)).power_state(str(ctx.vm.uuid)) == PowerState.ON

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" in ctx.data:
            driver_of(chosen_host(ctx)).destroy(str(ctx.vm.uuid))


class StopGuest(Step):
    """Graceful first, then by force; afterwards the host knows the machine no more."""

    title = "Stop the guest"

    def plan(self, ctx: JobContext) -> str:
        if ctx.vm.host is None:
            return f"{ctx.vm} runs nowhere"
        how = "cut the power of" if ctx.arguments.get("forced") else "ask the guest to power off, then cut the power of"
        return f"{how} {ctx.vm} on {shown_host(ctx, ctx.vm.host)}"

    def do(self, ctx: JobContext) -> None:
        host = ctx.vm.host
        if host is None:
            return
        driver, uuid = driver_of(host), str(ctx.vm.uuid)
        timeout = float(STOP_TIMEOUT.value(ctx.vm.zone.uuid))
        if not ctx.arguments.get("forced"):
            ctx.progress(0, f"waiting up to {timeout:.0f} s for the guest to power off")
            try:
                driver.stop(uuid, timeout_s=timeout)
            except DriverTimeout as slow:
                ctx.log(f"cutting the power: {slow}")
        ctx.check()
        driver.stop(uuid, force=True)
        driver.destroy(uuid)


class RebootGuest(Step):
    title = "Restart the guest"

    def plan(self, ctx: JobContext) -> str:
        return f"{'reset' if ctx.arguments.get('forced') else 'reboot'} {ctx.vm}"

    def do(self, ctx: JobContext) -> None:
        driver_of(ctx.vm.host).reboot(str(ctx.vm.uuid), force=bool(ctx.arguments.get("forced")))
