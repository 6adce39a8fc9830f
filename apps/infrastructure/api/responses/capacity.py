"""Capacity and hypervisors on the wire."""

from apps.infrastructure.selectors.capacities import Capacity, capacities_by
from cloudstack.api import INT, LONG, STRING, Field, Response
from cloudstack.framework.context import Caller


class CapacityResponse(Response):
    """How much of one kind is there: memory in bytes, CPU in MHz."""

    object_name = "capacity"

    type = Field(type=INT, help="number of the kind, as in the parameter type")
    name = Field(type=STRING)
    zoneid = Field(type=STRING)
    zonename = Field(type=STRING)
    podid = Field(type=STRING)
    podname = Field(type=STRING)
    clusterid = Field(type=STRING)
    clustername = Field(type=STRING)
    capacityallocated = Field(type=LONG, help="promised to machines")
    capacityused = Field(type=LONG)
    capacitytotal = Field(type=LONG, help="with over-provisioning")
    percentused = Field(type=STRING)
    tag = Field(type=STRING, help="the tag asked for")


class HypervisorResponse(Response):
    """A hypervisor that can be used."""

    object_name = "hypervisor"

    name = Field(type=STRING)


def capacity_row(capacity: Capacity) -> dict:
    """One capacity as clients know it; places that are not meant are left out."""
    place = capacity.place
    row = {
        "type": capacity.type,
        "name": capacity.name,
        "zoneid": place.zone_uuid,
        "zonename": place.zone_name,
        "podid": place.pod_uuid,
        "podname": place.pod_name,
        "clusterid": place.cluster_uuid,
        "clustername": place.cluster_name,
        "capacityallocated": capacity.used,
        "capacityused": capacity.used,
        "capacitytotal": capacity.total,
        "percentused": f"{capacity.percent:.2f}",
        "tag": capacity.tag,
    }
    return {name: value for name, value in row.items() if value != ""}


def capacity_loader(column: str):
    """A loader of the capacity of zones, pods or clusters for ``showcapacities``."""

    def load(keys: list[int], caller: Caller) -> dict[int, list[dict]]:
        found = capacities_by(column, keys, caller=caller)
        return {key: [capacity_row(one) for one in rows] for key, rows in found.items()}

    return load
