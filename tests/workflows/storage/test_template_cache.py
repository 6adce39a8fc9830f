"""Templates on pools: copied once, shared by clones, removed when nothing stands on them."""

import pytest

from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import PoolReservation, StoragePool, Template, TemplatePoolRef, Volume
from apps.storage.scheduled import clean_up
from apps.storage.selectors import volume_for_job
from apps.storage.services import allocation
from apps.storage.services.templates import TemplateManager
from apps.storage.services.volume_states import retire
from apps.storage.states import CacheState, VolumeState, VolumeType
from apps.storage.workflows.steps import (
    allocate_volume,
    create_volume_on_pool,
    expunge_volume,
    undo_create_volume,
)
from cloudstack.framework.jobs import AsyncJob, Step, Workflow, dispatch, engine, workflow
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from plugins.hypervisors.simulator.faults import SimulatedCrash
from plugins.hypervisors.simulator.models import Fault, SimulatedTemplate, SimulatedVolume

pytestmark = pytest.mark.django_db
GIB = 1 << 30
MOMENTS = ("crash:before", "crash:after")


class MakeRoot(Step):
    """What the compute app does with a root disk."""

    title = "Make the root disk"

    def do(self, ctx) -> None:
        volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
        host = ctx.host = volume.zone.hosts.order_by("id").first()
        allocate_volume(ctx, volume, host)
        create_volume_on_pool(ctx, volume, host)

    def undo(self, ctx) -> None:
        volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
        undo_create_volume(ctx, volume, volume.zone.hosts.order_by("id").first())


class Break(Step):
    title = "Break if asked to"

    def do(self, ctx) -> None:
        if ctx.arguments.get("breaks"):
            raise RuntimeError("broken on purpose")


@workflow("storage.test.make_root")
class MakeRootVolume(Workflow):
    title = "Make a root disk"
    steps = [MakeRoot, Break]


class Remove(Step):
    title = "Remove the volume"

    def do(self, ctx) -> None:
        expunge_volume(ctx, volume_for_job(uuid=ctx.arguments["volume_uuid"]))


@workflow("storage.test.remove")
class RemoveVolume(Workflow):
    title = "Remove a root disk"
    steps = [Remove]


@pytest.fixture
def template(cloud) -> Template:
    template = TemplateFactory(account=cloud.owner, stores=[cloud.store])
    SimulatedTemplate.objects.create(
        store_uuid=cloud.store.uuid,
        template_uuid=template.uuid,
        url="",
        format="qcow2",
        virtual_size_bytes=2 * GIB,
        physical_size_bytes=1,
        sha256="",
    )
    return template


def root_disk(cloud, template: Template) -> Volume:
    return VolumeFactory(
        account=cloud.owner,
        zone=cloud.zone,
        template=template,
        type=VolumeType.ROOT,
        disk_offering=None,
        size_bytes=2 * GIB,
    )


def start(volume: Volume, **more) -> AsyncJob:
    arguments = {"volume_uuid": str(volume.uuid), **more}
    return dispatch("storage.test.make_root", exclusive=[f"volume:{volume.uuid}"], arguments=arguments)


def counters_agree(pool: StoragePool) -> bool:
    pool.refresh_from_db()
    return pool.allocated_bytes == sum(PoolReservation.objects.filter(pool=pool).values_list("size_bytes", flat=True))


def test_the_first_clone_brings_the_template_and_the_second_uses_it(cloud, template) -> None:
    for _ in range(2):
        volume = root_disk(cloud, template)
        job = run_job(start(volume))
        assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
        volume.refresh_from_db()
        assert volume.state == VolumeState.READY
    ref = TemplatePoolRef.objects.get()
    assert (ref.state, ref.job_uuid) == (CacheState.READY, None)
    assert SimulatedVolume.objects.filter(is_template=True).count() == 1
    assert set(SimulatedVolume.objects.filter(is_template=False).values_list("template_path", flat=True)) == {ref.path}
    assert counters_agree(cloud.pool)


@pytest.mark.parametrize("value", MOMENTS)
@pytest.mark.parametrize("command", ["open", "cache_template", "create_volume"])
def test_a_crash_on_the_way(cloud, template, carry_out, command: str, value: str) -> None:
    volume = root_disk(cloud, template)
    job = carry_out(start(volume), command, value)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert TemplatePoolRef.objects.get().state == CacheState.READY
    assert SimulatedVolume.objects.count() == 2 and counters_agree(cloud.pool)


@pytest.mark.parametrize("command", ["open", "cache_template", "create_volume"])
def test_a_fault_is_undone(cloud, template, carry_out, command: str) -> None:
    volume = root_disk(cloud, template)
    job = carry_out(start(volume), command, "fault:no")
    assert job.status == AsyncJob.Status.FAILED
    volume.refresh_from_db()
    assert (volume.state, volume.pool) == (VolumeState.ALLOCATED, None)
    assert TemplatePoolRef.objects.get().state in (CacheState.ALLOCATED, CacheState.READY)
    assert not SimulatedVolume.objects.filter(is_template=False).exists()
    assert not PoolReservation.objects.filter(holder_uuid=volume.uuid).exists() and counters_agree(cloud.pool)


@pytest.mark.parametrize("value", MOMENTS)
def test_a_crash_while_it_is_undone(cloud, template, carry_out, value: str) -> None:
    volume = root_disk(cloud, template)
    job = carry_out(start(volume, breaks=True), "delete_volume", value)
    assert job.status == AsyncJob.Status.FAILED
    volume.refresh_from_db()
    assert (volume.state, volume.pool) == (VolumeState.ALLOCATED, None)
    assert not SimulatedVolume.objects.filter(is_template=False).exists() and counters_agree(cloud.pool)


def test_another_job_waits_for_the_copy_and_takes_over_from_a_dead_one(cloud, template) -> None:
    first, second = (start(root_disk(cloud, template)) for _ in range(2))
    Fault.objects.create(command="cache_template", value="crash:before", remaining=1)
    with pytest.raises(SimulatedCrash):
        run_jobs()
    ref = TemplatePoolRef.objects.get()
    assert (ref.state, ref.job_uuid) == (CacheState.CREATING, first.uuid)
    engine.run(second.pk)
    second.refresh_from_db()
    assert second.status == AsyncJob.Status.PENDING and "another job" in second.progress_text
    first.refresh_from_db()
    AsyncJob.objects.filter(pk=first.pk).update(status=AsyncJob.Status.FAILED, completed=first.created)
    worker_died()
    assert run_job(second).status == AsyncJob.Status.SUCCEEDED, second.error_text
    assert counters_agree(cloud.pool)


def test_a_job_that_comes_second_by_a_moment_waits(cloud, template, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two read that nobody has the copy in hand; whoever takes it second is told to come again."""
    read = TemplatePoolRef.refresh_from_db

    def somebody_is_quicker(ref: TemplatePoolRef, **options: object) -> None:
        read(ref, **options)
        TemplatePoolRef.objects.filter(pk=ref.pk).update(state=CacheState.CREATING)

    monkeypatch.setattr(TemplatePoolRef, "refresh_from_db", somebody_is_quicker)
    job = start(root_disk(cloud, template))
    engine.run(job.pk)
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.PENDING and "another job has just taken" in job.progress_text
    monkeypatch.undo()
    TemplatePoolRef.objects.update(state=CacheState.ALLOCATED)
    worker_died()
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert counters_agree(cloud.pool)


def remove(volume: Volume) -> AsyncJob:
    volume.refresh_from_db()
    retire(volume)
    return run_job(dispatch("storage.test.remove", arguments={"volume_uuid": str(volume.uuid)}))


def test_a_deleted_template_stays_on_the_pool_as_long_as_a_clone(cloud, template) -> None:
    volume = root_disk(cloud, template)
    run_job(start(volume))
    assert run_job(TemplateManager().delete(caller=cloud.user, template=template)).status == AsyncJob.Status.SUCCEEDED
    assert TemplatePoolRef.objects.get().state == CacheState.READY
    assert not SimulatedTemplate.objects.exists()
    clean_up()
    run_jobs()
    assert TemplatePoolRef.objects.exists()
    assert remove(volume).status == AsyncJob.Status.SUCCEEDED
    TemplatePoolRef.objects.update(last_used="2020-01-01T00:00:00Z")
    clean_up()
    run_jobs()
    assert not TemplatePoolRef.objects.exists() and not SimulatedVolume.objects.exists()
    assert not PoolReservation.objects.exists() and counters_agree(cloud.pool)


@pytest.mark.parametrize("value", MOMENTS)
def test_a_crash_while_a_copy_is_removed(cloud, template, carry_out, value: str) -> None:
    volume = root_disk(cloud, template)
    run_job(start(volume))
    remove(volume)
    job = carry_out(TemplateManager().delete(caller=cloud.user, template=template), "delete_volume", value)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert not TemplatePoolRef.objects.exists() and not SimulatedVolume.objects.exists()
    assert not PoolReservation.objects.exists() and counters_agree(cloud.pool)


def test_a_wrong_counter_is_found_and_put_right(cloud, template) -> None:
    run_job(start(root_disk(cloud, template)))
    StoragePool.objects.update(allocated_bytes=1)
    assert len(allocation.recount()) == 1
    assert counters_agree(cloud.pool) and allocation.recount() == []
