"""Lists of metrics: the items of the plain lists with figures, at a price that does not grow with the rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.infrastructure.factories import ClusterFactory, HostFactory, ZoneFactory, simulated_zone
from apps.infrastructure.models import Host, HostCapacity
from apps.infrastructure.services import heartbeat
from cloudstack.framework.configuration.service import ConfigurationManager, Scope
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

pytestmark = pytest.mark.django_db
PLAIN = {
    "listZonesMetrics": ("listZones", "zone"),
    "listClustersMetrics": ("listClusters", "cluster"),
    "listHostsMetrics": ("listHosts", "host"),
    "listStoragePoolsMetrics": ("listStoragePools", "storagepool"),
}


def one(root: ApiClient, command: str, **more) -> dict:
    [row] = root.items(command, **more)
    return row


def test_zone_and_cluster_tell_what_is_busy_and_what_is_promised(root: ApiClient) -> None:
    cluster = ClusterFactory()
    busy = HostFactory(cluster=cluster, cpu_used_percent=60.0, memory_used_mib=32768)
    HostFactory(cluster=cluster, cpu_used_percent=20.0, memory_used_mib=16384)
    HostCapacity.objects.filter(pk=busy.pk).update(cpu_used_mhz=60000, memory_used_mib=65536)
    expected = {
        "state": "Enabled",
        "cputotal": "64.00 GHz",
        "cpuused": "40.00%",
        "cpuallocated": "93.75%",
        "cpumaxdeviation": "50.00%",
        "memorytotal": "128.00 GB",
        "memoryused": "37.50%",
        "memoryallocated": "50.00%",
        "memorymaxdeviation": "33.33%",
        "cputhreshold": False,
        "cpuallocatedthreshold": True,
        "memorythreshold": False,
        "memoryallocatedthreshold": False,
    }
    zone = one(root, "listZonesMetrics")
    assert zone == {**zone, **expected, "clusters": "1 / 1"}
    shown = one(root, "listClustersMetrics")
    assert shown == {**shown, **expected, "hosts": "2 / 2"}


def test_thresholds_are_the_clusters_own(root: ApiClient, cloud: SimulatedCloud) -> None:
    cluster = HostFactory(cpu_used_percent=60.0, memory_used_mib=1).cluster
    ConfigurationManager().update(
        caller=cloud.root,
        name="cluster.cpu.capacity.notificationthreshold",
        value="0.5",
        scope=Scope.CLUSTER,
        scope_uuid=cluster.uuid,
    )
    assert one(root, "listClustersMetrics", id=cluster.uuid)["cputhreshold"] is True
    assert one(root, "listHostsMetrics", clusterid=cluster.uuid)["cputhreshold"] is True


def test_what_no_host_has_told_is_left_out(root: ApiClient) -> None:
    HostFactory()
    assert not {"cpuused", "memoryused", "cpumaxdeviation", "cputhreshold"} & set(one(root, "listClustersMetrics"))
    assert not {"cpuusedghz", "memoryusedgb", "networkread", "cputhreshold"} & set(one(root, "listHostsMetrics"))


def test_an_empty_zone_has_figures_of_nothing(root: ApiClient) -> None:
    ZoneFactory()
    zone = one(root, "listZonesMetrics")
    assert (zone["clusters"], zone["cputotal"], zone["cpuallocated"]) == ("0 / 0", "0.00 GHz", "0.00%")


def test_host_tells_its_load_after_it_was_asked(cloud: SimulatedCloud) -> None:
    cloud.deploy()
    run_jobs()
    assert heartbeat.measure_hosts() == len(cloud.hosts)
    hosts = cloud.admin.items("listHostsMetrics")
    [full] = [host for host in hosts if host["instances"] == "1 / 1"]
    assert full["memoryused"] > 0 and float(full["cpuusedghz"].split()[0]) > 0
    assert full["cpuused"].endswith("%") and full["cpuloadaverage"] > 0
    assert {host["instances"] for host in hosts if host is not full} == {"0 / 0"}
    plain = cloud.admin.items("listHosts", id=full["id"], details="min")[0]
    assert not {"cpuused", "memoryused", "events", "cpuallocated"} & set(plain)


def test_agent_tells_how_busy_its_host_is(root: ApiClient) -> None:
    host = HostFactory(details={})
    facts = {"memory_total_mib": 4096, "memory_free_mib": 1024, "load_1m": 0.5, "cpu_used_percent": 12.5}
    heartbeat.heartbeat(host.uuid, {**facts, "network_rx_bytes": 4096, "network_tx_bytes": -1})
    shown = one(root, "listHosts")
    assert (shown["cpuused"], shown["memoryused"], shown["cpuloadaverage"]) == ("12.50%", 3072 << 20, 0.5)
    assert shown["networkkbsread"] == 4 and "networkkbswrite" not in shown


def test_pool_tells_how_full_it_is(cloud: SimulatedCloud) -> None:
    pool = cloud.admin.items("listStoragePoolsMetrics")[0]
    assert pool["disksizetotalgb"].endswith("(x2)") and pool["disksizeusedgb"].endswith(" GB")
    assert pool["storageusagethreshold"] is False and pool["storageallocateddisablethreshold"] is False


@pytest.mark.parametrize("command", PLAIN)
def test_metrics_have_the_plain_items_and_cost_the_same_for_many(cloud: SimulatedCloud, command: str) -> None:
    plain, item = PLAIN[command]
    root = cloud.admin
    [first, *_] = root.call(command)[item]
    assert root.call(plain, id=first["id"])[item][0].items() <= first.items()

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            root.call(command)
        return len(seen)

    statements()
    few = statements()
    simulated_zone("more", pods=2, clusters=5, hosts=20)
    Host.objects.update(cpu_used_percent=5.0, memory_used_mib=100)
    assert statements() == few


def test_metrics_are_for_root_admins(user: ApiClient, refusal) -> None:
    for command in PLAIN:
        assert refusal(user, command).code == 432


def test_capacity_has_storage_and_numbers_beside_hosts(cloud: SimulatedCloud) -> None:
    run_jobs()
    rows = {row["name"]: row for row in cloud.admin.items("listCapacity")}
    assert {"MEMORY", "CPU", "STORAGE", "STORAGE_ALLOCATED", "SECONDARY_STORAGE", "DIRECT_ATTACHED_PUBLIC_IP"} <= set(
        rows
    )
    for name in ("STORAGE", "STORAGE_ALLOCATED", "MEMORY"):
        assert rows[name]["capacitytotal"] > rows[name]["capacityused"] >= 0
    before = rows["DIRECT_ATTACHED_PUBLIC_IP"]["capacityused"]
    cloud.deploy()
    [row] = cloud.admin.items("listCapacity", type=8)
    assert (row["capacityused"], row["zonename"]) == (before + 1, cloud.zone.name)
    cluster = cloud.hosts[0].cluster
    in_cluster = cloud.admin.items("listCapacity", clusterid=cluster.uuid)
    assert {row["clustername"] for row in in_cluster} == {cluster.name}
    assert {row["podname"] for row in in_cluster} == {cluster.pod.name}


def test_capacity_of_a_tag_is_that_of_the_hosts_with_it(root: ApiClient) -> None:
    cluster = ClusterFactory()
    HostFactory(cluster=cluster, tags="gpu,ssd", memory_mib=1024)
    HostFactory(cluster=cluster, tags="gpux", memory_mib=4096)
    HostFactory(cluster=cluster, memory_mib=2048)
    [row] = root.items("listCapacity", tag="gpu", type=0)
    assert (row["capacitytotal"], row["tag"]) == (1024 << 20, "gpu")
    assert root.items("listCapacity", tag="none") == []
    assert root.items("listCapacity", type=0)[0]["capacitytotal"] == 7168 << 20
