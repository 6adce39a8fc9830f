"""Pools come, hosts come later, pools go."""

import pytest

from apps.infrastructure.factories import HostFactory
from apps.infrastructure.states import HostStatus
from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import PoolHost, StoragePool, TemplatePoolRef
from apps.storage.scheduled import connect_pools, refresh_image_stores, refresh_pool_facts
from apps.storage.services import allocation
from apps.storage.services.pool_urls import parse_pool_url
from apps.storage.services.pools import StoragePoolManager
from apps.storage.states import CacheState, PoolState
from cloudstack.framework.errors import InsufficientCapacity, InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs
from plugins.hypervisors.simulator.models import Fault

pytestmark = pytest.mark.django_db
GIB = 1 << 30
OK = AsyncJob.Status.SUCCEEDED


def add(cloud, url: str = "simulator://localhost/mnt/new", **more) -> tuple[StoragePool, AsyncJob]:
    values = {"name": "new", "zone": cloud.zone, "cluster": cloud.hosts[0].cluster, **more}
    return StoragePoolManager().add(caller=cloud.root, place=parse_pool_url(url), **values)


def test_a_new_pool_is_connected_on_every_host(cloud) -> None:
    pool, job = add(cloud)
    assert pool.state == PoolState.INITIALIZED
    assert run_job(job).status == OK
    pool.refresh_from_db()
    assert pool.state == PoolState.UP and pool.capacity_bytes == 10 * 1024 * GIB
    assert {link.host for link in pool.pool_hosts.all()} == set(cloud.hosts)


@pytest.mark.parametrize("value", ["crash:before", "crash:after"])
def test_a_crash_while_it_is_connected(cloud, carry_out, value: str) -> None:
    pool, job = add(cloud)
    assert carry_out(job, "connect", value).status == OK
    assert PoolHost.objects.filter(pool=pool).count() == 2
    cloud.assert_settled()


def test_a_pool_that_no_host_can_use_is_gone_and_says_why(cloud) -> None:
    pool, job = add(cloud, details={"missing": "true"})
    job = run_job(job)
    assert job.status == AsyncJob.Status.FAILED and "is not there on" in job.error_text
    assert not StoragePool.objects.filter(pk=pool.pk).exists()
    assert not PoolHost.objects.filter(pool=pool).exists()
    cloud.assert_settled()


def test_one_host_that_cannot_is_tried_again_by_the_sweep(cloud) -> None:
    Fault.objects.create(command="connect", value="fault:no", remaining=1, host_uuid=cloud.hosts[0].uuid)
    pool, job = add(cloud)
    assert run_job(job).status == OK
    assert PoolHost.objects.filter(pool=pool).count() == 1
    connect_pools()
    connect_pools()
    assert AsyncJob.objects.filter(name="storage.host.connect_pools").count() == 1
    run_jobs()
    assert PoolHost.objects.filter(pool=pool).count() == 2


def test_a_host_that_comes_later_gets_the_pools_of_its_cluster_only(cloud) -> None:
    same, other = HostFactory(cluster=cloud.hosts[0].cluster), HostFactory()
    down = HostFactory(cluster=cloud.hosts[0].cluster, status=HostStatus.DOWN)
    connect_pools()
    run_jobs()
    connect_pools()
    assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
    assert PoolHost.objects.filter(host=same, pool=cloud.pool).exists()
    assert not PoolHost.objects.filter(host__in=[other, down]).exists()


def test_a_pool_with_volumes_is_not_removed(cloud) -> None:
    VolumeFactory(zone=cloud.zone, pool=cloud.pool)
    with pytest.raises(ResourceInUse):
        StoragePoolManager().remove(caller=cloud.root, pool=cloud.pool)


@pytest.mark.parametrize("value", ["", "crash:before", "crash:after"])
def test_a_pool_is_removed_with_its_cached_templates(cloud, carry_out, value: str) -> None:
    path = f"{cloud.pool.path}/templates/{cloud.pool.uuid}"
    TemplatePoolRef.objects.create(template=TemplateFactory(), pool=cloud.pool, state=CacheState.READY, path=path)
    job = StoragePoolManager().remove(caller=cloud.root, pool=cloud.pool)
    job = carry_out(job, "delete_volume", value) if value else run_job(job)
    assert job.status == OK, job.error_text
    pool = StoragePool.all_objects.get(pk=cloud.pool.pk)
    assert pool.removed and pool.state == PoolState.REMOVED
    assert not PoolHost.objects.exists() and not TemplatePoolRef.objects.exists()
    cloud.assert_settled()


def test_a_volume_promised_room_just_before_keeps_the_pool(cloud) -> None:
    job = StoragePoolManager().remove(caller=cloud.root, pool=cloud.pool)
    VolumeFactory(zone=cloud.zone, pool=cloud.pool)
    assert run_job(job).error_code == 536
    cloud.pool.refresh_from_db()
    assert cloud.pool.state == PoolState.DISABLED
    cloud.assert_settled()


def test_a_closed_pool_promises_nothing(cloud) -> None:
    manager = StoragePoolManager()
    manager.update(caller=cloud.root, pool=cloud.pool, enabled=False)
    with pytest.raises(InsufficientCapacity):
        allocation.reserve(pool=cloud.pool, holder_uuid=cloud.pool.uuid, size_bytes=1)
    choice = allocation.find_pools(host=cloud.hosts[0], size_bytes=1)
    assert (choice.ranked, choice.explanation()) == ((), f"{cloud.pool.name}: is Disabled")
    manager.update(caller=cloud.root, pool=cloud.pool, enabled=True)
    allocation.reserve(pool=cloud.pool, holder_uuid=cloud.pool.uuid, size_bytes=1)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("ftp://x/y", {}),
        ("nfs://server/", {}),
        ("nfs://server/a/../b", {}),
        ("sharedmountpoint://localhost/mnt/x", {}),
        ("simulator://localhost/mnt/new", {"name": ""}),
        ("simulator://localhost/mnt/new", {"cluster": None}),
        ("simulator://localhost/mnt/new", {"hypervisor": "KVM"}),
        ("simulator://localhost/mnt/new", {"tags": "a b"}),
    ],
)
def test_what_cannot_be_a_pool_is_refused_without_a_row(cloud, url: str, more: dict) -> None:
    with pytest.raises(InvalidParameter):
        add(cloud, url, **more)
    assert StoragePool.objects.count() == 1


def test_the_same_storage_is_not_added_twice(cloud) -> None:
    add(cloud)
    for more in ({}, {"name": "other"}):
        with pytest.raises(InvalidParameter):
            add(cloud, **more)


def test_facts_are_kept_fresh_and_the_operators_capacity_stays(cloud) -> None:
    refresh_pool_facts()
    cloud.pool.refresh_from_db()
    assert cloud.pool.capacity_bytes == 10 * 1024 * GIB and cloud.pool.facts_at
    StoragePoolManager().update(caller=cloud.root, pool=cloud.pool, capacity_bytes=GIB)
    refresh_pool_facts()
    cloud.pool.refresh_from_db()
    assert cloud.pool.capacity_bytes == GIB
    refresh_image_stores()
    cloud.store.refresh_from_db()
    assert cloud.store.capacity_bytes > 0
