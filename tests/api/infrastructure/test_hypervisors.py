"""Limits of hypervisors: listed, changed, and honoured where they bind."""

from typing import Any

import pytest

from apps.compute.models import VirtualMachine
from apps.infrastructure.models import CapacityReservation, Host, HypervisorCapabilities
from apps.infrastructure.services import capacity
from apps.infrastructure.services.hypervisors import seed_capabilities
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, check_invariants

pytestmark = pytest.mark.django_db


def limit(root: ApiClient, **limits: Any) -> dict[str, Any]:
    shown: dict[str, Any] = root.call("updateHypervisorCapabilities", hypervisor="simulator", **limits)[
        "hypervisorCapabilities"
    ]
    return shown


def test_limits_are_listed_and_changed(root: ApiClient) -> None:
    assert seed_capabilities() > 0 and seed_capabilities() == 0
    [shown] = root.items("listHypervisorCapabilities", hypervisor="Simulator")
    assert shown["hypervisorversion"] == "default" and shown["storagemotionenabled"] is False
    assert "maxguestslimit" not in shown
    changed = limit(root, maxguestslimit=3, maxdatavolumeslimit=2)
    assert (changed["id"], changed["maxguestslimit"], changed["maxdatavolumeslimit"]) == (shown["id"], 3, 2)
    again = root.call("updateHypervisorCapabilities", id=shown["id"], maxhostspercluster=5)["hypervisorCapabilities"]
    assert (again["maxguestslimit"], again["maxhostspercluster"]) == (3, 5)
    assert Event.objects.filter(type="HYPERVISOR.CAPABILITIES.UPDATE").count() == 2


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"maxguestslimit": 0}, "maxguestslimit"),
        ({"maxdatavolumeslimit": 15}, "maxdatavolumeslimit"),
        ({"storagemotionenabled": True}, "storagemotionenabled"),
        ({"hypervisor": "XenServer"}, "hypervisor"),
        ({"hypervisor": None}, "hypervisor"),
        ({"hypervisorversion": "7"}, "hypervisorversion"),
    ],
)
def test_bad_limits_are_refused(root: ApiClient, user: ApiClient, change: dict[str, Any], word: str, refusal) -> None:
    seed_capabilities()
    values = {"hypervisor": "Simulator", "maxguestslimit": 9, **change}
    error = refusal(root, "updateHypervisorCapabilities", **values)
    assert error.code == 431 and word in error.text
    assert refusal(user, "updateHypervisorCapabilities", **values).code == 432
    assert refusal(user, "listHypervisorCapabilities").code == 432
    assert not HypervisorCapabilities.objects.filter(max_guests__isnull=False).exists()


def test_a_host_takes_no_more_machines_than_allowed(cloud: SimulatedCloud) -> None:
    limit(cloud.admin, maxguestslimit=1)
    for _ in range(len(cloud.hosts)):
        cloud.deploy()
        run_jobs()
    assert set(VirtualMachine.objects.values_list("host_id", flat=True)) == {host.pk for host in cloud.hosts}
    answer = cloud.deploy(cloud.admin)
    run_jobs()
    job = cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert job["jobstatus"] == 2 and "as many machines as its hypervisor is allowed" in job["jobresult"]["errortext"]
    check_invariants()


def test_whoever_comes_between_choice_and_promise_is_counted(cloud: SimulatedCloud) -> None:
    limit(cloud.admin, maxguestslimit=1)
    host = Host.objects.select_related("cluster").get(pk=cloud.hosts[0].pk)
    sizes = {"cpu_mhz": 1, "memory_mib": 1}
    capacity.reserve(host=host, holder_uuid=host.uuid, **sizes)
    with pytest.raises(InsufficientCapacity, match="1 machines are on it"):
        capacity.reserve(host=host, holder_uuid=cloud.zone.uuid, **sizes)
    assert CapacityReservation.objects.count() == 1
    host.capacity.refresh_from_db()
    assert host.capacity.memory_used_mib == 1
    capacity.release(holder_uuid=host.uuid)


def test_a_machine_gets_no_more_data_disks_than_allowed(cloud: SimulatedCloud, refusal) -> None:
    limit(cloud.admin, maxdatavolumeslimit=1)
    machine = cloud.deploy(diskofferingid=cloud.disk_offering.uuid)
    volume = cloud.api.call(
        "createVolume", name="more", zoneid=cloud.zone.uuid, diskofferingid=cloud.disk_offering.uuid
    )
    run_jobs()
    error = refusal(cloud.api, "attachVolume", id=volume["id"], virtualmachineid=machine["id"])
    assert (error.code, "may have 1 data disks" in error.text) == (431, True)
    limit(cloud.admin, maxdatavolumeslimit=2)
    cloud.api.call("attachVolume", id=volume["id"], virtualmachineid=machine["id"])
    run_jobs()
    check_invariants()


def test_a_cluster_gets_no_more_hosts_than_allowed(cloud: SimulatedCloud, refusal) -> None:
    limit(cloud.admin, maxhostspercluster=2)
    cluster = cloud.hosts[0].cluster
    place = {"zoneid": cloud.zone.uuid, "podid": cluster.pod.uuid, "clusterid": cluster.uuid}
    error = refusal(cloud.admin, "addHost", hypervisor="Simulator", url="sim://new/host", **place)
    assert (error.code, "maxhostspercluster" in error.text) == (431, True)
    assert Host.objects.count() == len(cloud.hosts)
    limit(cloud.admin, maxhostspercluster=3)
    cloud.admin.call("addHost", hypervisor="Simulator", url="sim://new/host", **place)
