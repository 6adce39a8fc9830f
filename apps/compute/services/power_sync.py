"""What hosts say of machines, against what is on record. A difference becomes a job that looks again and settles it."""

import logging
from collections.abc import Mapping, Sequence

from apps.compute.events import VM_POWER
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.jobs import AsyncJob, dispatch

log = logging.getLogger(__name__)

SETTLED = (VmState.RUNNING, VmState.STOPPED, VmState.DESTROYED, VmState.ERROR)
GONE = (PowerState.OFF, PowerState.ABSENT)


class PowerSyncManager:
    """Takes reports of single changes (events) and of whole hosts (the sweep)."""

    def report(self, *, host_uuid: str, vm_uuid: str, power: PowerState) -> AsyncJob | None:
        """One machine's state on one host; answers the job that will settle a difference, if there is one."""
        vm = VirtualMachine.objects.select_related("host", "account").filter(uuid=vm_uuid).first()
        host = Host.objects.filter(uuid=host_uuid).first()
        if vm is None or host is None:
            return None
        return self._compare(vm, host, power)

    def report_host(self, *, host: Host, states: Mapping[str, PowerState]) -> list[AsyncJob]:
        """All machines that ``host`` knows: those on record there, and those it should not have."""
        return self.report_hosts([(host, states)])

    def report_hosts(self, told: Sequence[tuple[Host, Mapping[str, PowerState]]]) -> list[AsyncJob]:
        """The same of many hosts, by two statements as long as nothing differs."""
        here: dict[int, set[str]] = {host.pk: set() for host, _ in told}
        running = VirtualMachine.objects.filter(host__in=here, state=VmState.RUNNING)
        for uuid, host_id in running.values_list("uuid", "host_id"):
            here[host_id].add(str(uuid))
        suspects = [
            (host, uuid, power)
            for host, states in told
            for uuid, power in (*states.items(), *((uuid, PowerState.ABSENT) for uuid in here[host.pk] - states.keys()))
            if (power in GONE if uuid in here[host.pk] else power == PowerState.ON)
        ]
        machines = VirtualMachine.objects.select_related("host", "account")
        known = {str(vm.uuid): vm for vm in machines.filter(uuid__in={uuid for _, uuid, _ in suspects})}
        jobs = [self._compare(known[uuid], host, power) for host, uuid, power in suspects if uuid in known]
        return [job for job in jobs if job is not None]

    def _compare(self, vm: VirtualMachine, host: Host, power: PowerState) -> AsyncJob | None:
        off_here = vm.state == VmState.RUNNING and vm.host_id == host.pk and power in GONE
        on_unasked = power == PowerState.ON and vm.host_id != host.pk and vm.state in SETTLED
        if not (off_here or on_unasked) or self._is_busy(vm):
            return None
        log.info("machine %s is %s on %s, on record it is %s", vm.uuid, power, host, vm.state)
        return dispatch(
            "compute.vm.settle_power",
            exclusive=[f"vm:{vm.uuid}"],
            shared=[f"network:{uuid}" for uuid in vm.nics(manager="objects").values_list("network__uuid", flat=True)],
            resource=vm,
            arguments={"vm_uuid": str(vm.uuid), "host_uuid": str(host.uuid)},
            description=f"{vm} is {power} but {vm.state} on record",
            event_type=VM_POWER,
        )

    def _is_busy(self, vm: VirtualMachine) -> bool:
        """A job that works on the machine knows better, and ends in a settled state."""
        return AsyncJob.objects.filter(resource_uuid=vm.uuid, status__in=AsyncJob.LIVE).exists()
