"""Templates on pools: copied once per pool, by one job at a time, and kept while a volume stands on the copy."""

from typing import BinaryIO

from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.specs import host_ref
from apps.storage.models import StoragePool, Template, TemplatePoolRef, TemplateStoreRef, Volume
from apps.storage.services import allocation
from apps.storage.services.attachments import machines_with
from apps.storage.services.state_machines import CACHE_FSM
from apps.storage.specs import image_store_ref, pool_ref, template_spec
from apps.storage.states import CacheState, StoreState, TemplateState
from cloudstack.framework.drivers import image_store_driver, storage_driver
from cloudstack.framework.errors import ResourceInUse, ResourceUnavailable, StaleState
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater

WAIT_S = 1.0


def ensure_template_on_pool(ctx: JobContext, template: Template, pool: StoragePool, host: Host) -> str:
    """The path of ``template`` on ``pool``, copied there through ``host`` if it must be.

    Another job that copies the same is waited for (``RetryLater``); one that died is taken over. The volume
    that will stand on the copy must have its pool noted before: that keeps the copy from being removed.
    """
    ref, _ = TemplatePoolRef.objects.get_or_create(template=template, pool=pool)
    # A write, not a read: it waits for a removal that is just beginning.
    here = TemplatePoolRef.objects.filter(pk=ref.pk, state=CacheState.READY)
    if here.update(last_used=timezone.now()):
        return ref.path or here.values_list("path", flat=True).get()
    if template.state != TemplateState.ACTIVE:
        raise ResourceUnavailable(f"template {template.name} is {template.state} and not on pool {pool.name}")
    _claim(ctx, ref, "copy_requested", reserve=True)
    try:
        path = _copy(ctx, template, pool, host)
    except Exception:
        with ctx.transaction():
            CACHE_FSM.fire(ref, "failed", job_uuid=None)
            allocation.release(holder_uuid=template.uuid, pool=pool)
        raise
    with ctx.transaction():
        changes = {"path": path, "size_bytes": template.physical_size_bytes, "job_uuid": None}
        CACHE_FSM.fire(ref, "succeeded", last_used=timezone.now(), **changes)
    return path


def evict_template(ctx: JobContext, ref: TemplatePoolRef, host: Host) -> bool:
    """Remove the copy from its pool unless a volume stands on it; True when it is gone, with its row."""
    try:
        _claim(ctx, ref, "evict_requested", reserve=False)
    except ResourceInUse:
        return False
    if ref.path:
        storage_driver(pool_ref(ref.pool), host_ref(host)).delete_volume(ref.path)
    with ctx.transaction():
        allocation.release(holder_uuid=ref.template.uuid, pool=ref.pool)
        TemplatePoolRef.objects.filter(pk=ref.pk, job_uuid=ctx.job.uuid).delete()
    return True


def _claim(ctx: JobContext, ref: TemplatePoolRef, event: str, *, reserve: bool) -> None:
    """Make this job the one that works on the copy; raises ``RetryLater`` while another live job is."""
    with ctx.transaction():
        ref.refresh_from_db()
        before = ref.job_uuid
        if before not in (None, ctx.job.uuid) and AsyncJob.objects.filter(uuid=before, status__in=AsyncJob.LIVE):
            raise RetryLater(WAIT_S, f"another job has template {ref.template.name} on pool {ref.pool.name} in hand")
        if ref.state == CacheState.READY and event == "copy_requested":
            raise RetryLater(0, f"template {ref.template.name} has just arrived on pool {ref.pool.name}")
        try:
            CACHE_FSM.fire(ref, event)
        except StaleState as quicker:
            raise RetryLater(
                WAIT_S, f"another job has just taken template {ref.template.name} on pool {ref.pool.name} in hand"
            ) from quicker
        # Two jobs may take over from the same dead one; the second finds the name changed and is undone.
        mine = TemplatePoolRef.objects.filter(pk=ref.pk, job_uuid=before).update(job_uuid=ctx.job.uuid)
        if mine != 1:
            raise RetryLater(WAIT_S, f"another job took template {ref.template.name} on pool {ref.pool.name}")
        ref.job_uuid = ctx.job.uuid
        if event == "evict_requested" and Volume.objects.filter(template=ref.template_id, pool=ref.pool_id).exists():
            # The row is locked by now: who notes this pool for a volume later waits, and finds the copy gone.
            raise ResourceInUse(f"volumes on pool {ref.pool.name} stand on template {ref.template.name}")
        if event == "evict_requested" and machines_with(ref.template, ref.pool):
            raise ResourceInUse(f"a machine has ISO {ref.template.name} of pool {ref.pool.name} in its drive")
        if reserve:
            allocation.reserve(
                pool=ref.pool, holder_uuid=ref.template.uuid, size_bytes=ref.template.physical_size_bytes
            )


def _copy(ctx: JobContext, template: Template, pool: StoragePool, host: Host) -> str:
    ctx.progress(0, f"copying template {template.name} to pool {pool.name}")
    with open_master(template, pool) as source:
        return storage_driver(pool_ref(pool), host_ref(host)).cache_template(template_spec(template), source)


def open_master(template: Template, pool: StoragePool | None = None) -> BinaryIO:
    """The file in an image store, that of the pool's zone before others."""
    refs = TemplateStoreRef.objects.filter(template=template, state=StoreState.READY, store__removed__isnull=True)
    found = sorted(
        refs.select_related("store__zone"),
        key=lambda ref: (pool is not None and ref.store.zone_id != pool.zone_id, ref.pk),
    )
    if not found:
        raise ResourceUnavailable(f"no image store holds template {template.name}")
    return image_store_driver(image_store_ref(found[0].store)).open(str(template.uuid))
