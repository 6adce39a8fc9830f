"""What vCenter tells of hosts, and the hosts of a cluster."""

from pyVmomi import vim

from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.contracts.host import HostFacts, HostLoad
from plugins.hypervisors.vmware.vcenter import VCenter

MIB = 1 << 20
ON = vim.VirtualMachine.PowerState.poweredOn
SHOWN = 5
FACTS = ["name", "summary.hardware", "summary.config.product", "runtime.connectionState", "capability"]
LOAD = ["summary.quickStats", "summary.hardware.cpuMhz", "summary.hardware.numCpuCores"]


def facts(vc: VCenter) -> HostFacts:
    """Raises ``DriverUnavailable`` for a host that vCenter itself has lost."""
    told = vc.read([vc.host], FACTS)[vc.host]
    state = told.get("runtime.connectionState")
    if state != vim.HostSystem.ConnectionState.connected:
        raise DriverUnavailable(f"vCenter says that host {vc.place.host} is {state}")
    hardware, product = told["summary.hardware"], told.get("summary.config.product")
    ability = told.get("capability")
    abilities = {"vmotionSupported": "live-migration", "recursiveResourcePoolsSupported": "resource-pools"}
    return HostFacts(
        cpus=hardware.numCpuThreads or hardware.numCpuCores,
        cpu_mhz=hardware.cpuMhz,
        memory_mib=hardware.memorySize // MIB,
        hypervisor_version=product.version if product else "",
        architecture="x86_64",
        hostname=told["name"],
        capabilities=("hvm", *(word for name, word in abilities.items() if getattr(ability, name, False))),
        cpu_sockets=hardware.numCpuPkgs,
    )


def load(vc: VCenter) -> HostLoad:
    """From the figures that vCenter keeps of each host anyway; no collection is started for it."""
    told = vc.read([vc.host], LOAD)[vc.host]
    quick = told.get("summary.quickStats")
    total_mhz = (told.get("summary.hardware.cpuMhz") or 0) * (told.get("summary.hardware.numCpuCores") or 0)
    used = quick.overallCpuUsage if quick else None
    return HostLoad(
        cpu_used_percent=None if used is None or not total_mhz else round(min(100 * used / total_mhz, 100), 2),
        memory_used_mib=quick.overallMemoryUsage if quick else None,
    )


def maintain(vc: VCenter, *, wanted: bool, timeout_s: float) -> None:
    """Have the host in maintenance, or out of it. vCenter itself moves nothing: the platform has emptied the host."""
    if vc.one(vc.host, "runtime.inMaintenanceMode") == wanted:
        return
    if wanted:
        _refuse_running(vc)
        task = vc.host.EnterMaintenanceMode_Task(int(timeout_s), False)
    else:
        task = vc.host.ExitMaintenanceMode_Task(int(timeout_s))
    vc.wait(task, timeout_s=timeout_s)


def _refuse_running(vc: VCenter) -> None:
    """vCenter would wait for machines that run there, and go on waiting when nobody listens any more."""
    told = vc.related(vc.host, "vm", vim.VirtualMachine, ["name", "runtime.powerState", "runtime.host"]).values()
    here = (one for one in told if one.get("runtime.powerState") == ON and one.get("runtime.host") == vc.host)
    names = sorted(one["name"] for one in here)
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        raise DriverError(
            f"host {vc.place.host} does not enter maintenance: {', '.join(names[:SHOWN])}{more} "
            f"{'runs' if len(names) == 1 else 'run'} on it; move or stop what is not the cloud's in vCenter"
        )
