"""Public entities of storage and who may touch them; and what storage tells the apps below."""

from collections.abc import Iterable

from django.db.models import Model, Q

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.services.guards import register_guard
from apps.infrastructure.services.placement import register_candidate_source
from apps.storage.models import DiskOffering, GuestOs, GuestOsCategory, ImageStore, StoragePool, Template, Volume
from apps.storage.selectors import (
    disk_offerings_visible_to,
    guest_os_categories_visible_to,
    guest_oses_visible_to,
    image_stores_visible_to,
    pools_visible_to,
    templates_visible_to,
    volumes_visible_to,
)
from apps.storage.services.allocation import pools_of_hosts
from cloudstack.api import register_entity

register_entity(StoragePool, scope=pools_visible_to, noun="storage pool")
register_entity(ImageStore, scope=image_stores_visible_to, noun="image store")
register_entity(Template, scope=templates_visible_to)
register_entity(DiskOffering, scope=disk_offerings_visible_to, noun="disk offering")
register_entity(Volume, scope=volumes_visible_to)
register_entity(GuestOs, scope=guest_oses_visible_to)
register_entity(GuestOsCategory, scope=guest_os_categories_visible_to)

_HOLDERS = {
    Zone: (("pools", StoragePool, "zone"), ("image stores", ImageStore, "zone"), ("volumes", Volume, "zone")),
    Pod: (("pools", StoragePool, "pod"),),
    Cluster: (("pools", StoragePool, "cluster"),),
    Host: (("local pools", StoragePool, "host"),),
}


def _holds(instance: Model) -> Iterable[str]:
    for what, model, field in _HOLDERS[type(instance)]:  # type: ignore[index]
        count = model.objects.filter(Q(**{field: instance.pk})).count()
        if count:
            yield f"it has {count} {what}"


for _model in _HOLDERS:
    register_guard(_model, _holds)
register_candidate_source(pools_of_hosts)
