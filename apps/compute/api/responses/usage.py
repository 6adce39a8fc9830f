"""What machines use, on the wire."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import NullIf

from apps.compute.models import MachineHistory, MachineSample, VirtualMachine
from cloudstack.api import DATE, FLOAT, LIST, LONG, STRING, Field, Response
from cloudstack.framework.context import Caller

KIB, MIB = 1024, 1024**2


def percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}%"


def _kib(column: str, help: str) -> Field:
    return Field(
        compute=lambda row: None if row[column] is None else row[column] // KIB, needs=(column,), type=LONG, help=help
    )


def _mib(column: str, help: str) -> Field:
    return Field(
        compute=lambda row: None if row[column] is None else f"{row[column] / MIB:.2f} MB",
        needs=(column,),
        type=STRING,
        help=help,
    )


def _sum(columns: tuple[str, str], help: str) -> Field:
    return Field(
        compute=lambda row: None if row[columns[0]] is None else row[columns[0]] + row[columns[1]],
        needs=columns,
        type=LONG,
        help=help,
    )


def usage_fields(prefix: str, memory: str, *, taken: str, counters: str = "") -> dict[str, Field]:
    """Fields of a response by wire name. ``prefix`` leads to the figures, ``memory`` to the machine's MiB.

    ``counters`` stands before the names of counters; ``taken`` says of which time they are.
    """
    at = f"{prefix}{counters}"
    used = f"{prefix}memory_used_mib"

    def free(row: Mapping[str, Any]) -> int | None:
        return None if row[used] is None else max(0, row[memory] - row[used]) * KIB

    def whole(row: Mapping[str, Any]) -> int | None:
        return None if row[used] is None else row[memory] * KIB

    return {
        "cpuused": Field(
            compute=lambda row: percent(row[f"{prefix}cpu_percent"]),
            needs=(f"{prefix}cpu_percent",),
            type=STRING,
            help="share of its CPUs that it uses",
        ),
        "networkkbsread": _kib(f"{at}net_rx_bytes", f"KiB received {taken}"),
        "networkkbswrite": _kib(f"{at}net_tx_bytes", f"KiB sent {taken}"),
        "diskkbsread": _kib(f"{at}disk_read_bytes", f"KiB read from disks {taken}"),
        "diskkbswrite": _kib(f"{at}disk_write_bytes", f"KiB written to disks {taken}"),
        "diskioread": Field(f"{at}disk_read_ops", type=LONG, help=f"reads from disks {taken}"),
        "diskiowrite": Field(f"{at}disk_write_ops", type=LONG, help=f"writes to disks {taken}"),
        "memorykbs": Field(compute=whole, needs=(used, memory), type=LONG, help="its memory in KiB"),
        "memorytargetkbs": Field(compute=whole, needs=(used, memory), type=LONG, help="memory that it may use, in KiB"),
        "memoryintfreekbs": Field(compute=free, needs=(used, memory), type=LONG, help="memory free in it, in KiB"),
    }


def metric_fields(prefix: str, *, counters: str = "") -> dict[str, Field]:
    """The same in words of people."""
    at = f"{prefix}{counters}"
    return {
        "networkread": _mib(f"{at}net_rx_bytes", "what it received"),
        "networkwrite": _mib(f"{at}net_tx_bytes", "what it sent"),
        "diskread": _mib(f"{at}disk_read_bytes", "what it read from disks"),
        "diskwrite": _mib(f"{at}disk_write_bytes", "what it wrote to disks"),
        "diskiopstotal": _sum((f"{at}disk_read_ops", f"{at}disk_write_ops"), "reads and writes of its disks"),
    }


def declared(name: str, fields: Mapping[str, Field]) -> Any:
    """A base class of responses with ``fields``."""
    return type(name, (Response,), {"__doc__": "What a machine uses.", **fields})


LATEST = "between the last two looks at it"
EVER = "since it was started"
_MACHINE = {
    "cputotal": Field(
        compute=lambda row: f"{row['cpus'] * row['cpu_mhz'] / 1000:.2f} Ghz",
        needs=("cpus", "cpu_mhz"),
        type=STRING,
        help="promised speed of all its CPUs",
    ),
    "memorytotal": Field(
        compute=lambda row: f"{row['memory_mib'] / 1024:.2f} GB", needs=("memory_mib",), type=STRING, help="its memory"
    ),
}
UsageFields = declared("UsageFields", usage_fields("usage__", "memory_mib", taken=LATEST))
TotalUsageFields = declared("TotalUsageFields", usage_fields("usage__", "memory_mib", taken=EVER, counters="total_"))
MetricFields = declared("MetricFields", {**_MACHINE, **metric_fields("usage__")})
TotalMetricFields = declared("TotalMetricFields", {**_MACHINE, **metric_fields("usage__", counters="total_")})
_Sampled = declared(
    "SampledFields",
    {**usage_fields("", "vm__memory_mib", taken="since the sample before"), **metric_fields("")},
)


class SampleResponse(_Sampled):  # type: ignore[misc]
    """What a machine used at one time."""

    object_name = "stats"
    model = MachineSample

    diskread = None
    diskwrite = None
    timestamp = Field("taken", type=DATE, help="when it was looked at, or when the stretch of time began")
    seconds = Field(type=FLOAT, help="of how many seconds the counters are; 0 when that is not known")


class HistoryResponse(SampleResponse):
    """What a machine used in a stretch of time: means of CPU and memory, sums of what is counted."""

    object_name = "stats"
    model = MachineHistory

    timestamp = Field("began", type=DATE, help="when the stretch began")
    cpuusedmax = Field(
        compute=lambda row: percent(row["cpu_percent_max"]),
        needs=("cpu_percent_max",),
        type=STRING,
        help="the highest share of its CPUs in the stretch",
    )

    @classmethod
    def prepare(cls, queryset: "QuerySet[Any]", *, caller: Caller) -> "QuerySet[Any]":
        return queryset.annotate(
            cpu_percent=F("cpu_percent_sum") / NullIf(F("cpu_samples"), 0),
            memory_used_mib=F("memory_used_mib_sum") / F("samples"),
        )


class UsageHistoryResponse(Response):
    object_name = "virtualmachine"
    model = VirtualMachine

    id = Field("uuid", help="UUID of the machine")
    name = Field(help="its name")
    displayname = Field("display_name", help="name for people")
    stats = Field(compute=lambda row: [], type=LIST, help="what it used, the latest first")
