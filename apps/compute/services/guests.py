"""Machines as the end of traffic: with which address of a network they are reached."""

from apps.compute.models import Nic, VirtualMachine
from apps.network.models import Network, PublicIpAddress
from apps.network.services.rules import Guest
from cloudstack.framework.errors import InvalidParameter


def guest_behind(*, address: PublicIpAddress, vm: VirtualMachine, wanted_ip: str = "") -> Guest:
    """The card that ``vm`` has in the network of ``address``: by its first address, or by ``wanted_ip`` of it.

    Raises ``InvalidParameter``. An address without a network is refused later, with what would be right.
    """
    if address.network is None:
        return Guest(vm_uuid=vm.uuid, ip="")
    return guest_in(network=address.network, vm=vm, wanted_ip=wanted_ip)


def guest_in(*, network: Network, vm: VirtualMachine, wanted_ip: str = "") -> Guest:
    nic = Nic.objects.filter(vm=vm, network=network).first()
    if nic is None:
        raise InvalidParameter(f"machine {vm} has no card in network {network}", parameter="virtualmachineid")
    own = [nic.ipv4, *(entry["ipaddress"] for entry in nic.secondary)]
    if wanted_ip and wanted_ip not in own:
        raise InvalidParameter(
            f"vmguestip {wanted_ip} is none of the addresses of machine {vm} in network {network}: {', '.join(own)}",
            parameter="vmguestip",
        )
    return Guest(vm_uuid=vm.uuid, ip=wanted_ip or nic.ipv4)
