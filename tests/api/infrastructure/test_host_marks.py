"""What operators write down about hosts: degraded, passwords, tags, guests that they are meant for."""

import json
from typing import Any
from uuid import uuid4

import pytest

from apps.compute.models import VirtualMachine
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import CapacityReservation, Host
from apps.infrastructure.services import capacity
from apps.infrastructure.states import HostStatus
from apps.storage.models import GuestOs, GuestOsCategory, Template
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob, engine
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator.world import inject
from tests.support.cloud import SimulatedCloud, check_invariants

pytestmark = pytest.mark.django_db


def done(root: ApiClient, command: str, **params: Any) -> dict[str, Any]:
    answer = root.call(command, **params)
    run_jobs()
    job: dict[str, Any] = root.call("queryAsyncJobResult", jobid=answer["jobid"])
    return job


def test_degraded_host_takes_no_machines_until_it_is_taken_back(cloud: SimulatedCloud) -> None:
    for host in cloud.hosts[1:]:
        cloud.admin.call("updateHost", id=host.uuid, allocationstate="Disable")
    host = cloud.hosts[0]
    Host.objects.filter(pk=host.pk).update(status=HostStatus.ALERT)
    job = done(cloud.admin, "declareHostAsDegraded", id=host.uuid)
    assert job["jobresult"]["host"]["resourcestate"] == "Degraded"
    assert Event.objects.filter(type="HOST.DECLARE.DEGRADED", state="Completed").exists()
    Host.objects.filter(pk=host.pk).update(status=HostStatus.UP)
    cloud.deploy()
    run_jobs()
    assert not VirtualMachine.objects.filter(host__isnull=False).exists()
    job = done(cloud.admin, "cancelHostAsDegraded", id=host.uuid)
    assert job["jobresult"]["host"]["resourcestate"] == "Enabled"
    cloud.deploy()
    run_jobs()
    assert VirtualMachine.objects.filter(host=host).count() == 1


def test_host_that_answers_is_not_written_off(root: ApiClient, user: ApiClient, refusal) -> None:
    host = HostFactory()
    error = refusal(root, "declareHostAsDegraded", id=host.uuid)
    assert (error.code, "is Up" in error.text) == (431, True)
    error = refusal(root, "cancelHostAsDegraded", id=host.uuid)
    assert (error.code, "not Degraded" in error.text) == (431, True)
    assert refusal(user, "declareHostAsDegraded", id=host.uuid).code == 432
    assert not AsyncJob.objects.exists()


def test_room_that_nobody_uses_is_given_back(cloud: SimulatedCloud) -> None:
    cloud.deploy()
    run_jobs()
    vm = VirtualMachine.objects.get()
    assert vm.host is not None
    worked_on = uuid4()
    for holder in (uuid4(), worked_on):
        capacity.reserve(host=vm.host, holder_uuid=holder, cpu_mhz=500, memory_mib=512)
    job = AsyncJob.objects.create(name="x", resource_uuid=worked_on, queue="elsewhere", status=AsyncJob.Status.PENDING)
    answer = cloud.admin.call("releaseHostReservation", id=vm.host.uuid)
    engine.run(AsyncJob.objects.get(uuid=answer["jobid"]).pk)
    assert set(CapacityReservation.objects.values_list("holder_uuid", flat=True)) == {vm.uuid, worked_on}
    capacity.release(holder_uuid=worked_on)
    job.delete()
    check_invariants()


def test_password_of_all_hosts_of_a_cluster_is_stored_and_tried(root: ApiClient) -> None:
    cluster = ClusterFactory()
    hosts = [HostFactory(cluster=cluster, credentials='{"key": "k"}'), HostFactory(cluster=cluster)]
    other = HostFactory()
    answer = root.call("updateHostPassword", clusterid=cluster.uuid, username="root", password="n3w-secret")
    assert answer == {"success": True}
    run_jobs()
    for host in hosts:
        host.refresh_from_db()
        assert host.status == HostStatus.UP
        assert json.loads(host.credentials.reveal()).items() >= {"username": "root", "password": "n3w-secret"}.items()
    assert json.loads(hosts[0].credentials.reveal())["key"] == "k"
    other.refresh_from_db()
    assert other.credentials is None
    assert AsyncJob.objects.filter(name="infrastructure.host.reconnect").count() == 2
    told = [*Event.objects.values_list("description", flat=True), *map(str, AsyncJob.objects.values("arguments"))]
    assert not any("n3w-secret" in text for text in told)


def test_host_that_does_not_take_the_password_goes_to_alert(root: ApiClient) -> None:
    host = HostFactory()
    inject("host_facts", "fault:authentication failed")
    root.call("updateHostPassword", hostid=host.uuid, username="root", password="wrong")
    run_jobs()
    host.refresh_from_db()
    assert (host.status, "authentication failed" in host.status_reason) == (HostStatus.ALERT, True)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"clusterid": None, "hostid": None}, "hostid"),
        ({"hostid": "both"}, "hostid"),
        ({"update_passwd_on_host": True}, "update_passwd_on_host"),
        ({"password": None}, "password"),
        ({"clusterid": "empty"}, "clusterid"),
    ],
)
def test_bad_passwords_leave_nothing(root: ApiClient, user: ApiClient, change: dict, word: str, refusal) -> None:
    host, empty = HostFactory(), ClusterFactory()
    places = {"both": host.uuid, "empty": empty.uuid}
    values = {"clusterid": host.cluster.uuid, "username": "root", "password": "x"}
    values |= {name: places.get(str(value), value) for name, value in change.items()}
    error = refusal(root, "updateHostPassword", **values)
    assert error.code == 431 and word in error.text
    assert refusal(user, "updateHostPassword", **values).code == 432
    host.refresh_from_db()
    assert host.credentials is None and not AsyncJob.objects.exists()


def test_tags_of_hosts_are_listed_once(root: ApiClient, user: ApiClient, refusal) -> None:
    HostFactory(tags="gpu,ssd")
    HostFactory(tags="ssd")
    HostFactory()
    tags = root.items("listHostTags")
    assert [(tag["name"], tag["isimplicit"]) for tag in tags] == [("gpu", False), ("ssd", False)]
    assert len({tag["id"] for tag in tags}) == 2
    assert [tag["name"] for tag in root.items("listHostTags", keyword="GP")] == ["gpu"]
    assert refusal(user, "listHostTags").code == 432


def test_guests_go_to_the_hosts_meant_for_them(cloud: SimulatedCloud) -> None:
    mine = GuestOsCategory.objects.create(name="Plan 9")
    others = GuestOsCategory.objects.create(name="BeOS")
    guest = GuestOs.objects.create(category=mine, description="Plan 9 (64-bit)")
    Template.objects.update(guest_os=guest)
    wanted = cloud.hosts[2]
    for host in cloud.hosts:
        category = mine if host == wanted else others
        shown = cloud.admin.call("updateHost", id=host.uuid, oscategoryid=category.uuid)["host"]
        assert (shown["oscategoryid"], shown["oscategoryname"]) == (str(category.uuid), category.name)
    for _ in range(3):
        cloud.deploy()
        run_jobs()
    assert set(VirtualMachine.objects.values_list("host", flat=True)) == {wanted.pk}


def test_local_storage_is_not_destroyed_with_its_host(root: ApiClient, refusal) -> None:
    host = HostFactory()
    error = refusal(root, "deleteHost", id=host.uuid, forced=True, forcedestroylocalstorage=True)
    assert (error.code, "forcedestroylocalstorage" in error.text) == (431, True)
    assert Host.objects.filter(pk=host.pk).exists()
