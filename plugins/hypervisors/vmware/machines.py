"""The machines of one host: found, made, changed, started, stopped, forgotten."""

import time
from collections.abc import Mapping
from typing import Any

from pyVmomi import vim, vmodl

from cloudstack.contracts.errors import DriverError, DriverTimeout, NotFound
from cloudstack.contracts.hypervisor import PowerState, VmSpec
from plugins.hypervisors.vmware import devices, machine_spec
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.vcenter import PC, VCenter

ON, OFF, SUSPENDED = (getattr(vim.VirtualMachine.PowerState, name) for name in ("poweredOn", "poweredOff", "suspended"))
POWER = {ON: PowerState.ON, OFF: PowerState.OFF, SUSPENDED: PowerState.PAUSED}
STATES = ["config.instanceUuid", "runtime.powerState", "runtime.connectionState", "config.template"]
LOST = (vim.VirtualMachine.ConnectionState.disconnected, vim.VirtualMachine.ConnectionState.inaccessible)


def found_here(vc: VCenter, uuid: str, *more: str) -> tuple[Any, dict[str, Any]]:
    """A machine on this host and some of its properties; (None, {}) when it is elsewhere or nowhere."""
    vm = vc.machine(uuid)
    if vm is None:
        return None, {}
    told = vc.read([vm], ["runtime.host", "runtime.powerState", *more]).get(vm, {})
    return (vm, told) if told.get("runtime.host") == vc.host else (None, {})


def known(vc: VCenter, uuid: str, *more: str) -> tuple[Any, dict[str, Any]]:
    """The same for a machine that must be here; raises ``NotFound``."""
    vm, told = found_here(vc, uuid, *more)
    if vm is None:
        raise NotFound(f"machine {uuid} is not on {vc.place.host}")
    return vm, told


def power_of(vc: VCenter, uuid: str) -> PowerState:
    vm, told = found_here(vc, uuid)
    return PowerState.ABSENT if vm is None else POWER[told["runtime.powerState"]]


def power_states(vc: VCenter) -> Mapping[str, PowerState]:
    """Every machine of this host in one call, whoever made it: the core knows its own by their UUIDs."""
    return dict(filter(None, map(state_in, vc.related(vc.host, "vm", vim.VirtualMachine, STATES).values())))


def state_in(told: Mapping[str, Any]) -> tuple[str, PowerState] | None:
    """UUID and power in a machine's properties; None for templates and for those that vCenter has lost sight of."""
    uuid, power = told.get("config.instanceUuid"), told.get("runtime.powerState")
    lost = told.get("runtime.connectionState") in LOST
    return None if not uuid or power is None or lost or told.get("config.template") else (uuid, POWER[power])


# -- start and stop ------------------------------------------------------------------------------


def start(vc: VCenter, spec: VmSpec, options: Options) -> None:
    """Have the machine here and running: made if there is none, changed if it is off, left alone if it runs."""
    options = options.for_machine(spec.details)
    vm = vc.machine(spec.uuid)
    if vm is None:
        vm = _make(vc, spec, options)
    else:
        told = vc.read([vm], ["runtime.host", "runtime.powerState", "config.hardware.device"])[vm]
        here, power = told["runtime.host"] == vc.host, told["runtime.powerState"]
        if power == ON and here:
            return
        if power == ON:
            other = vc.one(told["runtime.host"], "name")
            raise DriverError(f"{spec.name} runs on host {other}; it cannot start on {vc.place.host}")
        if not here:
            move = vim.vm.RelocateSpec(host=vc.host, pool=vc.pool_of(vc.host))
            vc.wait(vm.RelocateVM_Task(move))
        if power == OFF:
            vc.wait(vm.ReconfigVM_Task(machine_spec.changes(vc, spec, options, told["config.hardware.device"])))
    vc.wait(vm.PowerOnVM_Task(vc.host))


def _make(vc: VCenter, spec: VmSpec, options: Options) -> Any:
    home = machine_spec.home_of(spec) or first_datastore(vc)
    config = machine_spec.new_machine(vc, spec, options, home)
    return vc.wait(folder_of(vc, options).CreateVM_Task(config, vc.pool_of(vc.host), vc.host))


def folder_of(vc: VCenter, options: Options) -> Any:
    """Where machines lie in the inventory."""
    return vc.find(f"{vc.place.datacenter}/vm/{options.folder.strip('/')}") if options.folder else vc.machines_folder


def first_datastore(vc: VCenter) -> str:
    """A datastore for a machine without disks: the one with most room that this host can write."""
    stores = vc.related(vc.host, "datastore", vim.Datastore, ["name", "summary.accessible", "summary.freeSpace"])
    usable = [told for told in stores.values() if told.get("summary.accessible")]
    if not usable:
        raise DriverError(f"host {vc.place.host} sees no datastore")
    return str(max(usable, key=lambda told: told.get("summary.freeSpace") or 0)["name"])


def stop(vc: VCenter, uuid: str, *, force: bool, timeout_s: float) -> None:
    vm, told = found_here(vc, uuid)
    if vm is None or told["runtime.powerState"] == OFF:
        return
    if force or told["runtime.powerState"] == SUSPENDED:
        cut(vc, vm)
        return
    try:
        vm.ShutdownGuest()
    except vim.fault.InvalidPowerState:
        return  # it went off meanwhile
    except vim.fault.ToolsUnavailable as deaf:
        raise DriverTimeout(
            f"machine {uuid} on {vc.place.host}: the guest cannot be asked to power off: VMware Tools do not run in it"
        ) from deaf
    wait_for_power(vc, vm, OFF, timeout_s, f"machine {uuid} on {vc.place.host}: the guest did not power off")


def wait_for_power(vc: VCenter, vm: Any, power: Any, timeout_s: float, complaint: str) -> None:
    """Return when vCenter says that the machine has this power; raises ``DriverTimeout`` with ``complaint``."""
    deadline = time.monotonic() + timeout_s
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["runtime.powerState"])],
        objectSet=[PC.ObjectSpec(obj=vm)],
    )
    for changed in vc.updates(spec, wait_s=1):
        if any(facts.get("runtime.powerState") == power for facts in changed.values()):
            return
        if time.monotonic() >= deadline:
            raise DriverTimeout(f"{complaint} within {timeout_s:g} s")


def cut(vc: VCenter, vm: Any) -> None:
    """Power off at once; one that is off already is fine."""
    try:
        vc.wait(vm.PowerOffVM_Task())
    except vim.fault.InvalidPowerState:
        if vc.one(vm, "runtime.powerState") != OFF:
            raise


def reboot(vc: VCenter, uuid: str, *, force: bool) -> None:
    vm, told = known(vc, uuid)
    if told["runtime.powerState"] != ON:
        raise NotFound(f"machine {uuid} does not run on {vc.place.host}")
    if not force:
        try:
            vm.RebootGuest()
            return
        except (vim.fault.ToolsUnavailable, vmodl.fault.NotSupported, vmodl.fault.MethodNotFound):
            pass  # nobody in the guest listens: the reset button is left
    vc.wait(vm.ResetVM_Task())


def destroy(vc: VCenter, uuid: str) -> None:
    """Forget the machine. Its disks are taken out before, or vCenter would delete their files with it."""
    vm, told = found_here(vc, uuid, "config.hardware.device", "snapshot")
    if vm is None:
        return
    try:
        if told["runtime.powerState"] != OFF:
            cut(vc, vm)
        if told.get("snapshot") is not None:
            # What the machine is now flows back into the files of its volumes.
            vc.wait(vm.RemoveAllSnapshots_Task(True))
            told["config.hardware.device"] = vc.one(vm, "config.hardware.device")
        disks = devices.of_kind(told.get("config.hardware.device") or (), vim.vm.device.VirtualDisk)
        if disks:
            removal = [devices.change(devices.REMOVE, disk) for disk in disks]
            vc.wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=removal)))
        vc.wait(vm.Destroy_Task())
    except vmodl.fault.ManagedObjectNotFound:
        return  # another worker was quicker
