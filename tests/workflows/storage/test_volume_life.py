"""Volumes through their whole life, with workers dying on the way."""

import uuid

import pytest

from apps.accounts.models import ResourceType
from apps.storage.factories import DiskOfferingFactory
from apps.storage.models import PoolReservation, StoragePool, Volume
from apps.storage.scheduled import expunge_volumes
from apps.storage.services import attachments
from apps.storage.services.attachments import Machine
from apps.storage.services.volumes import VolumeManager
from apps.storage.states import VolumeState
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter, LimitExceeded, PermissionDenied, ResourceInUse
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs

pytestmark = pytest.mark.django_db
GIB = 1 << 30
MOMENTS = ("crash:before", "crash:after")
OK = AsyncJob.Status.SUCCEEDED


def make(cloud, *, on_pool: bool = False, gib: int = 5) -> tuple[Volume, AsyncJob]:
    return VolumeManager().create(
        caller=cloud.root if on_pool else cloud.user,
        owner=cloud.owner,
        name="data",
        zone=cloud.zone,
        offering=DiskOfferingFactory(custom=True),
        size_gib=gib,
        pool=cloud.pool if on_pool else None,
    )


def ready(cloud) -> Volume:
    volume, job = make(cloud, on_pool=True)
    assert run_job(job).status == OK, job.error_text
    volume.refresh_from_db()
    assert volume.state == VolumeState.READY
    return volume


def test_a_new_volume_is_only_noted(cloud) -> None:
    volume, job = make(cloud)
    assert run_job(job).status == OK
    volume.refresh_from_db()
    assert (volume.state, volume.pool) == (VolumeState.ALLOCATED, None)
    assert cloud.on_storage() == set()
    cloud.assert_settled()


def test_on_a_named_pool_it_is_made_at_once(cloud) -> None:
    volume = ready(cloud)
    assert volume.pool == cloud.pool and volume.path
    assert cloud.on_storage() == {str(volume.uuid)}
    cloud.pool.refresh_from_db()
    assert cloud.pool.allocated_bytes == 5 * GIB
    cloud.assert_settled()


@pytest.mark.parametrize("value", MOMENTS)
def test_a_crash_while_it_is_made(cloud, carry_out, value: str) -> None:
    volume, job = make(cloud, on_pool=True)
    assert carry_out(job, "create_volume", value).status == OK
    assert cloud.on_storage() == {str(volume.uuid)}
    cloud.assert_settled()


def test_a_fault_leaves_nothing(cloud, carry_out) -> None:
    volume, job = make(cloud, on_pool=True)
    job = carry_out(job, "create_volume", "fault:disk on fire")
    assert (job.status, job.error_text) == (AsyncJob.Status.FAILED, "disk on fire")
    assert not Volume.objects.filter(pk=volume.pk).exists()
    assert cloud.on_storage() == set() and not PoolReservation.objects.exists()
    cloud.assert_settled()


def test_no_room_is_told_with_the_reason(cloud) -> None:
    _, job = make(cloud, on_pool=True, gib=20)
    StoragePool.objects.filter(pk=cloud.pool.pk).update(capacity_bytes=10 * GIB)
    job = run_job(job)
    assert job.error_code == 533 and f"{cloud.pool.name}: 17.0 GiB free, 20.0 GiB needed" in job.error_text
    cloud.assert_settled()


def test_destroyed_recovered_destroyed_and_expunged(cloud) -> None:
    volume = ready(cloud)
    assert run_job(VolumeManager().destroy(caller=cloud.user, volume=volume)).status == OK
    volume.refresh_from_db()
    assert volume.state == VolumeState.DESTROY
    assert cloud.count(ResourceType.VOLUME) == 0
    VolumeManager().recover(caller=cloud.user, volume=volume)
    assert (volume.state, cloud.count(ResourceType.VOLUME)) == (VolumeState.READY, 1)
    VolumeManager().destroy(caller=cloud.user, volume=volume)
    run_jobs()
    expunge_volumes()
    run_jobs()
    assert Volume.objects.filter(pk=volume.pk).exists()  # kept for expunge.delay
    Volume.objects.filter(pk=volume.pk).update(destroyed_at="2020-01-01T00:00:00Z")
    expunge_volumes()
    expunge_volumes()
    run_jobs()
    assert not Volume.objects.filter(pk=volume.pk).exists()
    assert cloud.on_storage() == set() and not PoolReservation.objects.exists()
    cloud.assert_settled()


@pytest.mark.parametrize("value", MOMENTS)
def test_a_crash_while_it_is_expunged(cloud, carry_out, value: str) -> None:
    volume = ready(cloud)
    job = carry_out(VolumeManager().delete(caller=cloud.user, volume=volume), "delete_volume", value)
    assert job.status == OK
    volume = Volume.all_objects.get(pk=volume.pk)
    assert volume.state == VolumeState.EXPUNGED and volume.removed
    assert cloud.on_storage() == set() and not PoolReservation.objects.exists()
    cloud.assert_settled()


def test_an_expunge_that_fails_leaves_it_destroyed_for_the_sweep(cloud, carry_out) -> None:
    volume = ready(cloud)
    job = carry_out(VolumeManager().delete(caller=cloud.user, volume=volume), "delete_volume", "fault:no")
    assert job.status == AsyncJob.Status.FAILED
    volume.refresh_from_db()
    assert volume.state == VolumeState.DESTROY
    cloud.assert_settled()


def test_it_grows_and_never_shrinks(cloud) -> None:
    volume = ready(cloud)
    assert run_job(VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=9)).status == OK
    volume.refresh_from_db()
    assert (volume.size_bytes, volume.state) == (9 * GIB, VolumeState.READY)
    with pytest.raises(InvalidParameter, match="not shrink"):
        VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=4, shrink_ok=True)
    cloud.assert_settled()


@pytest.mark.parametrize("value", MOMENTS)
def test_a_crash_while_it_grows(cloud, carry_out, value: str) -> None:
    volume = ready(cloud)
    job = carry_out(VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=9), "resize_volume", value)
    assert job.status == OK
    volume.refresh_from_db()
    assert volume.size_bytes == 9 * GIB
    cloud.assert_settled()


def test_growth_that_fails_gives_everything_back(cloud, carry_out) -> None:
    volume = ready(cloud)
    job = carry_out(VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=9), "resize_volume", "fault:no")
    assert job.status == AsyncJob.Status.FAILED
    volume.refresh_from_db()
    assert (volume.size_bytes, volume.state) == (5 * GIB, VolumeState.READY)
    cloud.assert_settled()


def test_two_resizes_asked_for_at_once_count_once(cloud) -> None:
    volume = ready(cloud)
    for gib in (9, 9, 7):
        VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=gib)
    run_jobs()
    volume.refresh_from_db()
    assert volume.size_bytes == 9 * GIB
    cloud.assert_settled()


def test_a_volume_not_made_yet_grows_on_paper(cloud) -> None:
    volume, job = make(cloud)
    run_job(job)
    assert run_job(VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=8)).status == OK
    volume.refresh_from_db()
    assert (volume.size_bytes, volume.state) == (8 * GIB, VolumeState.ALLOCATED)
    cloud.assert_settled()


def test_limits_hold_at_creation_growth_and_recovery(cloud) -> None:
    update = ConfigurationManager().update
    update(caller=cloud.root, name="max.account.primary.storage", value="8")
    volume = ready(cloud)
    with pytest.raises(LimitExceeded):
        make(cloud, gib=4)
    with pytest.raises(LimitExceeded):
        VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=9)
    run_job(VolumeManager().destroy(caller=cloud.user, volume=volume))
    make(cloud, gib=4)
    volume.refresh_from_db()
    with pytest.raises(LimitExceeded):
        VolumeManager().recover(caller=cloud.user, volume=volume)
    run_jobs()
    volume.refresh_from_db()
    assert volume.state == VolumeState.DESTROY
    cloud.assert_settled()


def test_users_cannot_name_a_pool(cloud) -> None:
    with pytest.raises(PermissionDenied):
        VolumeManager().create(
            caller=cloud.user,
            owner=cloud.owner,
            name="x",
            zone=cloud.zone,
            offering=DiskOfferingFactory(),
            pool=cloud.pool,
        )
    cloud.assert_settled()


def test_a_volume_recovered_before_its_expunge_began_stays(cloud) -> None:
    volume = ready(cloud)
    run_job(VolumeManager().destroy(caller=cloud.user, volume=volume))
    volume.refresh_from_db()
    VolumeManager().recover(caller=cloud.user, volume=volume)
    job = VolumeManager()._dispatch_on("storage.volume.expunge", cloud.user, volume)
    assert run_job(job).status == AsyncJob.Status.FAILED
    volume.refresh_from_db()
    assert volume.state == VolumeState.READY and cloud.on_storage() == {str(volume.uuid)}
    cloud.assert_settled()


@pytest.fixture
def attached_to_a_running_machine(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What the compute app would answer; the list holds what it was asked to grow."""
    grown: list[tuple] = []
    machine = Machine(uuid=str(uuid.uuid4()), name="vm-1", state="Running", running=True)
    monkeypatch.setattr(attachments, "_lookup", lambda volume: machine)
    monkeypatch.setattr(attachments, "_online_resize", lambda ctx, volume, size: grown.append((volume, size)))
    return grown


def test_an_attached_volume_is_neither_destroyed_nor_expunged(cloud, request) -> None:
    volume = ready(cloud)
    VolumeManager().destroy(caller=cloud.user, volume=volume)
    run_jobs()
    request.getfixturevalue("attached_to_a_running_machine")
    volume.refresh_from_db()
    job = run_job(VolumeManager()._dispatch_on("storage.volume.expunge", cloud.user, volume))
    assert job.error_code == 536 and "vm-1 has volume" in job.error_text
    with pytest.raises(ResourceInUse, match="vm-1"):
        VolumeManager().delete(caller=cloud.user, volume=volume)
    assert cloud.on_storage() == {str(volume.uuid)}
    cloud.assert_settled()


def test_a_volume_in_a_running_machine_grows_through_its_hypervisor(cloud, attached_to_a_running_machine) -> None:
    volume = ready(cloud)
    job = VolumeManager().resize(caller=cloud.user, volume=volume, size_gib=9)
    assert any(lock.name.startswith("vm:") for lock in job.locks.all())
    assert run_job(job).status == OK
    assert attached_to_a_running_machine == [(volume, 9 * GIB)]
    volume.refresh_from_db()
    assert volume.size_bytes == 9 * GIB
    cloud.assert_settled()
