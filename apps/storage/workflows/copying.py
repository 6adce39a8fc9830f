"""The data of a volume as a file that stands by itself: copied beside it, then fetched from there."""

import hashlib
import os
from pathlib import Path
from typing import Any

from apps.infrastructure.models import Host
from apps.storage.models import StoragePool, Volume
from apps.storage.services import allocation
from apps.storage.services.attachments import machine_of
from apps.storage.specs import pool_ref
from apps.storage.workflows.steps import driver_for, host_for_pool, remember
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.storage import SupportsVolumeCopies, VolumeSpec
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step

CHUNK = 1 << 20


def copier(pool: StoragePool, host: Host) -> Any:
    """The driver of ``pool``. Raises ``NotSupported`` when its volumes cannot be copied."""
    driver = driver_for(pool, host)
    if not isinstance(driver, SupportsVolumeCopies):
        raise NotSupported(f"volumes on storage of type {pool.type} cannot be copied")
    return driver


def refuse_open(volume: Volume) -> None:
    """Data that a guest has open is not copied: the copy would be of no single moment."""
    machine = machine_of(volume)
    if machine is not None and machine.running:
        raise ResourceInUse(f"machine {machine.name} runs with volume {volume}")


class CopyAside(Step):
    """A copy on the volume's own pool, under the UUID of the job, with room of its own."""

    title = "Copy the volume's data"

    def plan(self, ctx: JobContext) -> str:
        return f"copy {ctx.volume} of {ctx.volume.size_bytes} bytes on pool {ctx.volume.pool}"

    def do(self, ctx: JobContext) -> None:
        volume: Volume = ctx.volume
        refuse_open(volume)
        pool = volume.pool
        with ctx.transaction():
            allocation.reserve(pool=pool, holder_uuid=ctx.job.uuid, size_bytes=volume.size_bytes)
        spec = VolumeSpec(uuid=str(ctx.job.uuid), name=f"copy of {volume.name}", size_bytes=volume.size_bytes)
        facts = copier(pool, host_for_pool(pool)).copy_volume(spec, pool_ref(pool), volume.path)
        with ctx.transaction():
            remember(ctx, copy=facts.path, copy_bytes=facts.size_bytes, copy_format=facts.format)

    def verify(self, ctx: JobContext) -> bool:
        return bool(ctx.data.get("copy"))

    def undo(self, ctx: JobContext) -> None:
        drop_copy(ctx)


class DropCopy(Step):
    title = "Remove the copy from the pool"

    def do(self, ctx: JobContext) -> None:
        drop_copy(ctx)


def drop_copy(ctx: JobContext) -> None:
    """Delete what ``CopyAside`` made, wholly or in part, and give its room back."""
    pool = ctx.volume.pool
    driver = copier(pool, host_for_pool(pool))
    driver.delete_volume(driver.volume_path(str(ctx.job.uuid)))
    with ctx.transaction():
        allocation.release(holder_uuid=ctx.job.uuid)


def fetch_copy(ctx: JobContext, file: Path) -> str:
    """Write the copy to ``file``; answers its SHA-256 in hex."""
    pool = ctx.volume.pool
    digest, received, expected = hashlib.sha256(), 0, max(ctx.data["copy_bytes"], 1)
    with copier(pool, host_for_pool(pool)).open_volume(ctx.data["copy"]) as source, file.open("wb") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            if received % (64 * CHUNK) < CHUNK:
                ctx.check()
                ctx.progress(min(received * 90 // expected, 90), f"{received >> 20} MiB read")
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()
