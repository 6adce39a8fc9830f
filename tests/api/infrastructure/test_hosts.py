"""Hosts through the API: added in the background, listed with their capacity, changed, maintained, deleted."""

from uuid import uuid4

import pytest

from apps.infrastructure.factories import ClusterFactory, HostFactory, simulated_zone
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.services import capacity
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator.world import inject

pytestmark = pytest.mark.django_db
GIB = 1024**3


@pytest.fixture
def cluster() -> Cluster:
    return ClusterFactory()


def place(cluster: Cluster) -> dict:
    return {
        "zoneid": cluster.pod.zone.uuid,
        "podid": cluster.pod.uuid,
        "clusterid": cluster.uuid,
        "hypervisor": cluster.hypervisor,
    }


def add(root: ApiClient, cluster: Cluster, url: str = "sim://rack1/host1", **more) -> dict:
    answer = root.call("addHost", url=url, username="root", password="hunter2hunter2", **place(cluster), **more)
    assert answer["count"] == 1
    return answer["host"][0]


def shown(root: ApiClient, host: dict | Host) -> dict:
    uuid = host["id"] if isinstance(host, dict) else host.uuid
    [one] = root.items("listHosts", id=uuid)
    return one


def finished(root: ApiClient, answer: dict) -> dict:
    run_jobs()
    return root.call("queryAsyncJobResult", jobid=answer["jobid"])


def test_host_is_connecting_at_once_and_up_when_its_job_is_done(root: ApiClient, cluster: Cluster) -> None:
    host = add(root, cluster, hosttags=["ssd", "gpu"])
    assert (host["state"], host["resourcestate"], host["hosttags"]) == ("Connecting", "Enabled", "gpu,ssd")
    run_jobs()
    host = shown(root, host)
    assert (host["state"], host["cpunumber"], host["cpuspeed"]) == ("Up", 16, 2000)
    assert host["memorytotal"] == 64 * GIB
    assert host["memorywithoverprovisioning"] == str(64 * GIB)
    assert host["cpuwithoverprovisioning"] == "32000"
    assert host["hypervisorversion"] == "simulator 1.0"
    assert host["hasenoughcapacity"] is True
    assert "lastpinged" in host


def test_password_is_stored_encrypted_and_shown_nowhere(root: ApiClient, cluster: Cluster) -> None:
    answer = add(root, cluster)
    run_jobs()
    host = Host.objects.get()
    assert "hunter2" in host.credentials.reveal()
    raw = Host.objects.extra(select={"raw": "credentials"}).values_list("raw", flat=True).get()
    assert "hunter2" not in raw
    job = AsyncJob.objects.get()
    everything = f"{answer}{shown(root, host)}{job.arguments}{job.data}{list(Event.objects.values())}"
    assert "hunter2" not in everything


def test_host_that_does_not_answer_ends_in_alert_with_the_reason(root: ApiClient, cluster: Cluster) -> None:
    host = add(root, cluster)
    inject("host_facts", "unavailable:no route to host", count=None)
    run_jobs()
    assert shown(root, host)["state"] == "Alert"
    assert Host.objects.get().status_reason == "no route to host"
    event = Event.objects.get(type="HOST.STATE", level="WARN")
    assert "no route to host" in event.description


def test_short_loss_of_connection_is_tried_again(root: ApiClient, cluster: Cluster) -> None:
    host = add(root, cluster)
    inject("host_facts", "unavailable:busy", count=2)
    run_jobs()
    assert shown(root, host)["state"] == "Up"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "no-scheme"}, "url must name"),
        ({"url": "http://root:secret@192.0.2.9"}, "must not hold a password"),
        ({"hypervisor": "KVM"}, "hypervisor"),
        ({"hypervisor": None}, "missing parameter hypervisor"),
        ({"clusterid": None}, "clusterid and clustername"),
        ({"externaldetails": {"key": "memory_mib", "value": "lots"}}, "memory_mib"),
        ({"url": "sim://" + "x" * 2000}, "url"),
    ],
)
def test_bad_host_is_refused_and_leaves_no_row(
    root: ApiClient, cluster: Cluster, change: dict, words: str, refusal
) -> None:
    error = refusal(root, "addHost", **{"url": "sim://h", **place(cluster), **change})
    assert error.code == 431
    assert words in error.text
    assert "secret" not in error.text
    assert not Host.all_objects.exists()
    assert not AsyncJob.objects.exists()


def test_cluster_may_be_named_and_is_made_with_the_host(root: ApiClient, cluster: Cluster, refusal) -> None:
    wanted = {**place(cluster), "clusterid": None, "clustername": "fresh"}
    refusal(root, "addHost", url="nonsense", **wanted)
    assert not Cluster.objects.filter(name="fresh").exists()
    [host] = root.call("addHost", url="sim://h1", **wanted)["host"]
    [again] = root.call("addHost", url="sim://h2", **wanted)["host"]
    assert host["clustername"] == "fresh"
    assert host["clusterid"] == again["clusterid"]


def test_one_address_is_one_host(root: ApiClient, cluster: Cluster, refusal) -> None:
    add(root, cluster)
    error = refusal(root, "addHost", url="sim://rack1/host1", **place(cluster))
    assert error.code == 431
    assert "already there" in error.text


def test_promises_show_in_the_list(root: ApiClient) -> None:
    host = HostFactory(cpus=4, cpu_mhz=1000, memory_mib=4096)
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1000, memory_mib=1024)
    row = shown(root, host)
    assert row["memoryallocated"] == row["memoryallocatedbytes"] == GIB
    assert row["memoryallocatedpercentage"] == "25.00%"
    assert (row["cpuallocated"], row["cpuallocatedvalue"]) == ("25.00%", 1000)
    assert not {name for name in root.items("listHosts", details="min")[0] if "alloc" in name}


def test_hosts_are_found_by_what_they_are(root: ApiClient) -> None:
    built = simulated_zone("a", pods=2, clusters=2, hosts=6)
    Host.objects.filter(pk=built.hosts[0].pk).update(status="Alert", resource_state="Disabled")
    assert len(root.items("listHosts")) == 6
    assert len(root.items("listHosts", state="Up")) == 5
    assert len(root.items("listHosts", state="up", podid=built.pods[0].uuid)) == 2
    assert len(root.items("listHosts", clusterid=built.clusters[1].uuid)) == 3
    assert [h["name"] for h in root.items("listHosts", resourcestate="Disabled")] == ["a-host-1"]
    assert len(root.items("listHosts", hypervisor="simulator", type="Routing", zoneid=built.zone.uuid)) == 6
    assert root.call("listHosts", hypervisor="KVM") == {}
    assert [h["name"] for h in root.items("listHosts", name="a-host-3")] == ["a-host-3"]


def test_host_is_disabled_enabled_tagged_and_noted(root: ApiClient) -> None:
    host = HostFactory()
    changed = root.call(
        "updateHost", id=host.uuid, allocationstate="Disable", hosttags=["b", "a", "b"], annotation="fan is loud"
    )["host"]
    assert (changed["resourcestate"], changed["hosttags"], changed["annotation"]) == ("Disabled", "a,b", "fan is loud")
    assert root.call("updateHost", id=host.uuid, allocationstate="Enable")["host"]["resourcestate"] == "Enabled"
    assert root.call("updateHost", id=host.uuid, hosttags="")["host"].get("hosttags") is None
    assert Event.objects.filter(type="HOST.RESOURCE.STATE", resource_uuid=host.uuid).count() == 2


def test_operator_overrides_what_the_host_reports(root: ApiClient, cluster: Cluster) -> None:
    host = add(root, cluster, externaldetails={"key": "memory_mib", "value": "2048"})
    run_jobs()
    assert shown(root, host)["memorytotal"] == 2 * GIB
    options = [{"key": "memory_mib", "value": "4096"}, {"key": "memory_reserved_mib", "value": "1024"}]
    root.call("updateHost", id=host["id"], externaldetails=options)
    row = shown(root, host)
    assert (row["memorytotal"], row["memorywithoverprovisioning"]) == (4 * GIB, str(3 * GIB))


def test_reconnect_reads_the_host_anew(root: ApiClient) -> None:
    host = HostFactory(status="Alert", status_reason="gone", details={"memory_mib": "512", "cpus": "2"})
    answer = root.call("reconnectHost", id=host.uuid)
    assert shown(root, host)["state"] == "Connecting"
    result = finished(root, answer)
    assert result["jobstatus"] == 1
    assert result["jobresult"]["host"]["state"] == "Up"
    assert result["jobresult"]["host"]["cpunumber"] == 2


def test_empty_host_goes_into_maintenance_and_comes_back(root: ApiClient, refusal) -> None:
    host = HostFactory()
    answer = root.call("prepareHostForMaintenance", id=host.uuid)
    assert shown(root, host)["resourcestate"] == "PrepareForMaintenance"
    assert finished(root, answer)["jobresult"]["host"]["resourcestate"] == "Maintenance"
    assert refusal(root, "prepareHostForMaintenance", id=host.uuid).code == 431
    assert finished(root, root.call("cancelHostMaintenance", id=host.uuid))["jobstatus"] == 1
    assert shown(root, host)["resourcestate"] == "Enabled"
    assert refusal(root, "cancelHostMaintenance", id=host.uuid).code == 431


def test_host_in_use_is_neither_emptied_by_magic_nor_deleted(root: ApiClient, refusal) -> None:
    host = HostFactory()
    holder = uuid4()
    capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1, memory_mib=1)
    assert refusal(root, "deleteHost", id=host.uuid).code == 431
    root.call("updateHost", id=host.uuid, allocationstate="Disable")
    for forced in (False, True):
        error = refusal(root, "deleteHost", id=host.uuid, forced=forced)
        assert (error.code, "1 machines are on it" in error.text) == (536, True)
    capacity.release(holder_uuid=holder)
    assert root.call("deleteHost", id=host.uuid) == {"success": True}
    assert root.call("listHosts") == {}
    gone = Host.all_objects.get()
    assert (gone.status, gone.credentials) == ("Removed", None)
    assert refusal(root, "updateHost", id=host.uuid, annotation="x").code == 431


def test_capacity_per_zone_pod_and_cluster(root: ApiClient, django_assert_max_num_queries) -> None:
    built = simulated_zone("a", pods=2, clusters=2, hosts=4, cpus=4, cpu_mhz=1000, memory_mib=1024)
    capacity.reserve(host=built.hosts[0], holder_uuid=uuid4(), cpu_mhz=4000, memory_mib=512)
    root.call("listCapacity")
    with django_assert_max_num_queries(9):
        memory, cpu = root.items("listCapacity")
    assert (memory["type"], memory["name"], memory["capacitytotal"]) == (0, "MEMORY", 4 * GIB)
    assert (memory["capacityused"], memory["percentused"]) == (GIB // 2, "12.50")
    assert (cpu["type"], cpu["capacitytotal"], cpu["capacityused"], cpu["percentused"]) == (1, 16000, 4000, "25.00")
    assert (cpu["zonename"], "podid" in cpu) == ("a", False)
    [cpu] = root.items("listCapacity", clusterid=built.clusters[0].uuid, type=1)
    assert (cpu["clustername"], cpu["capacitytotal"], cpu["percentused"]) == ("a-cluster-1", 8000, "50.00")
    [memory, cpu] = root.items("listCapacity", podid=built.pods[1].uuid)
    assert (memory["podname"], memory["capacityused"]) == ("a-pod-2", 0)
    assert [row["type"] for row in root.items("listCapacity", sortby="usage")] == [1, 0]


def test_hypervisors_of_a_zone_and_of_all_plugins(root: ApiClient) -> None:
    built = simulated_zone("a", pods=1, clusters=1, hosts=1)
    assert root.call("listHypervisors", zoneid=built.zone.uuid) == {"count": 1, "hypervisor": [{"name": "Simulator"}]}
    assert {"name": "Simulator"} in root.items("listHypervisors")


def test_simulated_fault_is_made_shown_and_taken_back(root: ApiClient, refusal) -> None:
    host = HostFactory()
    mock = root.call("configureSimulator", name="StartCommand", value="wait:100", count=3, hostid=host.uuid)
    mock = mock["simulatormock"]
    assert (mock["name"], mock["value"], mock["count"], mock["hostid"]) == ("start", "wait:100", 3, str(host.uuid))
    assert root.call("querySimulatorMock", id=mock["id"])["simulatormock"] == mock
    assert root.call("cleanupSimulatorMock", id=mock["id"]) == {"success": True}
    assert refusal(root, "querySimulatorMock", id=mock["id"]).code == 431
    assert refusal(root, "cleanupSimulatorMock", id=mock["id"]).code == 431


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "NoSuchCommand"}, "no command is named"),
        ({"value": "explode"}, "possible are"),
        ({"value": "wait:soon"}, "milliseconds"),
        ({"value": "wait:99999999"}, "milliseconds"),
        ({"hostid": "7d5a1c1e-0000-4000-8000-000000000000"}, "hostid"),
    ],
)
def test_bad_simulated_fault_is_refused(root: ApiClient, change: dict, words: str, refusal) -> None:
    error = refusal(root, "configureSimulator", **{"name": "start", "value": "fault:x", **change})
    assert error.code == 431
    assert words in error.text
