"""Figures over time: what is sampled of machines, rolled up in the database, and forgotten in time."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.compute.models import MachineHistory, MachineSample, MachineStateHistory, VirtualMachine
from apps.compute.scheduled import collect_statistics, sample_states
from apps.compute.services import sampling
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, Point, fold, stretch
from cloudstack.framework.rollups.config import FIVE_MINUTES_KEPT_HOURS
from cloudstack.framework.rollups.scheduled import roll_up as roll_up_job
from cloudstack.framework.rollups.tables import families, prune, roll_up
from cloudstack.framework.scheduler import runner

from .conftest import Cloud

MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)
FAMILY = next(family for family in families() if family.model is MachineHistory)
SUMS = (*MachineHistory.sums,)


def samples(vm: VirtualMachine, seconds: int, *, seed: int, every: int = 60) -> list[MachineSample]:
    """What a machine did from midnight on, with looks that were missed."""
    dice = random.Random(seed)
    rows = []
    for second in range(7, seconds, every):
        if dice.random() < 0.2:
            continue
        first = dice.random() < 0.05
        rows.append(
            MachineSample(
                vm=vm, taken=MIDNIGHT + timedelta(seconds=second), cpu_percent=None if first else dice.random() * 100,
                seconds=0 if first else every, memory_used_mib=dice.randrange(512), net_rx_bytes=dice.randrange(10**9),
                disk_write_ops=dice.randrange(1000),
            )
        )  # fmt: skip
    return MachineSample.objects.bulk_create(rows)


def expected(rows: list[MachineSample], width_s: int) -> dict[datetime, Point]:
    """The same by the pure rules."""
    groups: dict[datetime, list[Point]] = {}
    for row in rows:
        sums: dict[str, float] = dict.fromkeys(SUMS, 0)
        sums |= {"cpu_samples": int(row.cpu_percent is not None), "cpu_percent_sum": row.cpu_percent or 0}
        sums |= {"memory_used_mib_sum": row.memory_used_mib, "seconds": row.seconds}
        if row.seconds:
            sums |= {name: getattr(row, name) for name in MachineHistory.counters}
        peaks = {"cpu_percent_max": row.cpu_percent, "memory_used_mib_max": row.memory_used_mib}
        groups.setdefault(stretch(row.taken, width_s), []).append(Point(1, sums, peaks))
    return {began: fold(points) for began, points in groups.items()}


def stored(vm: VirtualMachine, width_s: int) -> dict[datetime, Point]:
    rows = MachineHistory.objects.filter(vm=vm, width_s=width_s)
    return {
        row.began: Point(
            row.samples,
            {name: getattr(row, name) for name in SUMS},
            {name: getattr(row, name) for name in MachineHistory.peaks},
        )
        for row in rows
    }


def assert_same(found: dict[datetime, Point], wanted: dict[datetime, Point]) -> None:
    assert found.keys() == wanted.keys()
    for began, point in wanted.items():
        assert found[began].samples == point.samples
        assert found[began].sums == pytest.approx(point.sums)
        assert found[began].peaks == pytest.approx(point.peaks)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_database_rolls_up_as_the_rules_say(cloud: Cloud, seed: int) -> None:
    machines = [cloud.row(cloud.machine()) for _ in range(2)]
    taken = {vm: samples(vm, 2 * DAY, seed=seed + place, every=600) for place, vm in enumerate(machines)}
    # It ran, was away for hours, ran twice at once.
    for hours in (3, 3, 20, 49, 49):
        roll_up(FAMILY, MIDNIGHT + timedelta(hours=hours))
    for vm, rows in taken.items():
        for width_s in (FIVE_MINUTES, HOUR, DAY):
            assert_same(stored(vm, width_s), expected(rows, width_s))


def test_a_stretch_costs_the_same_whatever_the_number_of_machines(cloud: Cloud) -> None:
    machines = [cloud.row(cloud.machine()) for _ in range(3)]

    def statements(hours: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            roll_up(FAMILY, MIDNIGHT + timedelta(hours=hours, minutes=1))
        return sum("INSERT" in query["sql"] for query in captured.captured_queries)

    samples(machines[0], HOUR, seed=1)
    one = statements(1)
    for vm in machines:
        MachineSample.objects.bulk_create(
            MachineSample(vm=vm, taken=MIDNIGHT + timedelta(seconds=HOUR + second)) for second in range(0, HOUR, 60)
        )
    assert statements(2) == one == 13, "twelve of five minutes and one of an hour"


def test_machines_are_counted_by_state_every_five_minutes(cloud: Cloud) -> None:
    shown = [cloud.machine() for _ in range(3)]
    cloud.run(cloud.api.call("stopVirtualMachine", id=shown[0]["id"], forced=True))
    assert sampling.sample_states(MIDNIGHT) > 0
    assert sampling.sample_states(MIDNIGHT + timedelta(seconds=299)) == 0, "the interval is not over"
    cloud.run(cloud.api.call("startVirtualMachine", id=shown[0]["id"]))
    assert sampling.sample_states(MIDNIGHT + timedelta(seconds=301)) > 0
    family = next(family for family in families() if family.model is MachineStateHistory)
    roll_up(family, MIDNIGHT + timedelta(hours=1, minutes=1))
    hour = MachineStateHistory.objects.filter(width_s=HOUR, zone=cloud.zone)
    figures = {row.state: (row.samples, row.machines_sum, row.machines_max) for row in hour}
    assert figures["Running"] == (2, 5, 3) and figures["Stopped"] == (2, 1, 1)
    assert figures["Error"] == (2, 0, 0), "a state without a machine was looked at as well"
    cloud.admin.call("updateConfiguration", name="statistics.sampling.interval", value="900")
    assert sampling.sample_states(MIDNIGHT + timedelta(seconds=899)) == 0
    assert sampling.sample_states(MIDNIGHT + timedelta(seconds=900)) > 0


def test_figures_are_forgotten_in_time_and_not_before_they_are_rolled_up(cloud: Cloud) -> None:
    vm = cloud.row(cloud.machine())
    samples(vm, 2 * DAY, seed=3, every=600)
    late = MIDNIGHT + timedelta(hours=FIVE_MINUTES_KEPT_HOURS.value() + 20)
    complete = roll_up(FAMILY, late)
    five = MachineHistory.objects.filter(width_s=FIVE_MINUTES)
    assert prune(FAMILY, late, complete={**complete, HOUR: MIDNIGHT}) == 0, "no hour is made of them"
    gone = prune(FAMILY, late, complete=complete)
    assert gone > 0 and not five.filter(began__lt=late - timedelta(hours=FIVE_MINUTES_KEPT_HOURS.value())).exists()
    assert MachineHistory.objects.filter(width_s=HOUR).count() == 48
    before = stored(vm, HOUR)
    roll_up(FAMILY, late + timedelta(hours=1))
    assert_same(stored(vm, HOUR), before)
    assert prune(FAMILY, late + timedelta(days=500), complete=roll_up(FAMILY, late + timedelta(days=500))) > 0
    assert not MachineHistory.objects.exists()


def test_the_periodic_work_makes_history_of_a_simulated_cloud(cloud: Cloud) -> None:
    vm = cloud.row(cloud.machine())
    collect_statistics()
    collect_statistics()
    MachineSample.objects.update(taken=timezone.now() - timedelta(minutes=6))
    sample_states()
    assert runner.run("statistics.roll_up", forced=True)
    row = MachineHistory.objects.get(vm=vm, width_s=FIVE_MINUTES)
    assert row.samples == 2 and row.cpu_samples == 1 and row.memory_used_mib_max > 0 and row.seconds > 0
    assert MachineStateHistory.objects.filter(state="Running", machines_sum=1).exists()
    roll_up_job()
    assert MachineHistory.objects.filter(vm=vm, width_s=FIVE_MINUTES).count() == 1


def test_samples_wait_until_they_are_rolled_up(cloud: Cloud) -> None:
    vm: dict[str, Any] = cloud.machine()
    cloud.admin.call("updateConfiguration", name="vm.stats.max.retention.time", value="1")
    for minutes in (5, 60):
        MachineSample.objects.create(vm=cloud.row(vm), taken=timezone.now() - timedelta(minutes=minutes))
    collect_statistics()
    assert MachineSample.objects.count() == 2, "that of a moment ago and that of now"
