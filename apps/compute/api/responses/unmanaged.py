"""Machines that are not the cloud's, on the wire."""

from typing import Any

from apps.compute.models import UnmanagedVm
from cloudstack.api import BOOL, INT, LIST, LONG, STRING, Field, Response
from cloudstack.api.fields import Item
from cloudstack.contracts.hypervisor import PowerState

POWER = {
    PowerState.ON.value: "PowerOn",
    PowerState.OFF.value: "PowerOff",
    PowerState.PAUSED.value: "PowerUnknown",
}
MIB = 1 << 20


class UnmanagedDiskResponse(Response):
    """A disk of such a machine."""

    object_name = "disk"

    id = Item(type=STRING, help="its number, by which datadiskofferinglist names it")
    label = Item(type=STRING, help="its name for people")
    capacity = Item(type=LONG, help="bytes")
    imagepath = Item(type=STRING, help="where it lies")
    controller = Item(type=STRING, help="kind of its controller")
    position = Item(type=INT, help="its number")
    datastorename = Item(type=STRING, help="the hypervisor's name of its storage")


class UnmanagedNicResponse(Response):
    """A network card of such a machine."""

    object_name = "nic"

    id = Item(type=STRING, help="its MAC address, by which nicnetworklist and nicipaddresslist name it")
    macaddress = Item(type=STRING, help="MAC address")
    networkname = Item(type=STRING, help="what it is plugged into, in the hypervisor's words")
    vlanid = Item(type=INT, help="its VLAN; left out when the hypervisor does not tell")
    ipaddress = Item(type=STRING, help="address, as the guest tells")


def _disk(disk: dict[str, Any]) -> dict[str, Any]:
    number = disk["device_id"]
    shown = {
        "id": str(number),
        "label": f"Hard disk {number}",
        "capacity": disk["size_bytes"],
        "imagepath": disk["path"],
        "controller": disk.get("controller", ""),
        "position": number,
        "datastorename": disk["storage"],
    }
    return {name: value for name, value in shown.items() if value != ""}


def _nic(nic: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": nic["mac"].lower(),
        "macaddress": nic["mac"].lower(),
        "networkname": nic["network"],
        "vlanid": nic.get("vlan") or "",
        "ipaddress": nic.get("ipv4", ""),
    }
    return {name: value for name, value in shown.items() if value != ""}


class UnmanagedInstanceResponse(Response):
    """A machine on a host of the cloud that the cloud does not look after."""

    object_name = "unmanagedinstance"
    model = UnmanagedVm

    id = Field("machine_uuid", type=STRING, help="its UUID, which it keeps when it is taken over")
    name = Field(help="its name at the hypervisor")
    clusterid = Field("host__cluster__uuid", help="its cluster")
    clustername = Field("host__cluster__name", help="name of its cluster")
    hostid = Field("host__uuid", help="its host")
    hostname = Field("host__name", help="name of its host")
    powerstate = Field(compute=lambda row: POWER[row["power"]], needs=("power",), type=STRING, help="PowerOn, PowerOff")
    cpunumber = Field("cpus", help="virtual CPUs")
    cpuspeed = Field(
        compute=lambda row: row["cpu_mhz"] or None,
        needs=("cpu_mhz",),
        type=INT,
        help="most MHz that one CPU may take; left out without a limit",
    )
    memory = Field("memory_mib", type=INT, help="MiB of memory")
    osdisplayname = Field(
        compute=lambda row: row["operating_system"] or None,
        needs=("operating_system",),
        type=STRING,
        help="its system, as the hypervisor was told",
    )
    boottype = Field(
        compute=lambda row: (row["details"].get("boot_type") or "BIOS").upper(),
        needs=("details",),
        type=STRING,
        help="BIOS or UEFI",
    )
    disk = Field(
        compute=lambda row: [_disk(one) for one in row["disks"]],
        needs=("disks",),
        type=LIST,
        help="its disks (id, label, capacity, imagepath, controller, position, datastorename)",
    )
    nic = Field(
        compute=lambda row: [_nic(one) for one in row["nics"]],
        needs=("nics",),
        type=LIST,
        help="its cards (id, macaddress, networkname, vlanid, ipaddress)",
    )
    seen = Field(help="when its host told of it last")


class UnmanageResponse(Response):
    """How giving a machine back ended."""

    object_name = "unmanageresult"

    success = Item(type=BOOL, help="whether it is unmanaged now")
    details = Item(type=STRING, help="the same in a sentence")
    hostid = Item(type=STRING, help="host on which it runs")
