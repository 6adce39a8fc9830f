"""Storage of one host alone. The simulator's driver stands in for local directories, which it does not offer."""

import pytest

from apps.storage.factories import DiskOfferingFactory, VolumeFactory
from apps.storage.models import PoolHost, StoragePool
from apps.storage.services import allocation
from apps.storage.services.pool_urls import parse_pool_url
from apps.storage.services.pools import StoragePoolManager
from apps.storage.states import PoolScope, PoolState
from cloudstack.framework import drivers
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job
from plugins.hypervisors.simulator.storage import SimulatorStorageDriver

pytestmark = pytest.mark.django_db
GIB = 1 << 30


@pytest.fixture(autouse=True)
def local_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    known = drivers._registered("register_storage_drivers")
    monkeypatch.setitem(known, ("Simulator", "Filesystem"), SimulatorStorageDriver)


def add(cloud, url: str, **more) -> tuple[StoragePool, AsyncJob]:
    values = {"name": "local", "zone": cloud.zone, **more}
    return StoragePoolManager().add(caller=cloud.root, place=parse_pool_url(url), **values)


def test_a_local_pool_belongs_to_the_host_that_its_address_names(cloud) -> None:
    host, other = cloud.hosts
    pool, job = add(cloud, f"filesystem://{host.name}/var/lib/images", scope=PoolScope.HOST)
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    pool.refresh_from_db()
    assert (pool.host, pool.cluster, pool.state) == (host, host.cluster, PoolState.UP)
    assert [link.host for link in PoolHost.objects.filter(pool=pool)] == [host]
    for where, local, expected in ((host, True, [pool]), (other, True, []), (host, False, [cloud.pool])):
        found = allocation.find_pools(host=where, size_bytes=GIB, local=local)
        assert list(found.ranked) == expected


def test_the_offering_decides_between_local_and_shared(cloud) -> None:
    host = cloud.hosts[0]
    pool, job = add(cloud, "filesystem://localhost/var/lib/images", host=host)
    run_job(job)
    local = VolumeFactory(zone=cloud.zone, disk_offering=DiskOfferingFactory(local_storage=True))
    shared = VolumeFactory(zone=cloud.zone)
    assert allocation.assign_pool(volume=local, host=host) == pool
    assert allocation.assign_pool(volume=shared, host=host) == cloud.pool
    assert allocation.assign_pool(volume=shared, host=cloud.hosts[1]) == cloud.pool
    allocation.unassign_pool(volume=local)
    assert local.pool is None
    pool.refresh_from_db()
    assert pool.allocated_bytes == 0


def test_tags_must_all_be_on_the_pool_and_the_refusal_says_which_is_not(cloud) -> None:
    StoragePoolManager().update(caller=cloud.root, pool=cloud.pool, tags="ssd")
    assert allocation.find_pools(host=cloud.hosts[0], size_bytes=GIB, tags={"ssd"}).ranked
    refused = allocation.find_pools(host=cloud.hosts[0], size_bytes=GIB, tags={"ssd", "fast"})
    assert refused.explanation() == f"{cloud.pool.name}: lacks the tag fast"


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("filesystem://nobody/var/x", {"scope": PoolScope.HOST}),
        ("filesystem:///var/x", {"scope": PoolScope.HOST}),
        ("simulator://localhost/x", {"scope": PoolScope.HOST}),
    ],
)
def test_a_local_pool_without_its_host_is_refused(cloud, url: str, more: dict) -> None:
    with pytest.raises(InvalidParameter):
        add(cloud, url, **more)
