"""Records of placements on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.compute.models import VirtualMachinePlacement
from cloudstack.api import BOOL, FLOAT, INT, LIST, STRING, Field, Loaded, Response
from cloudstack.api.fields import Item
from cloudstack.framework.context import Caller


class PointsResponse(Response):
    """What one weigher gave to one host."""

    object_name = "points"

    weigher = Item(type=STRING, help="who weighed")
    points = Item(type=FLOAT, help="what it gave, its weight included")


class PlacementHostResponse(Response):
    """One host in the eyes of placement."""

    object_name = "host"

    id = Item(type=STRING, help="the host")
    name = Item(type=STRING, help="its name")
    verdict = Item(type=STRING, help="chosen, possible or refused")
    filter = Item(type=STRING, help="which filter refused it; promise when it could not be promised any more")
    reason = Item(type=STRING, help="why it was refused")
    total = Item(type=FLOAT, help="sum of its points")
    weighers = Item(type=LIST, help="its points by weigher (weigher, points)")


class RefusalsResponse(Response):
    """How many hosts one filter refused."""

    object_name = "refusals"

    filter = Item(type=STRING, help="the filter")
    hosts = Item(type=INT, help="how many hosts it refused")


def _hosts(keys: Sequence[int], caller: Caller) -> Mapping[int, Any]:
    rows = VirtualMachinePlacement.objects.filter(pk__in=keys).values_list("pk", "hosts")
    return {pk: [_host(host) for host in hosts] for pk, hosts in rows}


def _host(host: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in host.items() if name != "points"}
    points = host.get("points")
    if points:
        shown["weighers"] = [{"weigher": name, "points": value} for name, value in points.items()]
    return shown


class VirtualMachinePlacementResponse(Response):
    """Why a machine was put where it was put, or nowhere."""

    object_name = "virtualmachineplacement"
    model = VirtualMachinePlacement

    id = Field("uuid", help="the record")
    virtualmachineid = Field("vm__uuid", help="the machine")
    virtualmachinename = Field("vm__name", help="its name")
    jobid = Field("job_uuid", help="job that looked for a host")
    created = Field(help="when it looked")
    purpose = Field(help="what for: deploy, start, migrate, evacuate, drs, ha or restore")
    hostid = Field("host__uuid", help="host that was chosen; left out when none fitted or it is gone")
    hostname = Field(
        compute=lambda row: row["host_name"] or None,
        needs=("host_name",),
        type=STRING,
        help="name of that host; left out when none fitted",
    )
    summary = Field(help="why, in a sentence")
    algorithm = Field(help="vm.allocation.algorithm at that time")
    wanted = Field(help="what the machine needed of a host")
    considered = Field(help="how many hosts were looked at")
    possible = Field(help="how many of them fitted")
    onlyemptiest = Field("narrowed", type=BOOL, help="whether only the emptiest hosts of a large zone were looked at")
    refusedby = Field(
        compute=lambda row: [{"filter": name, "hosts": count} for name, count in row["refused_by"].items()],
        needs=("refused_by",),
        type=LIST,
        help="how many hosts each filter refused (filter, hosts)",
    )
    hosts = Loaded(
        _hosts,
        response=PlacementHostResponse,
        type=LIST,
        help="hosts with verdict and reason, best first; at most vm.placement.record.hosts",
    )
