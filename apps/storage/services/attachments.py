"""Which machine a volume is in is known above this app; it registers here what storage must ask and have done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.infrastructure.models import Host
from apps.storage.models import StoragePool, Template, Volume


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that a volume is attached to. ``running``: its hypervisor has the volume open."""

    uuid: str
    name: str
    state: str
    running: bool
    host_uuid: str = ""
    """The host that it runs on, if it does."""

    @property
    def lock(self) -> str:
        return f"vm:{self.uuid}"


Lookup = Callable[[Volume], Machine | None]
OnlineResize = Callable[[Any, Volume, int], None]

Drives = Callable[[Template, StoragePool | None], list[str]]

_lookup: Lookup | None = None
_online_resize: OnlineResize | None = None
_drives: Drives | None = None


def register_attachments(*, lookup: Lookup, online_resize: OnlineResize, drives: Drives) -> None:
    """``lookup(volume)`` names the machine; ``online_resize(ctx, volume, size_bytes)`` grows it in a running one.

    ``drives(iso, pool)`` names machines that have a disc in their drive. ``online_resize`` runs inside a step's
    ``do``: idempotent, without rows of its own. Call it in ``ready()``.
    """
    global _lookup, _online_resize, _drives
    _lookup, _online_resize, _drives = lookup, online_resize, drives


def machine_of(volume: Volume) -> Machine | None:
    """None for a volume that is in no machine."""
    return _lookup(volume) if _lookup else None


def host_of_volume(volume: Volume) -> Host | None:
    """The host on which a running machine has the volume open."""
    machine = machine_of(volume)
    return Host.objects.filter(uuid=machine.host_uuid).first() if machine and machine.host_uuid else None


def machines_with(image: Template, pool: StoragePool | None = None) -> list[str]:
    """Names of machines that have the disc in their drive, from its copy on ``pool`` if given; none for a template."""
    return _drives(image, pool) if _drives and image.is_iso else []


def resize_online(ctx: Any, volume: Volume, size_bytes: int) -> None:
    """Grow a volume that a running machine has open."""
    if _online_resize is None:
        raise RuntimeError("no app has registered how volumes of running machines grow")
    _online_resize(ctx, volume, size_bytes)
