"""``bin/bench simulator``: what the platform's own rounds take in a zone of 10,000 hosts with 100,000 machines."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.compute.factories import MachineRows
from apps.compute.models import MachineUsage, VirtualMachine
from apps.compute.scheduled import power_sweep
from apps.compute.services import statistics
from apps.infrastructure.models import Host
from apps.infrastructure.services import heartbeat
from apps.infrastructure.services.placement import place
from apps.infrastructure.states import HostStatus
from apps.portal.services.first_cloud import carry_out
from apps.portal.services.simulator_zone import seed_simulator_zone
from cloudstack.contracts.placement import PlacementRequest
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.rows import copies
from tests.support.cloud import SimulatedCloud

ON_ROWS = False
"""It fills the tables itself."""
HOSTS = 10_000
DEPLOYS = 20


def figures(cloud: SimulatedCloud, rows: int) -> Iterator[list[Figure]]:
    hosts = max(10, rows // 10) if rows < 10 * HOSTS else HOSTS
    begun = time.perf_counter()
    built, jobs = seed_simulator_zone(
        caller=cloud.root, name="wide", pods=-(-hosts // 200), clusters=-(-hosts // 50), hosts=hosts
    )
    assert not carry_out(jobs)
    yield [Figure(f"a zone of {hosts:,} hosts is made", time.perf_counter() - begun, "s")]
    _machines(cloud, built.hosts[0], rows)
    place_name = f"{hosts:,} hosts, {rows:,} machines"
    yield [_round(f"power sweep, {place_name}", power_sweep, aim=60)]
    assert not AsyncJob.objects.filter(name="compute.vm.settle_power").exists(), "the sweep saw what is not there"
    yield [_round(f"statistics, first look, {place_name}", statistics.collect, aim=60)]
    yield [_round(f"statistics, second look, {place_name}", statistics.collect, aim=60)]
    assert MachineUsage.objects.filter(cpu_percent__gt=0).count() == rows, "figures do not move"
    yield [_round(f"load of hosts, {place_name}", heartbeat.measure_hosts, aim=60)]
    for told in ("for the first time", "as before"):
        Host.objects.update(last_ping=timezone.now() - timedelta(hours=1))
        yield [_round(f"silent hosts are asked, they tell their facts {told}", heartbeat.check_hosts, aim=30)]
        left = Host.objects.filter(last_ping__lt=timezone.now() - timedelta(minutes=30)).count()
        yield [Figure("hosts that this round left to the next", left, "hosts")]
        while heartbeat.check_hosts()["left"]:
            pass
    Host.objects.update(last_ping=timezone.now())
    yield [_failure(built.hosts[hosts // 2])]
    yield from _deployments(cloud, built.zone)


def _machines(cloud: SimulatedCloud, first: Host, rows: int) -> None:
    """Running machines on all hosts in turn: on record and in the simulated world."""
    hosts = Host.objects.filter(zone=first.zone).count()
    machine = MachineRows(first.zone, cloud.template, cloud.offering).machine(
        cloud.account, "wide-0", state="Running", host=first
    )
    machine.save()
    copies(machine, rows - 1, name="'wide-' || n", display_name="'wide-' || n", host_id=f"{first.pk} + n % {hosts}")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO simulator_simulatedvm (vm_uuid, host_uuid, name, power, cpus, memory_mib, disks, nics,"
            " snapshots, boots, since, managed)"
            " SELECT vm.uuid, host.uuid, vm.name, 'on', vm.cpus, vm.memory_mib, '{}', '{}', '[]', 1,"
            " now() - interval '1 hour', true"
            " FROM compute_virtualmachine vm JOIN infrastructure_host host ON host.id = vm.host_id"
            " WHERE host.zone_id = %s",
            [first.zone_id],
        )
        cursor.execute("VACUUM ANALYZE")


def _round(name: str, act: Callable[[], Any], *, aim: float) -> Figure:
    """Seconds of one round, and its statements."""
    with Counted() as statements:
        begun = time.perf_counter()
        act()
        seconds = time.perf_counter() - begun
    return Figure(name, seconds, "s", aim=aim, note=f"{statements.number:,} statements")


def _failure(host: Host) -> Figure:
    """One host of all falls silent: how long the round takes that notices it."""
    world.inject("host_facts", "unavailable:no route to host", count=None, host_uuid=host.uuid)
    Host.objects.filter(pk=host.pk).update(last_ping=timezone.now() - timedelta(hours=1))
    with Counted() as statements:
        begun = time.perf_counter()
        heartbeat.check_hosts()
        taken = (time.perf_counter() - begun) * 1000
    host.refresh_from_db()
    world.Fault.objects.all().delete()
    note = f"{statements.number} statements, the host is {host.status}"
    return Figure("one silent host is found and put on alert", taken, "ms", aim=1000, note=note,
                  broken=host.status != HostStatus.ALERT)  # fmt: skip


def _deployments(cloud: SimulatedCloud, zone: Any) -> Iterator[list[Figure]]:
    request = PlacementRequest(
        vm_uuid="00000000-0000-4000-8000-000000000001",
        hypervisor="Simulator",
        zone_uuid=str(zone.uuid),
        cpus=2,
        cpu_mhz=1000,
        memory_mib=2048,
    )
    taken = milliseconds(lambda: place(request), times=50)
    yield [Figure("placement in the zone", percentile(taken, 50), "ms p50", aim=25,
                  note=f"p95 {percentile(taken, 95):.1f} ms")]  # fmt: skip
    network = zone.networks(manager="objects").get()
    template = zone.template_zones.first().template if hasattr(zone, "template_zones") else cloud.template
    seconds = []
    with Counted() as statements:
        for number in range(DEPLOYS):
            begun = time.perf_counter()
            cloud.deploy(zoneid=zone.uuid, networkids=network.uuid, templateid=template.uuid, name=f"new-{number}")
            run_jobs()
            seconds.append((time.perf_counter() - begun) * 1000)
    running = VirtualMachine.objects.filter(name__startswith="new-", state="Running").count()
    yield [Figure("deployment in the zone, from the call to Running", percentile(seconds, 50), "ms p50",
                  note=f"{statements.number // DEPLOYS} statements each", broken=running != DEPLOYS)]  # fmt: skip


class Counted:
    """Statements that the connection executes meanwhile; the log of a connection ends at some thousand."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> "Counted":
        self._wrapper = connection.execute_wrapper(self._count)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._wrapper.__exit__(*error)

    def _count(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number += 1
        return execute(sql, params, many, context)
