"""How disks and images go when their owner is deleted."""

from collections.abc import Iterator

from apps.accounts.services.removal import Owners, Stage, register_objection, register_remover
from apps.storage.models import Template, Volume
from apps.storage.services.templates import TemplateManager
from apps.storage.services.volumes import VolumeManager
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

SHOWN = 5


def register() -> None:
    """Called once, when all apps are ready."""
    register_remover(Volume, stage=Stage.DISKS, remove=expunge)
    register_remover(Template, stage=Stage.IMAGES, remove=delete_template)
    register_objection(protected_volumes)


def expunge(row: Volume, *, caller: Caller) -> AsyncJob:
    """Machines are gone: no disk is attached any more."""
    return VolumeManager().delete(caller=caller, volume=row)


def delete_template(row: Template, *, caller: Caller) -> AsyncJob:
    """Machines of others that were made from it keep their disks."""
    return TemplateManager().delete(caller=caller, template=row)


def protected_volumes(owners: Owners) -> Iterator[str]:
    """A disk that its owner has protected is not deleted by way of its owner."""
    volumes = Volume.objects.filter(account__in=owners.accounts.values("pk"), delete_protection=True)
    names = list(volumes.order_by("pk").values_list("name", flat=True)[:SHOWN])
    if names:
        yield f"its volumes {', '.join(names)} are protected from deletion"
