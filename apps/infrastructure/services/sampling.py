"""Looks at what changes all the time and notes it: how much of zones is taken, how busy hosts are."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from apps.accounts.selectors.callers import system_caller
from apps.infrastructure.config import PING_INTERVAL, PING_TIMEOUT
from apps.infrastructure.models import CapacityHistory, Host, HostHistory, Zone
from apps.infrastructure.selectors.capacities import capacities
from apps.infrastructure.states import HostStatus
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE, stretch
from cloudstack.framework.rollups.config import SAMPLING_INTERVAL
from cloudstack.framework.rollups.models import History
from cloudstack.framework.rollups.tables import Family, register

BATCH = 2000


def register_families() -> None:
    register(Family(CapacityHistory, (FIVE_MINUTES, HOUR, DAY)))
    register(Family(HostHistory, (MINUTE, FIVE_MINUTES, HOUR, DAY)))


def is_time(model: type[History], now: datetime) -> bool:
    """Whether ``model`` has no look yet in this interval of ``statistics.sampling.interval``."""
    since = stretch(now, SAMPLING_INTERVAL.value())
    return not model._base_manager.filter(width_s=FIVE_MINUTES, began__gte=since).exists()


def sample_capacities(now: datetime | None = None) -> int:
    """Note how much of each kind every zone has and how much of it is taken; answers how many figures were noted."""
    now = now or timezone.now()
    if not is_time(CapacityHistory, now):
        return 0
    zones = {str(uuid): pk for uuid, pk in Zone.objects.values_list("uuid", "pk")}
    common = {"width_s": FIVE_MINUTES, "began": stretch(now, FIVE_MINUTES)}
    rows = [
        CapacityHistory(
            zone_id=zones[one.place.zone_uuid], type=one.type, used_sum=one.used, total_sum=one.total,
            used_max=one.used, **common,
        )
        for one in capacities(caller=system_caller())
        if one.place.zone_uuid in zones
    ]  # fmt: skip
    CapacityHistory.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return len(rows)


def sample_hosts(now: datetime | None = None) -> int:
    """Note how busy each host was when it last said so; answers how many hosts were noted. Two statements to read."""
    now = now or timezone.now()
    patience = timedelta(seconds=PING_INTERVAL.value() * PING_TIMEOUT.value())
    hosts = Host.objects.filter(
        status=HostStatus.UP, last_ping__gte=now - patience, cpu_used_percent__isnull=False
    ).values_list("pk", "last_ping", "cpu_used_percent", "memory_used_mib", "network_rx_bytes", "network_tx_bytes")
    before = _counters_before(now)
    rows = []
    for pk, told, cpu, memory, received, sent in hosts:
        began = stretch(told, MINUTE)
        known = before.get(pk)
        if known is not None and known["began"] >= began:
            continue
        rows.append(
            HostHistory(
                host_id=pk, width_s=MINUTE, began=began, cpu_percent_sum=cpu, cpu_percent_max=cpu,
                memory_used_mib_sum=memory or 0, memory_used_mib_max=memory or 0,
                rx_counter=received, tx_counter=sent, **_traffic(known, began, received, sent),
            )
        )  # fmt: skip
    HostHistory.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return len(rows)


def _counters_before(now: datetime) -> dict[int, dict[str, Any]]:
    """The latest minute of each host, of those of the last minutes: what is older says little of the minute now."""
    recent = HostHistory.objects.filter(width_s=MINUTE, began__gte=now - timedelta(minutes=15))
    latest = dict(recent.order_by().values_list("host").annotate(last=Max("began")))
    columns = ("host_id", "began", "rx_counter", "tx_counter")
    rows = recent.filter(began__gte=min(latest.values(), default=now)).values(*columns)
    return {row["host_id"]: row for row in rows if latest.get(row["host_id"]) == row["began"]}


def _traffic(known: dict[str, Any] | None, began: datetime, received: int | None, sent: int | None) -> dict[str, int]:
    """Bytes since the look before. Counters that fell began anew with the host: nothing is known of that time."""
    if known is None or None in (received, sent, known["rx_counter"], known["tx_counter"]):
        return {}
    rx, tx = (received or 0) - known["rx_counter"], (sent or 0) - known["tx_counter"]
    if rx < 0 or tx < 0:
        return {}
    return {"net_rx_bytes": rx, "net_tx_bytes": tx, "net_seconds": int((began - known["began"]).total_seconds())}
