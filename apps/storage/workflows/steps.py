"""What steps of several workflows, also of apps above, do with volumes and templates on pools.

All functions are for use inside ``do`` and ``undo``: idempotent, external calls outside transactions,
rows written inside ``ctx.transaction()``. A volume's pool is noted before anything is made on it.
"""

from collections.abc import Collection
from typing import Any

from apps.infrastructure.models import Host
from apps.infrastructure.specs import host_ref
from apps.storage.models import StoragePool, TemplatePoolRef, Volume
from apps.storage.selectors import hosts_of_pool, volume_for_job
from apps.storage.services import allocation
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.specs import pool_ref, template_spec, volume_spec
from apps.storage.states import VOLUME_NOT_MADE, VolumeState
from apps.storage.workflows.template_cache import ensure_template_on_pool, open_master
from cloudstack.contracts.errors import DriverError, DriverUnavailable, InvalidSpec, NotSupported
from cloudstack.contracts.storage import PrimaryStorageDriver, SupportsVolumeCopies, VolumeFacts
from cloudstack.framework.drivers import storage_driver
from cloudstack.framework.jobs import AsyncJob, JobContext

__all__ = [
    "allocate_volume",
    "create_volume_on_pool",
    "delete_volume_on_pool",
    "driver_for",
    "ensure_template_on_pool",
    "expunge_volume",
    "host_for_pool",
    "release_volume_pool",
    "remember",
    "undo_create_volume",
]


def remember(ctx: JobContext, **facts: Any) -> None:
    """Store facts in the job within a running ``ctx.transaction()``: true after a crash exactly if that committed."""
    ctx.data.update(facts)
    AsyncJob.objects.filter(pk=ctx.job.pk).update(data=ctx.data)


def host_for_pool(pool: StoragePool, prefer: Host | None = None) -> Host:
    """A host that sees ``pool`` and answers. Raises ``DriverUnavailable`` (the job tries again) when there is none."""
    hosts = hosts_of_pool(pool)
    if prefer is not None and hosts.filter(pk=prefer.pk).exists():
        return prefer
    host = hosts.first()
    if host is None:
        raise DriverUnavailable(f"no host that is Up sees the pool {pool.name}")
    return host


def reread(volume: Volume) -> None:
    """Bring ``volume`` up to date in one statement; its pool is read again only if it is another one."""
    columns = ("state", "path", "size_bytes", "removed", "pool_id")
    values = Volume.all_objects.filter(pk=volume.pk).values_list(*columns).get()
    for name, value in zip(columns, values, strict=True):
        if getattr(volume, name) != value:
            setattr(volume, name, value)


def driver_for(pool: StoragePool, host: Host) -> PrimaryStorageDriver:
    return storage_driver(pool_ref(pool), host_ref(host))


def allocate_volume(
    ctx: JobContext,
    volume: Volume,
    host: Host,
    *,
    avoid: Collection[str] = (),
    only: StoragePool | None = None,
) -> StoragePool:
    """``allocation.assign_pool`` under the job's fence."""
    with ctx.transaction():
        reread(volume)
        return allocation.assign_pool(volume=volume, host=host, avoid=avoid, only=only)


def release_volume_pool(ctx: JobContext, volume: Volume) -> None:
    """``allocation.unassign_pool`` under the job's fence."""
    with ctx.transaction():
        allocation.unassign_pool(volume=volume)


def create_volume_on_pool(ctx: JobContext, volume: Volume, host: Host) -> Volume:
    """Make the volume on its pool through ``host``, as a clone if it has a template: Allocated → Creating → Ready.

    The template is brought to the pool when it is not there. A Ready volume is left alone.
    """
    reread(volume)
    if volume.state == VolumeState.READY:
        return volume
    pool = volume.pool
    if pool is None:
        raise InvalidSpec(f"volume {volume.name} has no pool yet")
    if volume.state in VOLUME_NOT_MADE:
        with ctx.transaction():
            VOLUME_FSM.fire(volume, "create_requested")
    facts = _import(volume, pool, host) if volume.source_image is not None else _create(ctx, volume, pool, host)
    with ctx.transaction():
        VOLUME_FSM.fire(
            volume,
            "succeeded",
            path=facts.path,
            format=facts.format,
            size_bytes=facts.size_bytes,
            physical_size_bytes=facts.allocated_bytes,
        )
    return volume


def _create(ctx: JobContext, volume: Volume, pool: StoragePool, host: Host) -> VolumeFacts:
    template_path = ""
    if volume.template is not None:
        template_path = ensure_template_on_pool(ctx, volume.template, pool, host)
    return driver_for(pool, host).create_volume(volume_spec(volume, template_path=template_path))


def _import(volume: Volume, pool: StoragePool, host: Host) -> VolumeFacts:
    """Of the file that its owner brought; it stays in the image store until the volume is settled."""
    driver = driver_for(pool, host)
    if not isinstance(driver, SupportsVolumeCopies):
        raise NotSupported(f"volumes that were brought cannot be put on storage of type {pool.type}")
    image = volume.source_image
    with open_master(image, pool) as source:
        return driver.import_volume(volume_spec(volume), template_spec(image), source)


def undo_create_volume(ctx: JobContext, volume: Volume, host: Host) -> None:
    """Take away what :func:`create_volume_on_pool` made, wholly or in part: back to where it came from."""
    reread(volume)
    if volume.state in (VolumeState.CREATING, VolumeState.READY):
        delete_volume_on_pool(ctx, volume, host)
        with ctx.transaction():
            made = volume.state == VolumeState.READY
            verb = "import" if volume.source_image is not None else "create"
            failed = "failed" if verb == "create" else "import_failed"
            VOLUME_FSM.fire(volume, f"{verb}_undone" if made else failed, path="")
    if volume.state in VOLUME_NOT_MADE:
        release_volume_pool(ctx, volume)


def delete_volume_on_pool(ctx: JobContext, volume: Volume, host: Host | None = None) -> None:
    """Delete the volume's data; writes no rows. Through ``host`` if it sees the pool, else through any that does."""
    if volume.pool is None:
        return
    path = volume.path
    driver = driver_for(volume.pool, host_for_pool(volume.pool, host))
    if not path and volume.state == VolumeState.CREATING:
        path = _path_of_unfinished(driver, volume)
    if path:
        driver.delete_volume(path)


def _path_of_unfinished(driver: PrimaryStorageDriver, volume: Volume) -> str:
    """Where a creation that broke off has put the volume.

    Only the driver knows, and verbs are idempotent by UUID: it is asked to make the volume, and tells where.
    """
    if isinstance(driver, SupportsVolumeCopies):
        return driver.volume_path(str(volume.uuid), volume.format)
    cached = TemplatePoolRef.objects.filter(template=volume.template_id, pool=volume.pool_id).exclude(path="").first()
    try:
        return driver.create_volume(volume_spec(volume, template_path=cached.path if cached else "")).path
    except DriverError as error:
        if error.retryable:
            raise
        # What the driver refuses for good it has not made: an undo that insisted on it would never end.
        return ""


def expunge_volume(ctx: JobContext, volume: Volume, host: Host | None = None) -> None:
    """Destroy → Expunging → Expunged: data deleted, room given back, row marked as removed.

    Limits were given back when the volume went to Destroy (``VolumeManager``'s ``retire``).
    """
    reread(volume)
    if volume.state == VolumeState.EXPUNGED:
        return
    with ctx.transaction():
        VOLUME_FSM.fire(volume, "expunge_requested")
    volume = volume_for_job(uuid=volume.uuid)
    delete_volume_on_pool(ctx, volume, host)
    with ctx.transaction():
        allocation.release(holder_uuid=volume.uuid)
        VOLUME_FSM.fire(volume, "succeeded", path="")
        volume.mark_removed()
