"""What Prometheus is shown of the cloud."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudstack.plugin.metrics import Collector, Family, collectors, families
from cloudstack.testing.jobs import run_jobs
from cloudstack.testing.scheduler import run_scheduled
from plugins.metrics.prometheus import sampling, snapshots
from plugins.metrics.prometheus.tests.reading import Figures
from tests.support.cloud import SimulatedCloud

Scrape = Callable[..., Figures]


@pytest.fixture
def busy(cloud: SimulatedCloud, django_capture_on_commit_callbacks: Any) -> SimulatedCloud:
    """Two machines that run, of which somebody knows what they use."""
    with django_capture_on_commit_callbacks(execute=True):
        for name in ("one", "two"):
            cloud.deploy(name=name)
        run_jobs()
    run_scheduled("compute.statistics")
    return cloud


def promtool(text: str) -> str:
    """What Prometheus' own checker says against the text."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("there is no promtool here: as root, bin/bootstrap --dev installs prometheus")
    run = subprocess.run([program, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    return run.stdout + run.stderr


def test_machines_hosts_pools_and_tenants(busy: SimulatedCloud, scrape: Scrape) -> None:
    figures = scrape()
    zone = busy.zone.name
    assert figures.one("cloudstack_hosts_total", zone=zone, filter="online") == 2
    assert figures.one("cloudstack_vms_total", zone=zone, filter="running") == 2
    assert figures.one("cloudstack_vms_total", zone=zone, filter="error") == 0
    assert figures.one("cloudstack_volumes_total", zone=zone, filter="ready") == 2
    assert sum(value for _, value in figures.of("cloudstack_host_vms_total", zone=zone)) == 2
    offering = busy.offering
    size = {"cpu": str(offering.cpus), "memory": str(offering.memory_mib)}
    assert figures.one("cloudstack_vms_total_by_size", **size) == 2
    assert figures.one("cloudstack_host_vms_cores_total", filter="allocated") == 2 * offering.cpus
    used = sum(value for _, value in figures.of("cloudstack_host_memory_usage_mibs_total", filter="used"))
    assert used == 2 * offering.memory_mib
    assert figures.one("cloudstack_account_resource_used", account="tenant", type="user_vm") == 2
    assert figures.one("cloudstack_account_resource_limit", account="tenant", type="user_vm") == 20
    (info, _), *_ = figures.of("cloudstack_vm_info", name="one")
    assert (info["account"], info["zone"]) == ("tenant", zone)
    vm = info["vm"]
    assert figures.one("cloudstack_vm_memory_bytes", vm=vm) == offering.memory_mib * 1024**2
    assert figures.one("cloudstack_vm_state_info", vm=vm, state="Running") == 1
    assert figures.one("cloudstack_vm_cpu_seconds_total", vm=vm) >= 0
    assert len(figures.of("cloudstack_nic_info", vm=vm)) == len(figures.of("cloudstack_volume_vm_info", vm=vm)) == 1
    volume = figures.of("cloudstack_volume_vm_info", vm=vm)[0][0]["volume"]
    assert figures.one("cloudstack_volume_size_bytes", volume=volume) > 0
    assert figures.one("cloudstack_jobs_finished_total", command="deployVirtualMachine", outcome="succeeded") == 2
    assert figures.one("cloudstack_exporter_collector_up", collector="each machine") == 1


def test_all_that_is_declared_is_known_to_the_exporter(busy: SimulatedCloud, scrape: Scrape) -> None:
    """Collectors say nothing but what they declare, and none of them failed."""
    figures = scrape()
    broken = {labels["collector"] for labels, value in figures.of("cloudstack_exporter_collector_up") if not value}
    assert broken <= {"queues"}, "only the broker is not there in tests"
    shown = {name for name in figures.names if not name.startswith("cloudstack_exporter")}
    assert shown <= {family.name for family in families()}


def test_the_checker_of_prometheus_has_nothing_to_say(busy: SimulatedCloud, scrape: Scrape) -> None:
    assert promtool(scrape().text) == ""


def test_the_checker_finds_what_is_wrong() -> None:
    assert "no help text" in promtool('x_total{zone="a"} 1\n')


def test_label_values_of_users_cannot_break_the_text(busy: SimulatedCloud, scrape: Scrape) -> None:
    busy.admin.call("updateZone", id=str(busy.zone.uuid), name='a "zone" \\ of\nmine')
    text = scrape().text
    assert promtool(text) == "" and r'zone="a \"zone\" \\ of' in text


def test_a_scrape_reads_no_table(busy: SimulatedCloud, scrape: Scrape) -> None:
    scrape()
    with CaptureQueriesContext(connection) as statements:
        scrape(sampled=False)
    assert [one["sql"] for one in statements if "configuration" not in one["sql"]] == []


def statements_of(collector: Collector) -> int:
    with CaptureQueriesContext(connection) as statements:
        for _ in collector.read():
            pass
    return len(statements)


def test_statements_do_not_grow_with_the_cloud(busy: SimulatedCloud) -> None:
    ours = [one for one in collectors() if one.name != "queues"]
    before = {one.name: statements_of(one) for one in ours}
    for name in ("three", "four", "five"):
        busy.deploy(name=name)
    run_jobs()
    assert {one.name: statements_of(one) for one in ours} == before
    assert {name: count for name, count in before.items() if count > 8} == {}


def test_no_more_series_than_the_operator_allows(busy: SimulatedCloud, scrape: Scrape, setting: Any) -> None:
    setting("prometheus.exporter.series.max", 1)
    figures = scrape()
    assert len(figures.of("cloudstack_vm_info")) == 1
    assert figures.one("cloudstack_exporter_series", family="cloudstack_vm_info") == 1
    assert figures.one("cloudstack_exporter_series_cut", family="cloudstack_vm_info") == 1
    assert figures.one("cloudstack_exporter_series_cut", family="cloudstack_vm_host_info") == 1
    assert figures.one("cloudstack_exporter_series_cut", family="cloudstack_hosts_total") == 2
    assert figures.one("cloudstack_exporter_series_cut", family="cloudstack_active_accounts_total") == 0


FAULTY = Family("cups", "Cups.", ("state",))


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """One that fails after its first figure."""

    def read() -> Iterator[Any]:
        yield FAULTY, ("full",), 1
        raise OSError("no water")

    collector = Collector("cups", (FAULTY,), read)
    for module in (sampling, snapshots):
        monkeypatch.setattr(module, "collectors", lambda: [*collectors(), collector])
    monkeypatch.setattr("plugins.metrics.prometheus.own.collectors", lambda: [*collectors(), collector])
    yield collector


def test_one_that_fails_harms_no_other(busy: SimulatedCloud, scrape: Scrape, faulty: Collector) -> None:
    figures = scrape()
    assert figures.one("cloudstack_exporter_collector_up", collector="cups") == 0
    assert "cups" not in figures.names and figures.one("cloudstack_vms_total", filter="running") == 2
    assert "cups failed: OSError: no water" in snapshots.trouble()


def test_figures_are_read_when_their_time_has_come(busy: SimulatedCloud, scrape: Scrape, setting: Any) -> None:
    scrape()
    assert sampling.sample() == 0
    setting("prometheus.exporter.enable", "false")
    cache.clear()
    assert sampling.sample() == 0
    assert snapshots.trouble() == ""
    setting("prometheus.exporter.enable", "true")
    assert "not read yet" in snapshots.trouble()
