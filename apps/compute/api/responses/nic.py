"""A network card on the wire."""

from apps.compute.models import Nic
from cloudstack.api import BOOL, INT, LIST, STRING, Field, Response


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
    secondaryip = Field(compute=lambda row: [], type=LIST, help="secondary addresses")
    extradhcpoption = Field(compute=lambda row: [], type=LIST, help="further DHCP options")
    mtu = Field("network__mtu", type=INT, help="largest packet in bytes")
