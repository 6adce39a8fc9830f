"""The first page: what it shows, and that it costs the same whatever there is of it."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Account
from apps.accounts.selectors.callers import system_caller
from apps.compute.models import MachineUsage, VirtualMachine
from apps.infrastructure.config import CPU_OVERPROVISIONING
from apps.infrastructure.models import HostCapacity
from apps.portal.pages.charts import jobs_chart, use_bar
from apps.portal.selectors.capacity_tree import Use, capacity_tree
from apps.portal.selectors.overview import Hour, overview
from apps.storage.models import StoragePool
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.configuration import Scope, store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.jobs.models import AsyncJob
from tests.support.cloud import SimulatedCloud

MOST = 34


def statements(client: Client) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/admin/").status_code == 200
    return len(captured)


def test_it_costs_the_same_whatever_there_is(operator: Client, cloud: SimulatedCloud, machines: list[str]) -> None:
    before = statements(operator)
    for number in range(4):
        vm = cloud.deploy(name=f"more-{number}")
        MachineUsage.objects.create(
            vm=VirtualMachine.objects.get(uuid=vm["id"]), taken=timezone.now(), cpu_percent=10 + number,
            memory_used_mib=100,
        )  # fmt: skip
        raise_alert(AlertType.CPU, f"alert {number}", description="x")
    AsyncJob.objects.filter(completed__isnull=True).update(status="failed", completed=timezone.now())
    assert statements(operator) <= before + 1 <= MOST


def test_capacity_adds_up_with_over_provisioning(cloud: SimulatedCloud, machines: list[str]) -> None:
    first = cloud.hosts[0].cluster
    HostCapacity.objects.update(cpu_total_mhz=1000, cpu_used_mhz=300)
    ConfigValue.objects.create(
        name=CPU_OVERPROVISIONING.name, scope=Scope.CLUSTER, scope_uuid=str(first.uuid), value="4"
    )
    store.forget()
    (zone,) = capacity_tree(caller=system_caller())
    clusters = {node.pk: node for pod in zone.places.values() for node in pod.places.values()}
    here = clusters.pop(first.pk)
    (other,) = clusters.values()
    count = here.hosts
    assert (here.cpu.used, here.cpu.total, here.cpu.factor) == (300 * count, 4000 * count, 4)
    assert (other.cpu.used, other.cpu.total, other.cpu.factor) == (300 * other.hosts, 1000 * other.hosts, 1)
    assert (zone.cpu.used, zone.cpu.total) == (1200, here.cpu.total + other.cpu.total)
    assert zone.hosts == 4
    pools = StoragePool.objects.all()
    assert zone.primary.used == sum(pool.allocated_bytes for pool in pools)
    assert zone.in_use.total == sum(pool.capacity_bytes for pool in pools)
    assert zone.in_use.total == sum(node.in_use.total for node in (here, other))
    assert zone.secondary.total > 0 and zone.addresses.used >= 3


def test_the_page_shows_places_consumers_alerts_and_jobs(
    operator: Client, cloud: SimulatedCloud, machines: list[str]
) -> None:
    vm = VirtualMachine.objects.get(uuid=machines[0])
    MachineUsage.objects.create(vm=vm, taken=timezone.now(), cpu_percent=87, memory_used_mib=333)
    raise_alert(AlertType.CPU, "nearly full", description="the zone has 97 % of its CPU taken")
    AsyncJob.objects.filter(pk=AsyncJob.objects.latest("pk").pk).update(description="Await the end", status="running",
                                                                        completed=None)  # fmt: skip
    html = operator.get("/admin/").content.decode()
    for text in (
        cloud.zone.name, cloud.hosts[0].cluster.name, cloud.hosts[0].name, "87 %", "333.0", "the zone has 97 %",
        "Await the end", "Alerts (1)", Account.objects.get(pk=cloud.account.pk).name,
    ):  # fmt: skip
        assert text in html, text


def test_jobs_are_counted_by_the_hour(cloud: SimulatedCloud, machines: list[str]) -> None:
    jobs = list(AsyncJob.objects.order_by("pk"))
    now = timezone.now()
    AsyncJob.objects.filter(pk=jobs[0].pk).update(created=now - timedelta(days=2))
    AsyncJob.objects.filter(pk=jobs[1].pk).update(created=now - timedelta(hours=5), status="failed")
    hours = overview(caller=system_caller()).jobs_by_hour
    assert len(hours) == 24 and [hour.began for hour in hours] == sorted(hour.began for hour in hours)
    assert sum(hour.failed for hour in hours) == 1 and hours[-6].failed == 1
    assert sum(hour.succeeded for hour in hours) == len(jobs) - 2


@pytest.mark.parametrize(
    ("used", "total", "tone"), [(0, 100, "fine"), (74, 100, "fine"), (76, 100, "near"), (95, 100, "over")]
)
def test_a_bar_is_marked_from_its_threshold(used: int, total: int, tone: str) -> None:
    assert f"cs-{tone}" in use_bar(Use(used, total, total, 0.75))


def test_a_bar_of_nothing_is_no_bar() -> None:
    assert use_bar(Use()) == "–"
    assert "24" not in jobs_chart([]) or "Jobs of the last 24 hours: 0 succeeded" in jobs_chart([])
    assert "<b>" not in jobs_chart([Hour(timezone.now(), succeeded=3)])
