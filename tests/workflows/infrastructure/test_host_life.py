"""What happens to a host in workers: silence and signs of life, evacuation, crashes of the worker."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.accounts.factories import root_caller
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import Host, HostCapacity
from apps.infrastructure.scheduled import capacity_recount, host_check, host_heartbeat
from apps.infrastructure.services import capacity, evacuation
from apps.infrastructure.services.evacuation import Evacuation
from apps.infrastructure.services.heartbeat import check_hosts
from apps.infrastructure.services.host import HostManager
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.contracts.agent import HEARTBEAT_TASK
from cloudstack.framework.errors import InvalidTransition
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.control import JobManager
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from plugins.hypervisors.simulator.faults import CRASH_VARIABLE, SimulatedCrash
from plugins.hypervisors.simulator.world import inject
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=10)


def aged(**fields) -> Host:
    return HostFactory(last_ping=timezone.now() - LONG_AGO, **fields)


def again(host: Host) -> Host:
    return Host.all_objects.select_related("capacity").get(pk=host.pk)


# Signs of life


def test_silent_host_that_answers_its_driver_stays_up() -> None:
    host = aged()
    assert check_hosts() == {"alive": 1, "silent": 0, "left": 0}
    assert again(host).status == HostStatus.UP
    assert again(host).last_ping > timezone.now() - timedelta(minutes=1)
    assert check_hosts() == {"alive": 0, "silent": 0, "left": 0}


def test_silent_host_that_does_not_answer_goes_to_alert_and_comes_back() -> None:
    host = aged()
    fault = inject("host_facts", "unavailable:power is out", count=None, host_uuid=host.uuid)
    host_check()
    assert (again(host).status, again(host).status_reason) == (HostStatus.ALERT, "power is out")
    assert again(host).disconnected_at is not None
    host_check()
    assert Event.objects.filter(type="HOST.STATE", level="WARN").count() == 1
    fault.delete()
    host_check()
    assert (again(host).status, again(host).status_reason) == (HostStatus.UP, "")


def test_host_without_a_driver_goes_to_alert_and_others_are_still_asked() -> None:
    strange = aged(cluster=ClusterFactory(hypervisor="Abacus"))
    good = aged()
    assert check_hosts() == {"alive": 1, "silent": 1, "left": 0}
    assert again(strange).status == HostStatus.ALERT
    assert "Abacus" in again(strange).status_reason
    assert again(good).status == HostStatus.UP


@pytest.mark.parametrize("status", [HostStatus.CONNECTING, HostStatus.REMOVED, HostStatus.ERROR])
def test_hosts_that_jobs_or_nobody_care_for_are_not_asked(status: str) -> None:
    aged(status=status)
    assert check_hosts() == {"alive": 0, "silent": 0, "left": 0}


def test_agents_sign_of_life_brings_a_host_back_and_its_facts_in() -> None:
    host = aged(status=HostStatus.ALERT, details={}, memory_mib=1024)
    facts = {
        "hostname": "rack1",
        "memory_total_mib": 4096,
        "memory_free_mib": 1,
        "cpus": 8,
        "cpu_mhz": 2500,
        "load_1m": 0.1,
        "agent_version": "1.2",
        "uptime_s": 3.0,
    }
    assert host_heartbeat.name == HEARTBEAT_TASK
    host_heartbeat(str(host.uuid), facts)
    host = again(host)
    assert (host.status, host.hostname, host.version) == (HostStatus.UP, "rack1", "1.2")
    assert (host.cpus, host.cpu_mhz, host.memory_mib) == (8, 2500, 4096)
    assert (host.capacity.cpu_total_mhz, host.capacity.memory_total_mib) == (20000, 4096)


def test_operators_memory_is_not_overwritten_by_the_agent() -> None:
    host = HostFactory(details={"memory_mib": "2048"}, memory_mib=2048)
    host_heartbeat(str(host.uuid), {"memory_total_mib": 999_999})
    assert again(host).memory_mib == again(host).capacity.memory_total_mib == 2048


@pytest.mark.parametrize(
    "facts",
    [{"memory_total_mib": -1}, {"memory_total_mib": "4096"}, {"cpus": True}, {"cpus": 10**9}, {"name": "x"}, {}, None],
)
def test_facts_that_cannot_be_meant_are_left_out(facts: dict | None) -> None:
    host = HostFactory(details={})
    before = (host.cpus, host.cpu_mhz, host.memory_mib, host.name)
    host_heartbeat(str(host.uuid), facts)
    host = again(host)
    assert (host.cpus, host.cpu_mhz, host.memory_mib, host.name) == before


def test_sign_of_life_of_a_stranger_is_ignored() -> None:
    host_heartbeat(str(uuid4()), {})
    assert not Host.all_objects.exists()


def test_steady_signs_of_life_are_one_write(django_assert_max_num_queries) -> None:
    host = HostFactory()
    host_heartbeat(str(host.uuid), {})
    with django_assert_max_num_queries(6):  # one read, one write, four savepoints
        host_heartbeat(str(host.uuid), {})


def test_sign_of_life_leaves_a_connecting_host_to_its_job() -> None:
    host = HostFactory(status=HostStatus.CONNECTING)
    host_heartbeat(str(host.uuid), {})
    assert again(host).status == HostStatus.CONNECTING


def test_nightly_recount_is_a_scheduled_job() -> None:
    host = HostFactory()
    HostCapacity.objects.filter(pk=host.pk).update(cpu_used_mhz=77)
    capacity_recount()
    assert HostCapacity.objects.get(pk=host.pk).cpu_used_mhz == 0


# Maintenance


class Machines:
    """Stands in for the app above: machines that leave one at a call."""

    def __init__(self, left: int, stuck: tuple[str, ...] = ()):
        self.left, self.stuck, self.calls = left, stuck, 0

    def evacuate(self, *, host, caller, job_uuid) -> Evacuation:
        self.calls += 1
        now, self.left = self.left, max(self.left - 1, 0)
        return Evacuation(left=now, stuck=self.stuck)

    def count(self, pks) -> dict[int, int]:
        return dict.fromkeys(pks, self.left)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    these = Machines(left=3)
    monkeypatch.setattr(evacuation, "_evacuators", [these.evacuate])
    monkeypatch.setattr(evacuation, "_occupants", [these.count])
    return these


def maintain(host: Host) -> AsyncJob:
    return HostManager().prepare_maintenance(caller=root_caller(), host=host)


def test_host_is_in_maintenance_when_the_last_machine_has_left(machines: Machines) -> None:
    host = HostFactory()
    job = maintain(host)
    assert again(host).resource_state == ResourceState.PREPARE_FOR_MAINTENANCE
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    assert machines.calls == 4
    assert again(host).resource_state == ResourceState.MAINTENANCE


def test_machine_that_cannot_leave_is_named(machines: Machines) -> None:
    machines.stuck = ("i-2-7-VM has a local disk",)
    host = HostFactory()
    job = run_job(maintain(host))
    assert (job.status, job.error_code) == (AsyncJob.Status.FAILED, 534)
    assert "i-2-7-VM has a local disk" in job.error_text
    assert again(host).resource_state == ResourceState.ERROR_IN_PREPARE_FOR_MAINTENANCE
    machines.stuck = ()
    assert run_job(maintain(again(host))).status == AsyncJob.Status.SUCCEEDED


def test_cancelling_stops_the_evacuation(machines: Machines) -> None:
    machines.left = 10**6
    host = HostFactory()
    job = maintain(host)
    HostManager().cancel_maintenance(caller=root_caller(), host=again(host))
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.FAILED
    assert "called off" in job.error_text
    assert again(host).resource_state == ResourceState.ENABLED


def test_cancelled_job_leaves_the_host_enabled(machines: Machines) -> None:
    host = HostFactory()
    job = maintain(host)
    JobManager().cancel(caller=root_caller(), job=job)
    assert run_job(job).status == AsyncJob.Status.CANCELLED
    assert again(host).resource_state == ResourceState.ENABLED


def test_machine_that_arrived_late_must_leave_too(monkeypatch: pytest.MonkeyPatch) -> None:
    host, holder = HostFactory(), uuid4()
    capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1, memory_mib=1)
    calls = []

    def evacuate(*, host, caller, job_uuid) -> Evacuation:
        calls.append(host)
        if len(calls) == 3:
            capacity.release(holder_uuid=holder)
        return Evacuation(left=0)

    monkeypatch.setattr(evacuation, "_evacuators", [evacuate])
    monkeypatch.setattr(evacuation, "_occupants", [])
    assert run_job(maintain(host)).status == AsyncJob.Status.SUCCEEDED
    assert len(calls) == 3
    assert again(host).resource_state == ResourceState.MAINTENANCE


def test_without_anybody_to_move_machines_a_full_host_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evacuation, "_evacuators", [])
    monkeypatch.setattr(evacuation, "_occupants", [])
    host = HostFactory()
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1, memory_mib=1)
    assert run_job(maintain(host)).status == AsyncJob.Status.FAILED
    assert again(host).resource_state == ResourceState.ERROR_IN_PREPARE_FOR_MAINTENANCE


def test_two_operators_cannot_both_ask_for_maintenance() -> None:
    host = HostFactory()
    maintain(host)
    with pytest.raises(InvalidTransition):
        maintain(again(host))
    assert AsyncJob.objects.count() == 1


# Crashes


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("verb", ["add", "reconnect", "cancel_maintenance"])
def test_worker_that_dies_around_the_driver_call_loses_nothing(
    verb: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CRASH_VARIABLE, "raise")
    caller, manager = root_caller(), HostManager()
    if verb == "add":
        cluster = ClusterFactory()
        host, job = manager.add(
            caller=caller,
            zone=cluster.pod.zone,
            pod=cluster.pod,
            cluster=cluster,
            hypervisor="Simulator",
            url="sim://h",
        )
    else:
        host = HostFactory(resource_state=ResourceState.MAINTENANCE)
        job = getattr(manager, verb)(caller=caller, host=host)
    inject("host_facts", f"crash:{moment}")
    with pytest.raises(SimulatedCrash):
        run_jobs()
    job.refresh_from_db()
    assert job.is_live
    worker_died()
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    assert again(host).status == HostStatus.UP
    assert not job.locks.exists()


def test_adding_a_host_survives_a_crash_anywhere() -> None:
    cluster, caller = ClusterFactory(), root_caller()

    def operation() -> AsyncJob:
        _, job = HostManager().add(
            caller=caller,
            zone=cluster.pod.zone,
            pod=cluster.pod,
            cluster=cluster,
            hypervisor="Simulator",
            url=f"sim://{uuid4()}/h",
            name=f"host-{uuid4()}",
        )
        return job

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        host = Host.objects.select_related("capacity").get(uuid=job.resource_uuid)
        assert (host.status, host.capacity.memory_total_mib) == (HostStatus.UP, 65536), point

    assert "after driver call host_facts" in crash_everywhere(operation, check)


def test_maintenance_survives_a_crash_anywhere() -> None:
    host, caller = HostFactory(), root_caller()

    def operation() -> AsyncJob:
        if again(host).resource_state == ResourceState.MAINTENANCE:
            HostManager().cancel_maintenance(caller=caller, host=again(host))
            run_jobs()
        return HostManager().prepare_maintenance(caller=caller, host=again(host))

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert again(host).resource_state == ResourceState.MAINTENANCE, point

    assert len(crash_everywhere(operation, check)) > 6
