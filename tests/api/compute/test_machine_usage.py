"""What machines use: collected from their hosts, shown with them, kept for a time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.compute.models import MachineSample, MachineUsage
from apps.compute.scheduled import collect_statistics
from apps.compute.services.statistics import difference, take
from cloudstack.contracts.hypervisor import VmStatistics
from cloudstack.framework.rollups.tables import families, roll_up
from cloudstack.testing.api import ApiError
from plugins.hypervisors.simulator import world

from .conftest import Cloud

KIB, MIB = 1024, 1024**2


def told(vm: dict[str, Any], second: int, **more: Any) -> dict[str, VmStatistics]:
    """What a host says of a machine that does the same in each second."""
    figures = {
        "cpu_time_ns": second * 250_000_000,
        "memory_used_mib": 128,
        "net_rx_bytes": second * 10 * KIB,
        "net_tx_bytes": second * 20 * KIB,
        "disk_read_bytes": second * 30 * KIB,
        "disk_write_bytes": second * 40 * KIB,
        "disk_read_ops": second * 5,
        "disk_write_ops": second * 6,
    }
    return {vm["id"]: VmStatistics(uuid=vm["id"], **{**figures, **more})}


@pytest.fixture
def watched(cloud: Cloud) -> dict[str, Any]:
    """A machine that was looked at after 100 and 160 seconds."""
    vm = cloud.machine()
    host, start = cloud.row(vm).host, timezone.now() - timedelta(minutes=10)
    for second in (100, 160):
        take(host, told(vm, second), now=start + timedelta(seconds=second))
    return vm


def test_a_list_shows_what_machines_use(cloud: Cloud, watched: dict[str, Any]) -> None:
    [shown] = cloud.api.items("listVirtualMachines")
    assert shown["cpuused"] == "25.00%"
    assert (shown["networkkbsread"], shown["networkkbswrite"]) == (600, 1200)
    assert (shown["diskkbsread"], shown["diskkbswrite"]) == (1800, 2400)
    assert (shown["diskioread"], shown["diskiowrite"]) == (300, 360)
    assert (shown["memorykbs"], shown["memoryintfreekbs"]) == (512 * KIB, 384 * KIB)
    [ever] = cloud.api.items("listVirtualMachines", accumulate=True)
    assert (ever["networkkbsread"], ever["diskioread"], ever["cpuused"]) == (1600, 800, "25.00%")
    assert (shown["receivedbytes"], shown["sentbytes"]) == (1600 * KIB, 3200 * KIB)
    [few] = cloud.api.items("listVirtualMachines", details="min")
    assert not {"cpuused", "networkkbsread", "memorykbs", "ipaddress"} & set(few)
    assert shown["ipaddress"] == shown["nic"][0]["ipaddress"] and shown["forvirtualnetwork"] is False
    assert (shown["boottype"], shown["bootmode"]) == ("BIOS", "Legacy")


def test_metrics_are_in_words_of_people(cloud: Cloud, watched: dict[str, Any]) -> None:
    [shown] = cloud.api.items("listVirtualMachinesMetrics", id=watched["id"])
    assert (shown["cputotal"], shown["memorytotal"]) == ("0.50 Ghz", "0.50 GB")
    assert (shown["networkread"], shown["networkwrite"]) == ("0.59 MB", "1.17 MB")
    assert (shown["diskread"], shown["diskwrite"], shown["diskiopstotal"]) == ("1.76 MB", "2.34 MB", 660)
    assert shown["state"] == "Running" and shown["nic"]
    [ever] = cloud.api.items("listVirtualMachinesMetrics", accumulate=True)
    assert ever["diskiopstotal"] == 1760
    assert cloud.lawyer.items("listVirtualMachinesMetrics", listall=True) == []


def test_the_past_is_listed(cloud: Cloud, watched: dict[str, Any], refusal: Callable[..., ApiError]) -> None:
    [shown] = cloud.api.items("listVirtualMachinesUsageHistory")
    assert (shown["id"], shown["name"]) == (watched["id"], watched["name"])
    latest, first = shown["stats"]
    assert latest["timestamp"] > first["timestamp"] and "cpuused" not in first
    assert (latest["cpuused"], latest["networkkbsread"], latest["diskiopstotal"]) == ("25.00%", 600, 660)
    assert (first["networkkbsread"], latest["networkread"]) == (1000, "0.59 MB")
    [later] = cloud.api.items("listVirtualMachinesUsageHistory", id=watched["id"], startdate=latest["timestamp"])
    assert [row["timestamp"] for row in later["stats"]] == [latest["timestamp"]]
    error = refusal(
        cloud.api, "listVirtualMachinesUsageHistory", startdate=latest["timestamp"], enddate=first["timestamp"]
    )
    assert error.code == 431 and "startdate" in error.text
    assert cloud.lawyer.items("listVirtualMachinesUsageHistory") == []


def test_a_machine_that_was_started_anew_counts_from_nought(watched: dict[str, Any]) -> None:
    before = MachineUsage.objects.get()
    after = told(watched, 10)[watched["id"]]
    change = difference(after, before, 1, before.taken + timedelta(seconds=10))
    assert (change["net_rx_bytes"], change["cpu_percent"]) == (100 * KIB, 25.0)


def test_the_sweep_asks_all_hosts_and_forgets_in_time(cloud: Cloud) -> None:
    machines = [cloud.machine() for _ in range(3)]
    collect_statistics()
    collect_statistics()
    assert MachineUsage.objects.count() == 3 and MachineSample.objects.count() == 6
    assert all("cpuused" in row for row in cloud.api.items("listVirtualMachines"))
    cloud.run(cloud.api.call("stopVirtualMachine", id=machines[0]["id"], forced=True))
    world.inject("statistics", "fault:host is away", count=1)
    MachineSample.objects.filter(vm__uuid=machines[1]["id"]).update(taken=timezone.now() - timedelta(days=1))
    collect_statistics()
    assert MachineUsage.objects.count() == 2, "what a stopped machine used is not its use"
    assert not MachineSample.objects.filter(taken__lt=timezone.now() - timedelta(hours=13)).exists()
    assert "cpuused" not in cloud.api.items("listVirtualMachines", id=machines[0]["id"])[0]
    cloud.admin.call("updateConfiguration", name="vm.stats.max.retention.time", value="0")
    collect_statistics()
    assert not MachineSample.objects.exists()


def test_a_sweep_costs_the_same_for_many_machines(cloud: Cloud) -> None:
    host = cloud.hosts[0]

    def statements(machines: list[dict[str, Any]]) -> int:
        figures = {key: value for vm in machines for key, value in told(vm, 5).items()}
        with CaptureQueriesContext(connection) as captured:
            take(host, figures)
        return len(captured)

    machines = [cloud.run(cloud.deploy(api=cloud.admin, hostid=host.uuid)) for _ in range(4)]
    take(host, told(machines[0], 1))
    assert statements(machines[:1]) == statements(machines) <= 5


def test_the_past_is_listed_in_stretches(
    cloud: Cloud, watched: dict[str, Any], refusal: Callable[..., ApiError]
) -> None:
    now = timezone.now()
    samples = {row["timestamp"]: row for [vm] in [cloud.api.items("listVirtualMachinesUsageHistory")]
               for row in vm["stats"]}  # fmt: skip
    assert sorted(row["seconds"] for row in samples.values()) == [0, 60]
    for family in families():
        roll_up(family, now + timedelta(days=2))
    for resolution in ("fiveminutes", "hour", "day"):
        [shown] = cloud.api.items("listVirtualMachinesUsageHistory", id=watched["id"], resolution=resolution)
        rows = shown["stats"]
        assert sum(row["networkkbsread"] for row in rows) == 600, "what came before the first look is left out"
        assert sum(row["seconds"] for row in rows) == 60
        assert {row["cpuusedmax"] for row in rows if "cpuusedmax" in row} == {"25.00%"}
        assert {row["cpuused"] for row in rows if "cpuused" in row} == {"25.00%"}
        assert {row["memoryintfreekbs"] for row in rows} == {384 * KIB}
    assert cloud.lawyer.items("listVirtualMachinesUsageHistory", resolution="hour") == []
    error = refusal(cloud.api, "listVirtualMachinesUsageHistory", resolution="week")
    assert error.code == 431 and "resolution" in error.text and "fiveminutes" in error.text
