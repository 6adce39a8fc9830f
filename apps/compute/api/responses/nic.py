"""A network card on the wire."""

from collections.abc import Sequence

from apps.compute.models import Nic
from apps.network.models import IpAllocation
from cloudstack.api import BOOL, INT, LIST, STRING, Field, Loaded, Response
from cloudstack.framework.context import Caller


class NicResponse(Response):
    object_name = "nic"
    model = Nic

    id = Field("uuid", help="UUID of the card")
    networkid = Field("network__uuid", help="its network")
    networkname = Field("network__name", help="name of its network")
    netmask = Field(compute=lambda row: row["network__netmask"] or None, needs=("network__netmask",), type=STRING)
    gateway = Field(compute=lambda row: row["network__gateway"] or None, needs=("network__gateway",), type=STRING)
    ipaddress = Field(compute=lambda row: row["ipv4"] or None, needs=("ipv4",), type=STRING, help="IPv4 address")
    isolationuri = Field(
        compute=lambda row: row["network__broadcast_uri"] or None,
        needs=("network__broadcast_uri",),
        type=STRING,
        admin_only=True,
    )
    broadcasturi = Field(
        compute=lambda row: row["network__broadcast_uri"] or None,
        needs=("network__broadcast_uri",),
        type=STRING,
        admin_only=True,
    )
    traffictype = Field(compute=lambda row: "Guest", type=STRING, help="kind of traffic")
    type = Field("network__guest_type", help="Isolated, Shared or L2")
    isdefault = Field("is_default", type=BOOL, help="whether the guest's default route leads through it")
    macaddress = Field("mac", help="MAC address")
    deviceid = Field("device_id", type=STRING, help="slot of the machine")
    virtualmachineid = Field("vm__uuid", help="its machine")
    secondaryip = Field("secondary", type=LIST, help="further addresses, each with id and ipaddress")
    vlanid = Field("network__vni", type=INT, admin_only=True, help="number of the segment")
    extradhcpoption = Field(compute=lambda row: [], type=LIST, help="further DHCP options")
    mtu = Field("network__mtu", type=INT, help="largest packet in bytes")


def _machines(keys: Sequence[int], caller: Caller) -> dict[int, str]:
    """UUID of the machine that each further address is in."""
    holders = dict(IpAllocation.objects.filter(pk__in=keys).values_list("pk", "holder_uuid"))
    machines = dict(Nic.all_objects.filter(uuid__in=holders.values()).values_list("uuid", "vm__uuid"))
    return {key: str(machines[holder]) for key, holder in holders.items() if holder in machines}


class NicSecondaryIpResponse(Response):
    """A further address of a network card."""

    object_name = "nicsecondaryip"
    model = IpAllocation

    id = Field("uuid", help="UUID of the further address")
    ipaddress = Field("address", help="the address")
    nicid = Field("holder_uuid", help="its card")
    networkid = Field("network__uuid", help="the network that it is of")
    virtualmachineid = Loaded(_machines, type=STRING, help="the machine")
    secondaryip = Field(
        compute=lambda row: [{"id": str(row["uuid"]), "ipaddress": row["address"]}],
        needs=("uuid", "address"),
        type=LIST,
        help="the address once more, as cards show it",
    )
