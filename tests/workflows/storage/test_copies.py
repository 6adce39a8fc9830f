"""Copies of volumes: a worker that dies anywhere leaves no half copy, no room taken and no half template."""

import pytest

from apps.accounts.models import ResourceType
from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import DiskOfferingFactory, ImageStoreFactory, StoragePoolFactory
from apps.storage.models import DownloadTicket, PoolReservation, Template, Volume
from apps.storage.scheduled import clean_up
from apps.storage.services.downloads import DownloadManager
from apps.storage.services.image_moves import ImageMoveManager
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.services.volume_imports import BroughtVolume, VolumeImportManager
from apps.storage.services.volume_moves import VolumeMoveManager
from apps.storage.services.volumes import VolumeManager
from apps.storage.states import TemplateState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import SimulatedTemplate
from tests.support.crashes import crash_everywhere

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
OK, FAILED = AsyncJob.Status.SUCCEEDED, AsyncJob.Status.FAILED


@pytest.fixture
def volume(cloud) -> Volume:
    made, job = VolumeManager().create(
        caller=cloud.root,
        owner=cloud.owner,
        name="data",
        zone=cloud.zone,
        offering=DiskOfferingFactory(custom=True),
        size_gib=3,
        pool=cloud.pool,
    )
    assert run_job(job).status == OK
    return Volume.objects.select_related("zone", "pool", "account").get(pk=made.pk)


def only_the_volume(cloud, volume: Volume) -> None:
    assert cloud.on_storage() == {str(volume.uuid)}
    assert [promise.holder_uuid for promise in PoolReservation.objects.all()] == [volume.uuid]
    cloud.assert_settled()


def make_template(cloud, volume: Volume) -> AsyncJob:
    request = TemplateRequest(owner=cloud.owner, name="golden", format="")
    return TemplateManager().create_from_volume(caller=cloud.user, request=request, volume=volume)[1]


def test_a_template_of_a_volume(cloud, volume: Volume) -> None:
    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        only_the_volume(cloud, volume)
        template = Template.objects.get()
        assert (template.state, template.virtual_size_bytes) == (TemplateState.ACTIVE, volume.size_bytes), point
        assert SimulatedTemplate.objects.get().template_uuid == template.uuid
        TemplateManager().delete(caller=cloud.user, template=template)
        run_jobs()
        assert cloud.count(ResourceType.TEMPLATE) == cloud.count(ResourceType.SECONDARY_STORAGE) == 0

    crash_everywhere(lambda: make_template(cloud, volume), check)


def test_a_template_that_cannot_be_made(cloud, volume: Volume) -> None:
    world.inject("put", "fault:no space left", count=None)

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == FAILED, point
        only_the_volume(cloud, volume)
        assert not Template.objects.exists() and not SimulatedTemplate.objects.exists(), point
        assert cloud.count(ResourceType.TEMPLATE) == cloud.count(ResourceType.SECONDARY_STORAGE) == 0

    crash_everywhere(lambda: make_template(cloud, volume), check)


def test_a_volume_for_download(cloud, volume: Volume) -> None:
    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        only_the_volume(cloud, volume)
        ticket = DownloadTicket.objects.get()
        assert ticket.ready and SimulatedTemplate.objects.filter(template_uuid=ticket.uuid).exists(), point
        DownloadTicket.objects.all().delete()
        SimulatedTemplate.objects.all().delete()

    crash_everywhere(
        lambda: DownloadManager().extract_volume(caller=cloud.user, volume=volume, zone=volume.zone), check
    )


def test_a_template_to_another_zone(cloud, volume: Volume) -> None:
    other = ZoneFactory()
    store = ImageStoreFactory(zone=other)

    def copy() -> AsyncJob:
        assert run_job(make_template(cloud, volume)).status == OK
        return TemplateManager().copy(caller=cloud.user, template=Template.objects.get(), zones=[other])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        template = Template.objects.get()
        assert set(template.template_zones.values_list("zone", flat=True)) == {cloud.zone.pk, other.pk}
        assert SimulatedTemplate.objects.filter(store_uuid=store.uuid, template_uuid=template.uuid).exists()
        TemplateManager().delete(caller=cloud.user, template=template)
        run_jobs()
        assert cloud.count(ResourceType.SECONDARY_STORAGE) == 0 and not SimulatedTemplate.objects.exists()

    crash_everywhere(copy, check)


def test_a_volume_to_another_pool(cloud, volume: Volume) -> None:
    other = StoragePoolFactory(cluster=cloud.pool.cluster)

    def move() -> AsyncJob:
        volume.refresh_from_db()
        target = other if volume.pool_id == cloud.pool.pk else cloud.pool
        return VolumeMoveManager().migrate(caller=cloud.root, volume=volume, pool=target)

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        only_the_volume(cloud, volume)
        moved = Volume.objects.select_related("pool").get(pk=volume.pk)
        assert (moved.state, str(moved.pool.uuid)) == ("Ready", job.arguments["pool_uuid"]), point
        there = world.volumes().get()
        assert (there.pool_uuid, there.path) == (moved.pool.uuid, moved.path), point

    crash_everywhere(move, check)


def test_a_move_that_fails_leaves_the_volume(cloud, volume: Volume) -> None:
    other = StoragePoolFactory(cluster=cloud.pool.cluster)
    world.inject("copy_volume", "fault:disk on fire", count=None)

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == FAILED, point
        only_the_volume(cloud, volume)
        assert Volume.objects.get(pk=volume.pk).pool_id == cloud.pool.pk

    crash_everywhere(lambda: VolumeMoveManager().migrate(caller=cloud.root, volume=volume, pool=other), check)


def test_a_volume_that_is_brought(cloud) -> None:
    def bring() -> AsyncJob:
        wanted = BroughtVolume(owner=cloud.owner, name="mine", zone=cloud.zone, format="QCOW2")
        url = "https://images.example.org/x.qcow2"
        return VolumeImportManager().upload(caller=cloud.user, wanted=wanted, url=url)

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        volume = Volume.objects.get(uuid=job.resource_uuid)
        assert (volume.state, volume.size_bytes) == ("Uploaded", 2 << 30), point
        cloud.assert_settled()
        VolumeManager().delete(caller=cloud.user, volume=volume)
        run_jobs()
        clean_up()
        run_jobs()
        assert cloud.count(ResourceType.SECONDARY_STORAGE) == 0 and not SimulatedTemplate.objects.exists(), point

    crash_everywhere(bring, check)


def test_images_leave_a_store(cloud, volume: Volume) -> None:
    other = ImageStoreFactory(zone=cloud.zone, name="other")
    assert run_job(make_template(cloud, volume)).status == OK
    template = Template.objects.get()
    counted = cloud.count(ResourceType.SECONDARY_STORAGE)

    def move() -> AsyncJob:
        here = template.store_refs.select_related("store").get().store
        target = cloud.store if here.pk == other.pk else other
        return ImageMoveManager().migrate(caller=cloud.root, source=here, targets=[target])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == OK, f"{point}: {job.error_text}"
        ref = template.store_refs.select_related("store").get()
        assert [str(ref.store.uuid)] == job.arguments["target_uuids"] and ref.state == "Ready", point
        assert SimulatedTemplate.objects.get().store_uuid == ref.store.uuid, point
        assert cloud.count(ResourceType.SECONDARY_STORAGE) == counted

    crash_everywhere(move, check)
