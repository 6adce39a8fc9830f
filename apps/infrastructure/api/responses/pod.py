"""Pods on the wire."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.api.attached import Annotated
from apps.infrastructure.api.responses.capacity import CapacityResponse, capacity_loader
from apps.infrastructure.models import Pod
from cloudstack.api import LIST, STRING, Field, Loaded

_RANGE = ("start_ip", "end_ip", "gateway")


def _ranges(row: Mapping[str, Any]) -> list[dict[str, str]]:
    if not row["start_ip"]:
        return []
    return [{"startip": row["start_ip"], "endip": row["end_ip"] or row["start_ip"], "gateway": row["gateway"]}]


class PodResponse(Annotated):
    """A pod."""

    object_name = "pod"
    model = Pod

    id = Field("uuid")
    name = Field()
    zoneid = Field("zone__uuid")
    zonename = Field("zone__name")
    gateway = Field(compute=lambda row: row["gateway"] or None, needs=("gateway",), type=STRING)
    netmask = Field(compute=lambda row: row["netmask"] or None, needs=("netmask",), type=STRING)
    ipranges = Field(compute=_ranges, needs=_RANGE, type=LIST)
    startip = Field(compute=lambda row: [one["startip"] for one in _ranges(row)], needs=_RANGE, type=LIST)
    endip = Field(compute=lambda row: [one["endip"] for one in _ranges(row)], needs=_RANGE, type=LIST)
    allocationstate = Field("allocation_state")
    capacity = Loaded(capacity_loader("pod"), type=LIST, response=CapacityResponse, help="with showcapacities only")
