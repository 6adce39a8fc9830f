"""The machines that run the platform: their signs of life, and how they are taken out of service."""

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cloudstack import API_VERSION
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import sweep
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.jobs.owner import me
from cloudstack.framework.jobs.ownership import claim
from cloudstack.framework.nodes import drain
from cloudstack.framework.nodes.heartbeat import Heartbeat
from cloudstack.framework.nodes.models import ManagementServer
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

pytestmark = pytest.mark.django_db

HERE = socket.gethostname()


@pytest.fixture(autouse=True)
def accepting() -> Iterator[None]:
    yield
    drain.set_draining(False)


@pytest.fixture
def told() -> list[bool]:
    """What the worker was told: whether to take no more work."""
    return []


@pytest.fixture
def worker(db: None, told: list[bool]) -> Heartbeat:
    beat = Heartbeat("worker", pid=0, version=API_VERSION, on_change=told.append)
    beat.beat()
    return beat


def here(root: ApiClient) -> dict[str, Any]:
    [shown] = root.items("listManagementServers", name=HERE)
    return shown


def busy(cloud: SimulatedCloud) -> AsyncJob:
    """A job in the hands of a worker of this machine."""
    cloud.deploy()
    job = AsyncJob.objects.latest("pk")
    AsyncJob.objects.filter(pk=job.pk).update(status=AsyncJob.Status.RUNNING, owner=me())
    return job


def test_a_machine_whose_programs_beat_is_up_with_its_facts(root: ApiClient, worker: Heartbeat) -> None:
    shown = here(root)
    assert (shown["state"], shown["version"], shown["pendingjobscount"]) == ("Up", API_VERSION, 0)
    assert shown["kernelversion"] and shown["osdistribution"] and shown["lastboottime"] and shown["lastserverstart"]
    assert "lastserverstop" not in shown
    [metrics] = root.items("listManagementServersMetrics", id=shown["id"])
    assert metrics["availableprocessors"] >= 1 and len(metrics["systemloadaverages"]) == 3
    assert metrics["systemmemorytotal"].endswith(" GB") and metrics["cpuload"].endswith("%")
    assert root.call("listInfrastructure")["infrastructure"]["managementservers"] == 1


def test_one_that_is_silent_is_down_and_can_be_forgotten(root: ApiClient, worker: Heartbeat) -> None:
    server = here(root)
    with pytest.raises(ApiError, match="is not Down"):
        root.call("removeManagementServer", id=server["id"])
    silent_since = timezone.now() - timedelta(minutes=1)
    ManagementServer.objects.update(worker_seen=silent_since)
    assert here(root)["state"] == "Down"
    with pytest.raises(ApiError, match="is Down"):
        root.call("prepareForMaintenance", managementserverid=server["id"])
    worker.beat()
    again = here(root)
    assert again["state"] == "Up" and again["lastserverstop"] < again["lastserverstart"]
    ManagementServer.objects.update(worker_seen=silent_since)
    assert root.call("removeManagementServer", id=server["id"]) == {"success": True}
    assert root.items("listManagementServers") == []


def test_the_web_servers_life_is_enough(root: ApiClient, worker: Heartbeat) -> None:
    ManagementServer.objects.update(worker_seen=timezone.now() - timedelta(minutes=1))
    Heartbeat("web", pid=0, version=API_VERSION).beat()
    assert here(root)["state"] == "Up"


def test_in_maintenance_no_job_is_begun_or_accepted_and_none_is_lost(
    cloud: SimulatedCloud, worker: Heartbeat, told: list[bool]
) -> None:
    running = busy(cloud)
    waiting = cloud.deploy()
    server = here(cloud.admin)
    answer = cloud.admin.call("prepareForMaintenance", managementserverid=server["id"])["managementserver"]
    assert (answer["state"], answer["pendingjobscount"]) == ("PreparingForMaintenance", 1)
    assert (answer["maintenanceinitiated"], answer["readyforshutdown"]) == (True, False)
    worker.beat()
    assert told == [True]
    with pytest.raises(ApiError) as refused:
        cloud.deploy()
    assert refused.value.code == 503 and "prepared for maintenance or shutdown" in refused.value.text
    assert cloud.api.items("listVirtualMachines"), "what answers at once goes on"
    job = AsyncJob.objects.get(uuid=waiting["jobid"])
    assert claim(job.pk) is None
    sweep.sweep()
    assert claim(job.pk) is None

    AsyncJob.objects.filter(pk=running.pk).update(status=AsyncJob.Status.PENDING, owner="")
    ready = cloud.admin.call("readyForShutdown", managementserverid=server["id"])["managementserver"]
    assert (ready["state"], ready["readyforshutdown"]) == ("Maintenance", True)
    back = cloud.admin.call("cancelMaintenance", managementserverid=server["id"])["managementserver"]
    assert back["state"] == "Up"
    worker.beat()
    assert told == [True, False]
    run_jobs()
    assert cloud.admin.call("queryAsyncJobResult", jobid=waiting["jobid"])["jobstatus"] == 1
    assert list(Event.objects.filter(type__startswith="MS.").order_by("pk").values_list("type", flat=True)) == [
        "MS.MAINTENANCE.PREPARE", "MS.MAINTENANCE.CANCEL",
    ]  # fmt: skip


def test_a_shutdown_waits_for_jobs_and_then_ends_the_program(cloud: SimulatedCloud, worker: Heartbeat) -> None:
    running, server = busy(cloud), here(cloud.admin)["id"]
    with pytest.raises(ApiError, match="it can be shut down when"):
        cloud.admin.call("triggerShutdown", managementserverid=server)
    assert cloud.admin.call("prepareForShutdown", managementserverid=server)["managementserver"]["state"] == (
        "PreparingForShutDown"
    )
    with pytest.raises(ApiError, match="carries 1 jobs"):
        cloud.admin.call("triggerShutdown", managementserverid=server)
    AsyncJob.objects.filter(pk=running.pk).update(status=AsyncJob.Status.PENDING, owner="")
    assert here(cloud.admin)["state"] == "ReadyToShutDown"
    plan = cloud.admin.call("triggerShutdown", managementserverid=server, plan=True)["plan"]
    assert plan["cannotbeundone"] and here(cloud.admin)["state"] == "ReadyToShutDown"
    answer = cloud.admin.call("triggerShutdown", managementserverid=server)["managementserver"]
    assert (answer["state"], answer["shutdowntriggered"]) == ("ShuttingDown", True)
    with subprocess.Popen(["sleep", "60"]) as program:
        worker.pid = program.pid
        worker.beat()
        assert program.wait(timeout=10) == -signal.SIGTERM


def test_what_is_started_again_takes_work_again(
    root: ApiClient, worker: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = here(root)["id"]
    root.call("prepareForShutdown", managementserverid=server)
    root.call("triggerShutdown", managementserverid=server)
    monkeypatch.setattr(drain, "BEGUN", timezone.now())
    Heartbeat("worker", pid=0, version=API_VERSION).beat()
    assert here(root)["state"] == "Up" and not drain.draining()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (None, "cancelMaintenance"),
        (None, "cancelShutdown"),
        ("prepareForMaintenance", "cancelShutdown"),
        ("prepareForMaintenance", "prepareForMaintenance"),
        ("prepareForShutdown", "prepareForMaintenance"),
        ("prepareForShutdown", "cancelMaintenance"),
    ],
)
def test_what_does_not_follow_is_refused(root: ApiClient, worker: Heartbeat, first: str | None, then: str) -> None:
    server = here(root)["id"]
    if first:
        root.call(first, managementserverid=server)
    before = here(root)
    with pytest.raises(ApiError, match="that is not possible now"):
        root.call(then, managementserverid=server)
    assert here(root) == before


def test_they_are_for_root_administrators(
    root: ApiClient, worker: Heartbeat, client_of: Callable[..., ApiClient]
) -> None:
    server = here(root)["id"]
    for other in (client_of(), client_of(domain_admin=True)):
        for command in ("prepareForMaintenance", "readyForShutdown", "triggerShutdown"):
            with pytest.raises(ApiError) as refused:
                other.call(command, managementserverid=server)
            assert refused.value.code in (401, 432)
    assert here(root)["state"] == "Up"
