"""Network cards of machines."""

from apps.compute import events
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import Nic, VirtualMachine
from apps.compute.services.nic import NicManager
from apps.network.models import Network
from cloudstack.api import Access, BaseAsyncCmd, Ref, Str
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
