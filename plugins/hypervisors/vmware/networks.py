"""Guest networks as distributed port groups, each with its VLAN; addresses reach guests with their seed."""

from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.network import GuestNic, NetworkSpec, Service
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.vcenter import VCenter, vcenter

HIGHEST_VLAN = 4094
PORTS = 8
SHOWN = 5


class DistributedSwitch:
    """Connects networks on hosts of vSphere. A network's number is its VLAN.

    Addresses, names and user data stand in the machine's ``guestinfo``: no server runs for a network.
    """

    name = "DistributedSwitch"
    services: ClassVar[frozenset[Service]] = frozenset({Service.CONNECTIVITY, Service.DHCP, Service.USER_DATA})
    hostless = True

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        """Have the port group on the host's switch; answers its name."""
        if not 1 <= network.vni <= HIGHEST_VLAN:
            raise InvalidSpec(
                f"network {network.name} has the number {network.vni}, which is no VLAN: give the physical network "
                f"a range of numbers within 1-{HIGHEST_VLAN}"
            )
        with vcenter(host, f"connect network {network.name}") as vc:
            return ensure(vc, network.vni, Options.from_details(host.details))

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """The port group is that of all hosts: it goes with the last machine that is plugged into it.

        Nobody is about to plug one in: whoever calls this holds the network alone.
        """
        if not 1 <= network.vni <= HIGHEST_VLAN:
            return
        with vcenter(host, f"disconnect network {network.name}") as vc:
            remove(vc, network.vni, Options.from_details(host.details))

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        """Nothing runs for a network."""

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None:
        """Nothing runs for a network."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """The card's address reaches its guest with the machine's seed."""

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Cards leave nothing behind."""


def group_name(vlan: int, switch: str) -> str:
    """Port groups have names of their own in a datacenter, not in a switch."""
    return f"guest-{vlan}-{switch}"


def ensure(vc: VCenter, vlan: int, options: Options) -> str:
    """The port group of ``vlan`` on the host's switch, made if it is not there; answers its name."""
    switch, told = switch_of(vc, options)
    name = group_name(vlan, told["name"])
    group = _find(vc, name)
    if group is None:
        _add(vc, switch, name, vlan)
        return name
    tagged = vlan_of(vc.one(group, "config.defaultPortConfig"))
    if tagged != vlan:
        raise InvalidSpec(f"port group {name} has VLAN {tagged}, not {vlan}: somebody has changed it")
    return name


def remove(vc: VCenter, vlan: int, options: Options) -> None:
    """Take the port group of ``vlan`` away, unless machines of other hosts need it; absent is fine.

    Raises ``DriverError`` when a machine of this host is plugged into it.
    """
    name = group_name(vlan, switch_of(vc, options)[1]["name"])
    group = _find(vc, name)
    if group is None:
        return
    machines = vc.read_all(vc.datacenter, vim.VirtualMachine, ["name", "runtime.host", "network"]).values()
    plugged = [told for told in machines if group in (told.get("network") or ())]
    here = sorted(told["name"] for told in plugged if told.get("runtime.host") == vc.host)
    if here:
        raise DriverError(f"{', '.join(here[:SHOWN])} on {vc.place.host} is plugged into port group {name}")
    if plugged:
        return
    try:
        vc.wait(group.Destroy_Task())
    except (vim.fault.ResourceInUse, vmodl.fault.ManagedObjectNotFound):
        pass  # somebody was quicker, either way
    vc.forget(_path(vc, name))


def _path(vc: VCenter, name: str) -> str:
    return f"{vc.place.datacenter}/network/{name}"


def _find(vc: VCenter, name: str) -> Any:
    """The port group as it is now: another worker may have taken away, or made anew, what this one remembers."""
    vc.forget(_path(vc, name))
    try:
        return vc.find(_path(vc, name))
    except NotFound:
        return None


def switch_of(vc: VCenter, options: Options) -> tuple[Any, dict[str, Any]]:
    """The distributed switch that carries guests of this host; ``InvalidSpec`` when that is not clear."""
    paths = ["name", "uuid", "summary.hostMember"]
    switches = vc.read_all(vc.datacenter, vim.DistributedVirtualSwitch, paths)
    here = {one: told for one, told in switches.items() if vc.host in (told.get("summary.hostMember") or ())}
    wanted = options.distributed_switch
    fitting = [(one, told) for one, told in here.items() if not wanted or told["name"] == wanted]
    if len(fitting) != 1:
        names = ", ".join(sorted(told["name"] for told in here.values())) or "none"
        raise InvalidSpec(
            f"host {vc.place.host} is in the distributed switches: {names}; "
            "give it the detail distributed_switch with the name of the one that carries guests"
        )
    return fitting[0]


def vlan_of(config: Any) -> int:
    """The VLAN of a port group's settings; 0 without one, or with a range of them."""
    vlan = getattr(getattr(config, "vlan", None), "vlanId", 0)
    return vlan if isinstance(vlan, int) else 0


def _add(vc: VCenter, switch: Any, name: str, vlan: int) -> None:
    tag = vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec(vlanId=vlan, inherited=False)
    spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name,
        numPorts=PORTS,
        autoExpand=True,
        type="earlyBinding",
        description=f"VLAN {vlan} of guests; made and used by the cloud",
        defaultPortConfig=vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(vlan=tag),
    )
    try:
        vc.wait(switch.AddDVPortgroup_Task([spec]))
    except vim.fault.DuplicateName:
        return  # another worker was quicker
