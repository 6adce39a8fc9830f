"""Hosts on the wire: sizes in bytes, CPU in MHz, shares as texts such as ``12.5%``."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.infrastructure.models import Host
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from cloudstack.api import BOOL, INT, LONG, MAP, STRING, Field, Response

MIB = 1024 * 1024
CPU = ("cluster__uuid", "capacity__cpu_total_mhz", "capacity__cpu_used_mhz")
MEMORY = (
    "cluster__uuid",
    "capacity__memory_total_mib",
    "capacity__memory_reserved_mib",
    "capacity__memory_used_mib",
)


def _cpu(row: Mapping[str, Any]) -> tuple[int, int]:
    """Promised and promisable MHz."""
    limit = cpu_limit_mhz(row["capacity__cpu_total_mhz"] or 0, factors(row["cluster__uuid"]).cpu)
    return row["capacity__cpu_used_mhz"] or 0, limit


def _memory(row: Mapping[str, Any]) -> tuple[int, int]:
    """Promised and promisable bytes."""
    total, reserved = row["capacity__memory_total_mib"] or 0, row["capacity__memory_reserved_mib"] or 0
    limit = memory_limit_mib(total, reserved, factors(row["cluster__uuid"]).memory)
    return (row["capacity__memory_used_mib"] or 0) * MIB, limit * MIB


def _share(pair: tuple[int, int]) -> str:
    used, limit = pair
    return f"{100 * used / limit if limit else 0:.2f}%"


def _text(column: str) -> dict[str, Any]:
    """A text that is left out when it is empty."""
    return {"compute": lambda row: row[column] or None, "needs": (column,), "type": STRING}


def _of(pair: Callable[[Mapping[str, Any]], tuple[int, int]], show: Callable[[tuple[int, int]], Any]) -> Callable:
    return lambda row: show(pair(row))


class HostResponse(Response):
    """A host, for operators."""

    object_name = "host"
    model = Host

    id = Field("uuid")
    name = Field()
    state = Field("status")
    resourcestate = Field("resource_state")
    disconnected = Field("disconnected_at")
    type = Field()
    ipaddress = Field(**_text("private_ip"))
    zoneid = Field("zone__uuid")
    zonename = Field("zone__name")
    podid = Field("pod__uuid")
    podname = Field("pod__name")
    clusterid = Field("cluster__uuid")
    clustername = Field("cluster__name")
    clustertype = Field("cluster__cluster_type")
    hypervisor = Field()
    version = Field(**_text("version"))
    hypervisorversion = Field(**_text("hypervisor_version"))
    arch = Field("architecture")
    capabilities = Field(**_text("capabilities"))
    cpunumber = Field("cpus", type=INT)
    cpuspeed = Field("cpu_mhz", type=LONG, help="MHz of one core")
    cpuallocated = Field(compute=_of(_cpu, _share), needs=CPU, type=STRING)
    cpuallocatedvalue = Field(compute=_of(_cpu, lambda pair: pair[0]), needs=CPU, type=LONG)
    cpuallocatedpercentage = Field(compute=_of(_cpu, _share), needs=CPU, type=STRING)
    cpuallocatedwithoverprovisioning = Field(compute=_of(_cpu, _share), needs=CPU, type=STRING)
    cpuwithoverprovisioning = Field(compute=_of(_cpu, lambda pair: pair[1]), needs=CPU, type=STRING)
    memorytotal = Field(compute=lambda row: row["memory_mib"] * MIB, needs=("memory_mib",), type=LONG)
    memorywithoverprovisioning = Field(compute=_of(_memory, lambda pair: pair[1]), needs=MEMORY, type=STRING)
    memoryallocated = Field(compute=_of(_memory, lambda pair: pair[0]), needs=MEMORY, type=LONG)
    memoryallocatedbytes = Field(compute=_of(_memory, lambda pair: pair[0]), needs=MEMORY, type=LONG)
    memoryallocatedpercentage = Field(compute=_of(_memory, _share), needs=MEMORY, type=STRING)
    hasenoughcapacity = Field(
        compute=lambda row: _cpu(row)[0] < _cpu(row)[1] and _memory(row)[0] < _memory(row)[1],
        needs=(*CPU, *MEMORY),
        type=BOOL,
    )
    islocalstorageactive = Field("zone__local_storage_enabled")
    hosttags = Field(**_text("tags"))
    explicithosttags = Field(**_text("tags"))
    annotation = Field(**_text("annotation"))
    details = Field(type=MAP)
    lastpinged = Field("last_ping")
    created = Field()
    removed = Field()


CAPACITY_FIELDS = frozenset(
    name for name in HostResponse.fields() if name.startswith(("cpualloc", "cpuwith", "memoryalloc", "memorywith"))
) | {"hasenoughcapacity"}
"""What ``details=min`` leaves out."""
