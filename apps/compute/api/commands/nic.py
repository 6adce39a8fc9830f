"""Network cards of machines."""

from apps.compute import events
from apps.compute.api.responses.nic import NicSecondaryIpResponse
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import Nic, VirtualMachine
from apps.compute.services.nic import NicManager
from apps.compute.services.nic_addresses import NicAddressManager
from apps.network.models import IpAllocation, Network
from cloudstack.api import Access, BaseAsyncCmd, BaseAsyncCreateCmd, Ref, Rest, Str, SuccessResponse
from cloudstack.framework.jobs import AsyncJob


class _NicCommand(BaseAsyncCmd):
    abstract = True
    response = VirtualMachineResponse

    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        access=Access.OPERATE,
        required=True,
        select_related=["account__domain", "account__group", "zone", "host"],
        help="the machine",
    )


class AddNicToVirtualMachine(_NicCommand):
    """Gives a machine another network card."""

    event_type = events.NIC_CREATE

    network = Ref("networkid", Network, required=True, help="network of the card")
    ip_address = Str("ipaddress", default="", help="address in it; the next free one if left out")
    mac_address = Str("macaddress", default="", help="MAC address; a free one if left out")

    def execute(self) -> AsyncJob:
        return NicManager().add(
            caller=self.caller, vm=self.vm, network=self.network, ipv4=self.ip_address, mac=self.mac_address
        )


class RemoveNicFromVirtualMachine(_NicCommand):
    """Takes a network card away from a machine."""

    event_type = events.NIC_DELETE

    nic = Ref("nicid", Nic, access=Access.OPERATE, required=True, select_related=["network"], help="the card")

    def execute(self) -> AsyncJob:
        return NicManager().remove(caller=self.caller, vm=self.vm, nic=self.nic)


class UpdateDefaultNicForVirtualMachine(_NicCommand):
    """Makes a card the one through which the guest's default route leads."""

    event_type = events.NIC_UPDATE

    nic = Ref("nicid", Nic, access=Access.OPERATE, required=True, select_related=["network"], help="the card")

    def execute(self) -> AsyncJob:
        return NicManager().make_default(caller=self.caller, vm=self.vm, nic=self.nic)


class AddIpToNic(BaseAsyncCreateCmd):
    """Gives a network card a further address of its network, which the guest configures itself."""

    response = NicSecondaryIpResponse
    event_type = events.NIC_SECONDARY_IP_ASSIGN

    nic = Ref(
        "nicid",
        Nic,
        access=Access.OPERATE,
        required=True,
        select_related=["vm__account", "network"],
        help="the card",
    )
    ip_address = Str("ipaddress", default="", help="this address; any free one if left out")

    def execute(self) -> tuple[IpAllocation, AsyncJob]:
        return NicAddressManager().add(caller=self.caller, nic=self.nic, requested=self.ip_address)


class RemoveIpFromNic(BaseAsyncCmd):
    """Takes a further address from a network card."""

    response = SuccessResponse
    event_type = events.NIC_SECONDARY_IP_UNASSIGN

    address = Ref("id", IpAllocation, access=Access.OPERATE, required=True, help="the further address")

    def execute(self) -> AsyncJob:
        return NicAddressManager().remove(caller=self.caller, address=self.address)


class UpdateVmNicIp(BaseAsyncCmd):
    """Gives a card of a stopped machine another first address."""

    rest = Rest("nics", action="update-ip", lookup="nicid")
    response = VirtualMachineResponse
    event_type = events.NIC_UPDATE

    nic = Ref(
        "nicid",
        Nic,
        access=Access.OPERATE,
        required=True,
        select_related=["vm__account", "network"],
        help="the card",
    )
    ip_address = Str("ipaddress", default="", help="this address; any other free one if left out")

    def execute(self) -> AsyncJob:
        return NicAddressManager().change(caller=self.caller, nic=self.nic, requested=self.ip_address)
