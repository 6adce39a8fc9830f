"""Hosts on the wire: sizes in bytes, CPU in MHz, shares as texts such as ``12.5%``."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from apps.accounts.api.attached import Annotated, last_note
from apps.infrastructure.models import Host
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.states import HOST_STATUS_TRANSITIONS
from cloudstack.api import BOOL, DATE, FLOAT, INT, LONG, MAP, STRING, Field, Response

MIB = 1024 * 1024
CPU = ("cluster__uuid", "capacity__cpu_total_mhz", "capacity__cpu_used_mhz")
MEMORY = (
    "cluster__uuid",
    "capacity__memory_total_mib",
    "capacity__memory_reserved_mib",
    "capacity__memory_used_mib",
)


def cpu_of(row: Mapping[str, Any]) -> tuple[int, int]:
    """Promised and promisable MHz."""
    limit = cpu_limit_mhz(row["capacity__cpu_total_mhz"] or 0, factors(row["cluster__uuid"]).cpu)
    return row["capacity__cpu_used_mhz"] or 0, limit


def memory_of(row: Mapping[str, Any]) -> tuple[int, int]:
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


class HostTagResponse(Response):
    """A tag that hosts carry."""

    object_name = "hosttag"

    id = Field(type=STRING, help="the same for the same tag")
    name = Field(type=STRING, help="the tag")
    isimplicit = Field(type=BOOL, help="whether a host gave it to itself: never")


def _never(row: Mapping[str, Any]) -> bool:
    return False


def _bytes_of(column: str, unit: int) -> dict[str, Any]:
    """A size column in another unit; left out when nobody has told it."""
    return {
        "compute": lambda row: None if row[column] is None else int(row[column] * unit),
        "needs": (column,),
        "type": LONG,
    }


def _kib_of(column: str) -> dict[str, Any]:
    return {
        "compute": lambda row: None if row[column] is None else row[column] // 1024,
        "needs": (column,),
        "type": LONG,
    }


def _of_local_pools(column: str) -> Callable[[], Subquery]:
    """Summed over the storage of the host alone, which an app above keeps; NULL where there is none."""

    def build() -> Subquery:
        local = Q(local_pools__removed__isnull=True)
        hosts: QuerySet[Any, Any] = Host.all_objects.filter(pk=OuterRef("pk")).order_by().values("pk")
        return Subquery(hosts.annotate(_sum=Sum(f"local_pools__{column}", filter=local)).values("_sum"))

    return build


def _events(row: Mapping[str, Any]) -> str:
    """What may happen to the connection next."""
    return "; ".join(event for (status, event) in HOST_STATUS_TRANSITIONS if status == row["status"])


class HostResponse(Annotated):
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
    oscategoryid = Field("guest_os_category__uuid", help="guests of this category come here first")
    oscategoryname = Field("guest_os_category__name", help="name of that category")
    cpusockets = Field("cpu_sockets", type=INT, help="processor packages")
    cpunumber = Field("cpus", type=INT)
    cpuspeed = Field("cpu_mhz", type=LONG, help="MHz of one core")
    cpuallocated = Field(compute=_of(cpu_of, _share), needs=CPU, type=STRING)
    cpuallocatedvalue = Field(compute=_of(cpu_of, lambda pair: pair[0]), needs=CPU, type=LONG)
    cpuallocatedpercentage = Field(compute=_of(cpu_of, _share), needs=CPU, type=STRING)
    cpuallocatedwithoverprovisioning = Field(compute=_of(cpu_of, _share), needs=CPU, type=STRING)
    cpuused = Field(
        compute=lambda row: None if row["cpu_used_percent"] is None else f"{row['cpu_used_percent']:.2f}%",
        needs=("cpu_used_percent",),
        type=STRING,
        help="share of its CPU that is really busy",
    )
    cpuloadaverage = Field("load_average", type=FLOAT, help="processes that run or wait, averaged over a minute")
    networkkbsread = Field(**_kib_of("network_rx_bytes"), help="KiB received since it started")
    networkkbswrite = Field(**_kib_of("network_tx_bytes"), help="KiB sent since it started")
    cpuwithoverprovisioning = Field(compute=_of(cpu_of, lambda pair: pair[1]), needs=CPU, type=STRING)
    memorytotal = Field(compute=lambda row: row["memory_mib"] * MIB, needs=("memory_mib",), type=LONG)
    memorywithoverprovisioning = Field(compute=_of(memory_of, lambda pair: pair[1]), needs=MEMORY, type=STRING)
    memoryallocated = Field(compute=_of(memory_of, lambda pair: pair[0]), needs=MEMORY, type=LONG)
    memoryallocatedbytes = Field(compute=_of(memory_of, lambda pair: pair[0]), needs=MEMORY, type=LONG)
    memoryallocatedpercentage = Field(compute=_of(memory_of, _share), needs=MEMORY, type=STRING)
    memoryused = Field(**_bytes_of("memory_used_mib", MIB), help="bytes really in use")
    disksizetotal = Field(expression=_of_local_pools("capacity_bytes"), type=LONG, help="bytes of its local storage")
    disksizeallocated = Field(
        expression=_of_local_pools("allocated_bytes"), type=LONG, help="bytes of its local storage that are promised"
    )
    hasenoughcapacity = Field(
        compute=lambda row: cpu_of(row)[0] < cpu_of(row)[1] and memory_of(row)[0] < memory_of(row)[1],
        needs=(*CPU, *MEMORY),
        type=BOOL,
    )
    islocalstorageactive = Field("zone__local_storage_enabled")
    hosttags = Field(**_text("tags"))
    explicithosttags = Field(**_text("tags"))
    istagarule = Field(compute=_never, type=BOOL, help="whether its tags are a rule: never")
    annotation = last_note(Host, "text", type=STRING, help="the newest note about it")
    lastannotated = last_note(Host, "created", type=DATE, help="when that was written")
    username = last_note(Host, "user__username", type=STRING, help="who wrote that")
    events = Field(compute=_events, needs=("status",), type=STRING, help="what may happen to the connection next")
    hahost = Field(compute=_never, type=BOOL, help="whether it is kept for restarted machines alone: never")
    encryptionsupported = Field(compute=_never, type=BOOL, help="whether it opens encrypted volumes: never")
    instanceconversionsupported = Field(compute=_never, type=BOOL, help="whether it converts foreign disks: never")
    ueficapability = Field(compute=_never, type=BOOL, help="whether it boots guests by UEFI: never")
    details = Field(type=MAP)
    lastpinged = Field("last_ping")
    created = Field()
    removed = Field()


CAPACITY_FIELDS = frozenset(
    name for name in HostResponse.fields() if name.startswith(("cpualloc", "cpuwith", "memoryalloc", "memorywith"))
) | {"hasenoughcapacity"}
"""What ``details=min`` leaves out, as all that follows."""
STATS_FIELDS = frozenset({"cpuused", "cpuloadaverage", "networkkbsread", "networkkbswrite", "memoryused"})
EVENT_FIELDS = frozenset({"events"})
