"""Machines that run the platform, on the wire."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from cloudstack.api import BOOL, DATE, INT, LIST, STRING, Field, Response
from cloudstack.framework.context import Caller
from cloudstack.framework.nodes.models import ManagementServer
from cloudstack.framework.nodes.service import state_of, with_running_jobs

OF_STATE = ("web_seen", "worker_seen", "wish", "shutdown_triggered")


def _state(row: Mapping[str, Any]) -> str:
    return state_of(ManagementServer(**{column: row[column] for column in OF_STATE}), row["jobs"])


class ManagementServerResponse(Response):
    """A machine that runs the platform."""

    object_name = "managementserver"
    model = ManagementServer

    id = Field("uuid")
    name = Field(help="its host name")
    state = Field(
        compute=_state,
        needs=(*OF_STATE, "jobs"),
        type=STRING,
        help="Up, Down, PreparingForMaintenance, Maintenance, PreparingForShutDown, ReadyToShutDown or ShuttingDown",
    )
    version = Field(help="version of the command API that it serves")
    osdistribution = Field("os", help="its operating system")
    kernelversion = Field("kernel", help="release of its kernel")
    serviceip = Field("address", help="its address")
    ipaddress = Field("address", help="its address")
    lastserverstart = Field("started", type=DATE, help="when the platform began on it")
    lastserverstop = Field("stopped", type=DATE, help="when it was last heard of before that")
    lastboottime = Field("booted", type=DATE, help="when the machine itself began")
    pendingjobscount = Field("jobs", type=INT, help="jobs that its workers carry")

    @classmethod
    def prepare(cls, queryset: "QuerySet[Any]", *, caller: Caller) -> "QuerySet[Any]":
        return with_running_jobs(queryset)


def _figure(name: str, unit: Any = lambda value: value) -> Any:
    return lambda row: unit(row["figures"][name]) if name in row["figures"] else None


def _bytes(number: int) -> str:
    return f"{number / (1 << 30):.2f} GB"


class ManagementServerMetricsResponse(ManagementServerResponse):
    """A machine that runs the platform, with figures of its last heartbeat."""

    availableprocessors = Field(compute=_figure("cpus"), needs=("figures",), type=INT, help="its processors")
    systemloadaverages = Field(
        compute=_figure("loads"), needs=("figures",), type=LIST, help="processes that wanted to run in 1, 5, 15 minutes"
    )
    cpuload = Field(
        compute=_figure("cpu_share", lambda share: f"{share * 100:.2f}%"),
        needs=("figures",),
        type=STRING,
        help="the load of the last minute over its processors",
    )
    systemmemorytotal = Field(
        compute=_figure("memory", _bytes), needs=("figures",), type=STRING, help="its memory, GiB"
    )
    systemmemoryfree = Field(
        compute=_figure("memory_free", _bytes), needs=("figures",), type=STRING, help="memory to be had, GiB"
    )
    systemmemoryused = Field(
        compute=lambda row: (
            _bytes(row["figures"]["memory"] - row["figures"]["memory_free"]) if "memory" in row["figures"] else None
        ),
        needs=("figures",),
        type=STRING,
        help="memory in use, GiB",
    )
    collectiontime = Field("worker_seen", type=DATE, help="when the figures were taken")


class ManagementServerMaintenanceResponse(Response):
    """How far a management server is on its way to maintenance or shutdown."""

    object_name = "managementserver"

    managementserverid = Field(type=STRING, help="its UUID")
    state = Field(type=STRING, help="its state, as in listManagementServers")
    maintenanceinitiated = Field(type=BOOL, help="whether it is to be in maintenance")
    shutdowntriggered = Field(type=BOOL, help="whether it is ending")
    readyforshutdown = Field(type=BOOL, help="whether it can be ended now: it takes no work and carries no job")
    pendingjobscount = Field(type=INT, help="jobs that its workers carry")
