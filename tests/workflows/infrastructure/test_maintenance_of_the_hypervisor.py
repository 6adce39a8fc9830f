"""Hosts whose hypervisor has a maintenance of its own: closed until it has left that, also when something fails."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from apps.accounts.factories import root_caller
from apps.infrastructure.factories import HostFactory
from apps.infrastructure.models import Host
from apps.infrastructure.services import capacity, evacuation
from apps.infrastructure.services.evacuation import Evacuation
from apps.infrastructure.services.host import HostManager
from apps.infrastructure.states import ResourceState
from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.framework import drivers
from cloudstack.framework.errors import InvalidTransition
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


class Hypervisor:
    """What the hypervisor thinks; ``entering`` and ``leaving`` stand in for what happens to it meanwhile."""

    closed = False

    def __init__(self) -> None:
        self.entering: Callable[[], None] = lambda: None
        self.leaving: Callable[[], None] = lambda: None


@pytest.fixture
def hypervisor(monkeypatch: pytest.MonkeyPatch) -> Hypervisor:
    this = Hypervisor()

    class Keeping(SimulatorDriver):
        def enter_maintenance(self, *, timeout_s: float = 600) -> None:
            this.entering()
            this.closed = True

        def exit_maintenance(self, *, timeout_s: float = 600) -> None:
            this.leaving()
            this.closed = False

    monkeypatch.setitem(drivers._registered("register_hypervisor_drivers"), "Simulator", Keeping)
    monkeypatch.setattr(evacuation, "_evacuators", [])
    monkeypatch.setattr(evacuation, "_occupants", [])
    return this


def state(host: Host) -> str:
    host.refresh_from_db()
    return host.resource_state


def begin(host: Host) -> AsyncJob:
    return HostManager().prepare_maintenance(caller=root_caller(), host=host)


def end(host: Host) -> AsyncJob:
    host.refresh_from_db()
    return HostManager().cancel_maintenance(caller=root_caller(), host=host)


def does_not_answer() -> None:
    raise DriverUnavailable("vCenter does not answer")


def test_a_host_is_open_only_when_its_hypervisor_is(hypervisor: Hypervisor) -> None:
    host, seen = HostFactory(), list[str]()
    run_job(begin(host))
    assert hypervisor.closed and state(host) == ResourceState.MAINTENANCE
    hypervisor.leaving = lambda: seen.append(state(host))
    job = end(host)
    assert end(host) == job
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    assert seen == [ResourceState.MAINTENANCE]
    assert (hypervisor.closed, state(host)) == (False, ResourceState.ENABLED)
    with pytest.raises(InvalidTransition):
        end(host)


def test_a_hypervisor_that_does_not_leave_keeps_the_host_closed(hypervisor: Hypervisor) -> None:
    host = HostFactory(resource_state=ResourceState.MAINTENANCE)

    def refuse() -> None:
        raise DriverError("the licence has run out")

    hypervisor.leaving = refuse
    job = run_job(end(host))
    assert (job.status, state(host)) == (AsyncJob.Status.FAILED, ResourceState.MAINTENANCE)
    assert "the licence has run out" in job.error_text
    hypervisor.leaving = lambda: None
    run_job(end(host))
    assert state(host) == ResourceState.ENABLED


def test_cancelling_while_the_host_is_emptied_opens_it_afterwards(hypervisor: Hypervisor) -> None:
    host = HostFactory()
    job, hypervisor.closed = begin(host), True
    end(host)
    assert state(host) == ResourceState.PREPARE_FOR_MAINTENANCE
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.CANCELLED
    assert (hypervisor.closed, state(host)) == (False, ResourceState.ENABLED)


def test_a_hypervisor_that_answers_no_more_does_not_hold_the_job_for_ever(hypervisor: Hypervisor) -> None:
    host = HostFactory()
    hypervisor.entering = hypervisor.leaving = does_not_answer
    job = run_job(begin(host))
    assert (job.status, state(host)) == (AsyncJob.Status.FAILED, ResourceState.ERROR_IN_MAINTENANCE)
    assert "does not answer" in job.error_text
    assert any("may still keep" in text for text in job.log_lines.values_list("text", flat=True))
    hypervisor.leaving = lambda: None
    assert run_job(end(host)).status == AsyncJob.Status.SUCCEEDED
    assert state(host) == ResourceState.ENABLED


def test_a_late_machine_leaves_before_the_hypervisor_is_told(
    hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, holder, calls = HostFactory(), uuid4(), list[Host]()
    capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1, memory_mib=1)

    def evacuate(*, host: Host, caller: object, job_uuid: object) -> Evacuation:
        calls.append(host)
        if len(calls) == 3:
            capacity.release(holder_uuid=holder)
        return Evacuation(left=0)

    def refuse_running() -> None:
        if evacuation.occupants_of(host):
            raise DriverError("a machine runs on it")

    monkeypatch.setattr(evacuation, "_evacuators", [evacuate])
    hypervisor.entering = refuse_running
    assert run_job(begin(host)).status == AsyncJob.Status.SUCCEEDED
    assert (len(calls), hypervisor.closed, state(host)) == (3, True, ResourceState.MAINTENANCE)


def test_coming_back_survives_a_crash_anywhere(hypervisor: Hypervisor) -> None:
    host = HostFactory()

    def operation() -> AsyncJob:
        Host.objects.filter(pk=host.pk).update(resource_state=ResourceState.MAINTENANCE)
        hypervisor.closed = True
        return end(host)

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert (hypervisor.closed, state(host)) == (False, ResourceState.ENABLED), point

    assert len(crash_everywhere(operation, check)) > 3
