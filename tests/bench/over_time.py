"""Figures over time of 100,000 machines that all run: taking them, rolling them up, and the pages that show them."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factories import UserFactory
from apps.accounts.models import Account
from apps.compute.models import MachineHistory, MachineSample, MachineStateHistory, MachineUsage, VirtualMachine
from apps.compute.services.sampling import sample_states
from apps.infrastructure.models import CapacityHistory, Host, HostHistory
from apps.infrastructure.services.sampling import sample_capacities
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, stretch
from cloudstack.framework.rollups.tables import families, prune, roll_up
from tests.bench.figures import Figure, milliseconds, percentile
from tests.support.cloud import SimulatedCloud

OVERVIEW_AIM_MS = 300
PAGE_AIM_MS = 1000
TIMES = 20
STRETCHES = 12


def figures(cloud: SimulatedCloud, rows: int) -> Iterator[list[Figure]]:
    """All that is measured here; machines run from now on."""
    VirtualMachine.objects.update(state="Running")
    yield [_sampled("machines by state, one look", lambda now: sample_states(now))]
    yield [_sampled("capacity of zones, one look", lambda now: sample_capacities(now))]
    _a_month_of(cloud)
    yield from _pages(cloud)
    yield from _rolled_up(rows)


def _sampled(name: str, look: Callable[[datetime], int]) -> Figure:
    moments = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(100))
    taken = milliseconds(lambda: look(next(moments)), times=5, warm=1)
    return Figure(name, percentile(taken, 50), "ms p50")


def _rolled_up(rows: int) -> Iterator[list[Figure]]:
    """An hour of all machines, measured each minute; the stretches are made one after the other."""
    MachineHistory.objects.all().delete()
    hour = stretch(timezone.now(), HOUR) - timedelta(hours=2)
    family = next(family for family in families() if family.model is MachineHistory)
    seconds = []
    for number in range(STRETCHES):
        began = hour + timedelta(seconds=FIVE_MINUTES * number)
        _samples(began)
        seconds.append(_seconds(lambda at=began: roll_up(family, at + timedelta(seconds=FIVE_MINUTES + 60))))
    note = f"{rows:,} rows of {5 * rows:,} samples; the last of {STRETCHES} also makes the hour"
    yield [Figure("roll-up of five minutes of all machines", percentile(seconds[:-1], 50), "s", aim=60, note=note)]
    yield [Figure("roll-up of an hour of all machines", seconds[-1], "s", aim=120)]
    kept = MachineHistory.objects.count()
    yield [
        Figure(
            "a row of a machine's history, with indexes", _size(MachineHistory) / kept, "bytes", note=f"{kept:,} rows"
        ),
        Figure("a sample of a machine, with indexes", _size(MachineSample) / MachineSample.objects.count(), "bytes"),
    ]  # fmt: skip
    late = hour + timedelta(hours=40)
    gone: list[int] = []
    complete = dict.fromkeys(family.widths, late)
    taken = _seconds(lambda: gone.append(prune(family, late, complete=complete)))
    yield [Figure("forgetting, rows a second", gone[0] / taken, "rows/s", aim=1000, more_is_better=True,
                  note=f"{gone[0]:,} rows; {rows * 288 / DAY:.0f} come a second")]  # fmt: skip


def _samples(began: datetime) -> None:
    """Five looks at each machine."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE compute_machinesample") if began.minute == 0 else None
        cursor.execute(
            "INSERT INTO compute_machinesample (vm_id, taken, cpu_percent, memory_used_mib, net_rx_bytes, net_tx_bytes,"
            " disk_read_bytes, disk_write_bytes, disk_read_ops, disk_write_ops, seconds)"
            " SELECT id, %s + make_interval(secs => 60 * look + id %% 60), id %% 100, 256, 1000000, 500000, 90000,"
            " 200000, 30, 60, 60 FROM compute_virtualmachine, generate_series(0, 4) look",
            [began],
        )


def _seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _size(model: type) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])  # type: ignore[attr-defined]
        return int(cursor.fetchone()[0])


def _a_month_of(cloud: SimulatedCloud) -> None:
    """Histories of the cloud, of one machine and one host in all widths, and what every machine uses now."""
    now = timezone.now()
    vm, host = VirtualMachine.objects.order_by("pk").first(), Host.objects.order_by("pk").first()
    for width_s, count in ((FIVE_MINUTES, 288), (HOUR, 768), (DAY, 365)):
        last = stretch(now, width_s)
        for model, common in (
            (MachineHistory, [{"vm": vm, "seconds": 300}]),
            (HostHistory, [{"host": host}]),
            (
                CapacityHistory,
                [{"zone": cloud.zone, "type": type, "total_sum": 9} for type in (0, 1, 2, 3, 4, 6, 7, 8)],
            ),
            (
                MachineStateHistory,
                [{"zone": cloud.zone, "state": state, "machines_sum": 9} for state in ("Running", "Stopped", "Error")],
            ),
        ):
            model.objects.bulk_create(
                (
                    model(width_s=width_s, began=last - timedelta(seconds=width_s * back), **fields)
                    for back in range(count)
                    for fields in common
                ),
                ignore_conflicts=True,
                batch_size=2000,
            )
    with connection.cursor() as cursor:
        columns = [
            field.column for field in MachineUsage._meta.concrete_fields if field.column not in ("vm_id", "taken")
        ]
        cursor.execute(
            f"INSERT INTO compute_machineusage (vm_id, taken, {', '.join(columns)})"
            f" SELECT id, now(), {', '.join('id % 90' for _ in columns)} FROM compute_virtualmachine"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute("VACUUM ANALYZE")


def _pages(cloud: SimulatedCloud) -> Iterator[list[Figure]]:
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client(headers={"host": "testserver"})
    client.force_login(UserFactory(username="bench-operator", account=Account.objects.get(pk=cloud.root.account_id)))
    vm, host = VirtualMachine.objects.order_by("pk").first(), Host.objects.order_by("pk").first()
    assert vm is not None and host is not None
    machine, its_host = (
        f"/admin/compute/virtualmachine/{vm.pk}/change/",
        f"/admin/infrastructure/host/{host.pk}/change/",
    )
    for name, path, aim, forget in (
        ("overview, a day", "/admin/", OVERVIEW_AIM_MS, False),
        ("overview, nothing in the cache", "/admin/", OVERVIEW_AIM_MS, True),
        ("overview, a month", "/admin/?span=1m", OVERVIEW_AIM_MS, False),
        ("page of a machine, a month", f"{machine}?span=1m", PAGE_AIM_MS, False),
        ("page of a host, a month", f"{its_host}?span=1m", PAGE_AIM_MS, False),
    ):
        yield [_page(client, name, path, aim, forget)]


def _page(client: Client, name: str, path: str, aim: float, forget: bool) -> Figure:
    sizes, worked = [], []

    def look() -> None:
        if forget:
            cache.clear()
        begun = time.process_time()
        response = client.get(path, secure=True)
        worked.append(1000 * (time.process_time() - begun))
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code}")
        sizes.append(len(response.content))

    taken = milliseconds(look, times=TIMES)
    with CaptureQueriesContext(connection) as captured:
        look()
    note = f"p50 {percentile(taken, 50):.0f} ms, of it {percentile(worked, 50):.0f} ms in Python; "
    note += f"{len(captured)} statements; {sizes[-1] / 1000:.0f} kB"
    return Figure(name, percentile(taken, 95), "ms p95", aim=aim, note=note)
