"""Commands on ranges of addresses."""

from apps.infrastructure.models import Zone
from apps.network.api.responses.physical_network import VlanIpRangeResponse
from apps.network.models import Network, PhysicalNetwork, VlanIpRange
from apps.network.selectors import ip_ranges_visible_to
from apps.network.services.ip_ranges import VlanIpRangeManager
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Flag, Ref, Str, SuccessResponse


class ListVlanIpRanges(BaseListCmd):
    """Lists ranges of addresses of shared networks."""

    roles = ROOT
    response = VlanIpRangeResponse
    object_name = "vlaniprange"
    keyword_fields = ("start_ip", "end_ip", "gateway")

    network = Ref("networkid", Network, lookup="network", help="those of this network")
    zone = Ref("zoneid", Zone, lookup="physical_network__zone", help="those of this zone")
    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, lookup="physical_network", help="ranges on this physical network"
    )
    vlan = Str("vlan", lookup="vlan", help="ranges with this VLAN")
    for_virtual_network = Flag("forvirtualnetwork", help="ranges of public addresses; there are none")

    def queryset(self):
        rows = ip_ranges_visible_to(caller=self.caller)
        return rows.none() if self.for_virtual_network else rows


class CreateVlanIpRange(BaseCmd):
    """Gives a shared network more addresses."""

    roles = ROOT
    response = VlanIpRangeResponse

    network = Ref("networkid", Network, access=Access.MODIFY, required=True, help="the shared network")
    start_ip = Str("startip", required=True, help="first address")
    end_ip = Str("endip", default="", help="last address; startip if left out")
    gateway = Str("gateway", default="", help="that of the network, if given")
    netmask = Str("netmask", default="", help="that of the network, if given")

    def execute(self):
        return VlanIpRangeManager().create(
            caller=self.caller,
            network=self.network,
            start_ip=self.start_ip,
            end_ip=self.end_ip,
            gateway=self.gateway,
            netmask=self.netmask,
        )


class DeleteVlanIpRange(BaseCmd):
    """Takes a range away of which nobody holds an address."""

    roles = ROOT
    response = SuccessResponse

    ip_range = Ref("id", VlanIpRange, access=Access.MODIFY, required=True, help="the range")

    def execute(self):
        VlanIpRangeManager().delete(caller=self.caller, ip_range=self.ip_range)
