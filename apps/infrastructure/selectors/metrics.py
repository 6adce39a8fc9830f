"""How busy zones and clusters are: one statement for the whole page, however many hosts stand in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Max, Q, Sum
from django.db.models.functions import Cast, NullIf

from apps.infrastructure.config import DRS_METRIC
from apps.infrastructure.models import Host
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.states import HostStatus, ResourceState

ZERO: dict[str, Any] = {"default": 0}


@dataclass
class Busyness:
    """Hosts of a place in figures: MHz and MiB; ``used`` is measured, ``promised`` is what machines were promised.

    ``used`` and the deviations are None when no host has told. A deviation is how far the busiest host lies above
    the mean, in percent of the mean.
    """

    hosts: int = 0
    hosts_up: int = 0
    cpu_total: int = 0
    cpu_limit: int = 0
    cpu_promised: int = 0
    cpu_used: float | None = None
    memory_total: int = 0
    memory_limit: int = 0
    memory_promised: int = 0
    memory_used: int | None = None
    cpu_share_sum: float = 0.0
    cpu_share_max: float | None = None
    memory_share_sum: float = 0.0
    memory_share_max: float | None = None
    measured: int = 0
    shares: tuple[int, float, float] = (0, 0.0, 0.0)
    """Hosts in service, and the sum of their promised shares and of the squares of these."""

    @property
    def cpu_deviation(self) -> float | None:
        return _deviation(self.cpu_share_max, self.cpu_share_sum, self.measured)

    @property
    def memory_deviation(self) -> float | None:
        return _deviation(self.memory_share_max, self.memory_share_sum, self.measured)

    @property
    def imbalance(self) -> float | None:
        """Standard deviation of the promised shares of hosts in service over their mean."""
        count, total, squares = self.shares
        if not count:
            return None
        mean = total / count
        return sqrt(max(squares / count - mean**2, 0.0)) / mean if mean else 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Take in the sums of one cluster: each has an over-provisioning of its own."""
        factor = factors(row["cluster__uuid"])
        self.hosts += row["hosts"]
        self.hosts_up += row["up"]
        self.cpu_total += row["cpu_total"]
        self.cpu_limit += cpu_limit_mhz(row["cpu_total"], factor.cpu)
        self.cpu_promised += row["cpu_promised"]
        self.memory_total += row["memory_total"]
        self.memory_limit += memory_limit_mib(row["memory_total"], row["memory_kept"], factor.memory)
        self.memory_promised += row["memory_promised"]
        kind = str(DRS_METRIC.value(row["cluster__uuid"]))
        count, total, squares = self.shares
        in_service = row["in_service"]
        self.shares = (
            count + in_service,
            total + in_service * (row[f"{kind}_promised_mean"] or 0.0),
            squares + in_service * (row[f"{kind}_promised_squares"] or 0.0),
        )
        if row["measured"]:
            self.measured += row["measured"]
            self.cpu_used = (self.cpu_used or 0.0) + row["cpu_used"]
            self.memory_used = (self.memory_used or 0) + row["memory_used"]
            self.cpu_share_sum += row["cpu_share_mean"] * row["measured"]
            self.memory_share_sum += row["memory_share_mean"] * row["measured"]
            self.cpu_share_max = max(self.cpu_share_max or 0.0, row["cpu_share_max"])
            self.memory_share_max = max(self.memory_share_max or 0.0, row["memory_share_max"])


def _deviation(highest: float | None, total: float, count: int) -> float | None:
    mean = total / count if count else 0.0
    if highest is None or not mean:
        return None if highest is None else 0.0
    return 100 * (highest - mean) / mean


def busyness_by(column: str, keys: Sequence[int]) -> dict[int, Busyness]:
    """Figures of zones or clusters (``column``: ``zone``, ``cluster``) by primary key."""
    found = {key: Busyness() for key in keys}
    for row in _by_cluster(Host.objects.filter(**{f"{column}_id__in": keys})):
        found[row[f"{column}_id"]].add(row)
    return found


def _by_cluster(hosts: Any) -> Iterable[dict[str, Any]]:
    told = Q(cpu_used_percent__isnull=False, memory_used_mib__isnull=False, memory_mib__gt=0)
    share = F("memory_used_mib") * 100.0 / F("memory_mib")
    serving = Q(
        status=HostStatus.UP,
        resource_state=ResourceState.ENABLED,
        capacity__cpu_total_mhz__gt=0,
        capacity__memory_total_mib__gt=F("capacity__memory_reserved_mib"),
    )
    cpu = Cast("capacity__cpu_used_mhz", FloatField()) / NullIf(Cast("capacity__cpu_total_mhz", FloatField()), 0.0)
    usable = F("capacity__memory_total_mib") - F("capacity__memory_reserved_mib")
    memory = Cast("capacity__memory_used_mib", FloatField()) / NullIf(Cast(usable, FloatField()), 0.0)
    grouped: Iterable[dict[str, Any]] = (
        hosts.values("zone_id", "cluster_id", "cluster__uuid")
        .annotate(
            hosts=Count("pk"),
            up=Count("pk", filter=Q(status=HostStatus.UP)),
            measured=Count("pk", filter=told),
            cpu_total=Sum("capacity__cpu_total_mhz", **ZERO),
            cpu_promised=Sum("capacity__cpu_used_mhz", **ZERO),
            cpu_used=Sum(F("cpus") * F("cpu_mhz") * F("cpu_used_percent") / 100.0, filter=told, default=0.0),
            cpu_share_mean=Avg("cpu_used_percent", filter=told),
            cpu_share_max=Max("cpu_used_percent", filter=told),
            in_service=Count("pk", filter=serving),
            cpu_promised_mean=Avg(cpu, filter=serving),
            cpu_promised_squares=Avg(cpu * cpu, filter=serving),
            memory_promised_mean=Avg(memory, filter=serving),
            memory_promised_squares=Avg(memory * memory, filter=serving),
            memory_total=Sum("capacity__memory_total_mib", **ZERO),
            memory_kept=Sum("capacity__memory_reserved_mib", **ZERO),
            memory_promised=Sum("capacity__memory_used_mib", **ZERO),
            memory_used=Sum("memory_used_mib", filter=told, **ZERO),
            memory_share_mean=Avg(share, filter=told),
            memory_share_max=Max(share, filter=told),
        )
        .order_by("zone_id", "cluster_id")
    )
    return grouped
