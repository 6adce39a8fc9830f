"""Where machines and volumes could go, and what changes when a pool belongs to another part of the zone."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.compute.models import VirtualMachine
from apps.infrastructure.factories import HostFactory
from apps.infrastructure.models import Host
from apps.infrastructure.services.bulk import simulated_zone
from apps.storage.factories import VolumeFactory
from apps.storage.models import PoolHost, StoragePool, Volume
from apps.storage.states import PoolScope, PoolState
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants


@pytest.fixture
def vm(cloud: Any) -> VirtualMachine:
    found: VirtualMachine = cloud.row(cloud.machine())
    assert found.host is not None
    return found


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_hosts_are_judged_for_a_running_machine(cloud: Any, vm: VirtualMachine) -> None:
    cluster = vm.host.cluster
    [near] = Host.objects.filter(cluster=cluster).exclude(pk=vm.host_id)
    blind = HostFactory(cluster=cluster, name="blind")
    full = HostFactory(cluster=cluster, name="full", memory_mib=64)
    rows = by_name(cloud.admin.items("findHostsForMigration", virtualmachineid=vm.uuid))
    assert vm.host.name not in rows and len(rows) == Host.objects.count() - 1
    assert rows[near.name]["suitableformigration"] is True and rows[near.name]["requiresStorageMotion"] is False
    assert "unsuitablereason" not in rows[near.name] and rows[near.name]["clusterid"] == str(cluster.uuid)
    assert rows[blind.name]["suitableformigration"] is False and rows[blind.name]["requiresStorageMotion"] is True
    assert "cannot reach the machine's storage" in rows[blind.name]["unsuitablereason"]
    assert "64 MiB free" in rows[full.name]["unsuitablereason"]
    elsewhere = [row for row in rows.values() if row["clusterid"] != str(cluster.uuid)]
    assert elsewhere and {row["suitableformigration"] for row in elsewhere} == {False}
    assert {row["unsuitablereason"] for row in elsewhere} == {"not in the cluster asked for"}
    moved = cloud.run(cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm.uuid, hostid=near.uuid))
    assert moved["hostid"] == str(near.uuid)


def test_hosts_of_a_machine_tell_whether_it_would_fit(cloud: Any, vm: VirtualMachine) -> None:
    full = HostFactory(cluster=vm.host.cluster, name="full", memory_mib=64)
    rows = by_name(cloud.admin.items("listHosts", virtualmachineid=vm.uuid))
    assert set(rows) == set(Host.objects.filter(cluster=vm.host.cluster).values_list("name", flat=True))
    assert rows[full.name]["hasenoughcapacity"] is False
    near = Host.objects.filter(cluster=vm.host.cluster).exclude(pk__in=[vm.host_id, full.pk]).get()
    assert rows[near.name]["hasenoughcapacity"] is True


def test_only_a_running_machine_has_hosts_to_move_to(cloud: Any, vm: VirtualMachine, refusal: Any) -> None:
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm.uuid))
    error = refusal(cloud.admin, "findHostsForMigration", virtualmachineid=vm.uuid)
    assert (error.code, "is Stopped" in error.text) == (431, True)
    for command in ("findHostsForMigration", "findStoragePoolsForMigration", "listAffectedVmsForStorageScopeChange"):
        assert refusal(cloud.api, command, virtualmachineid=vm.uuid, id=vm.uuid).code == 432


def test_pools_are_judged_for_a_volume(cloud: Any, vm: VirtualMachine) -> None:
    volume = Volume.objects.get(attachment__vm=vm)
    assert volume.pool is not None
    common = {"zone": cloud.zone, "hypervisor": "Simulator", "type": "Simulator", "path": "/x", "scope": "ZONE"}
    roomy = {**common, "capacity_bytes": 1 << 42, "state": PoolState.UP}
    good = StoragePool.objects.create(name="good", **roomy)
    PoolHost.objects.create(pool=good, host=vm.host, path="/x")
    StoragePool.objects.create(name="unseen", **roomy)
    tiny = StoragePool.objects.create(name="tiny", **{**roomy, "capacity_bytes": 1 << 20})
    PoolHost.objects.create(pool=tiny, host=vm.host, path="/x")
    StoragePool.objects.create(name="closed", **{**roomy, "state": PoolState.MAINTENANCE})
    rows = by_name(cloud.admin.items("findStoragePoolsForMigration", id=volume.uuid))
    assert volume.pool.name not in rows
    assert rows["good"]["suitableformigration"] is True and "unsuitablereason" not in rows["good"]
    for name, words in (("unseen", "not connected on host"), ("tiny", "needed"), ("closed", "is Maintenance")):
        assert rows[name]["suitableformigration"] is False and words in rows[name]["unsuitablereason"]
    lonely = VolumeFactory(zone=cloud.zone, pool=volume.pool)
    assert by_name(cloud.admin.items("findStoragePoolsForMigration", id=lonely.uuid))["good"]["suitableformigration"]


def test_judging_costs_the_same_for_many_hosts(cloud: Any, vm: VirtualMachine) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            cloud.admin.call("findHostsForMigration", virtualmachineid=vm.uuid)
        return len(seen)

    statements()
    few = statements()
    for _ in range(10):
        HostFactory(cluster=vm.host.cluster)
    assert statements() == few


# Scope of pools


@pytest.fixture
def pool(vm: VirtualMachine) -> StoragePool:
    found = StoragePool.objects.get(volumes__attachment__vm=vm)
    StoragePool.objects.filter(pk=found.pk).update(state=PoolState.DISABLED)
    found.refresh_from_db()
    return found


def test_pool_is_given_to_the_zone_and_back_to_a_cluster(cloud: Any, vm: VirtualMachine, pool: StoragePool) -> None:
    if pool.scope == PoolScope.CLUSTER:
        cloud.run(cloud.admin.call("changeStoragePoolScope", id=pool.uuid, scope="ZONE"))
        pool.refresh_from_db()
    assert (pool.scope, pool.cluster, pool.pod) == (PoolScope.ZONE, None, None)
    assert PoolHost.objects.filter(pool=pool).count() == Host.objects.count()
    other = Host.objects.exclude(cluster=vm.host.cluster).first().cluster
    [affected] = cloud.admin.items("listAffectedVmsForStorageScopeChange", clusterid=other.uuid, storageid=pool.uuid)
    assert (affected["id"], affected["hostid"]) == (str(vm.uuid), str(vm.host.uuid))
    mine = vm.host.cluster
    assert cloud.admin.items("listAffectedVmsForStorageScopeChange", clusterid=mine.uuid, storageid=pool.uuid) == []
    ended = cloud.run(cloud.admin.call("changeStoragePoolScope", id=pool.uuid, scope="CLUSTER", clusterid=mine.uuid))
    assert ended == {"success": True} or ended is True
    pool.refresh_from_db()
    assert (pool.scope, pool.cluster, pool.pod) == (PoolScope.CLUSTER, mine, mine.pod)
    assert {link.host.cluster for link in PoolHost.objects.filter(pool=pool)} == {mine}
    check_invariants()


def test_machines_of_other_clusters_keep_the_scope(
    cloud: Any, vm: VirtualMachine, pool: StoragePool, refusal: Any
) -> None:
    StoragePool.objects.filter(pk=pool.pk).update(scope=PoolScope.ZONE, cluster=None, pod=None)
    other = Host.objects.exclude(cluster=vm.host.cluster).first().cluster
    error = refusal(cloud.admin, "changeStoragePoolScope", id=pool.uuid, scope="CLUSTER", clusterid=other.uuid)
    assert (error.code, "1 machines outside" in error.text) == (536, True)


def test_a_change_that_fails_half_way_leaves_the_old_scope(cloud: Any, vm: VirtualMachine, pool: StoragePool) -> None:
    StoragePool.objects.filter(pk=pool.pk).update(scope=PoolScope.CLUSTER, cluster=vm.host.cluster, pod=vm.host.pod)
    world.inject("connect", "fault:no way", count=None)
    answer = cloud.admin.call("changeStoragePoolScope", id=pool.uuid, scope="ZONE")
    run_jobs()
    assert cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])["jobstatus"] == 2
    pool.refresh_from_db()
    assert (pool.scope, pool.cluster) == (PoolScope.CLUSTER, vm.host.cluster)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"scope": "HOST"}, "scope"),
        ({"scope": "CLUSTER", "clusterid": None}, "clusterid"),
        ({"scope": "ZONE", "clusterid": "mine"}, "clusterid"),
        ({"clusterid": "strange"}, "clusterid"),
    ],
)
def test_bad_scopes_are_refused(
    cloud: Any, vm: VirtualMachine, pool: StoragePool, change: dict[str, Any], word: str, refusal: Any
) -> None:
    scope = PoolScope.CLUSTER if change.get("scope") == "ZONE" else PoolScope.ZONE
    StoragePool.objects.filter(pk=pool.pk).update(scope=scope)
    places = {"mine": vm.host.cluster.uuid, "strange": simulated_zone("far").clusters[0].uuid}
    values = {"scope": "CLUSTER", "clusterid": vm.host.cluster.uuid, **change}
    values["clusterid"] = places.get(values["clusterid"], values["clusterid"])
    error = refusal(cloud.admin, "changeStoragePoolScope", id=pool.uuid, **values)
    assert error.code == 431 and word in error.text
    StoragePool.objects.filter(pk=pool.pk).update(state=PoolState.UP)
    assert (
        "disable it"
        in refusal(
            cloud.admin, "changeStoragePoolScope", id=pool.uuid, scope="CLUSTER", clusterid=vm.host.cluster.uuid
        ).text
    )
