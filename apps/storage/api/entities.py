"""Public entities of storage and who may touch them."""

from apps.metadata.kinds import HUNG, register_kind
from apps.storage.models import DiskOffering, GuestOs, GuestOsCategory, ImageStore, Iso, StoragePool, Template, Volume
from apps.storage.selectors import (
    disk_offerings_visible_to,
    guest_os_categories_visible_to,
    guest_oses_visible_to,
    image_stores_visible_to,
    isos_visible_to,
    pools_visible_to,
    templates_visible_to,
    volumes_visible_to,
)
from cloudstack.api import register_entity

register_entity(StoragePool, scope=pools_visible_to, noun="storage pool")
register_entity(ImageStore, scope=image_stores_visible_to, noun="image store")
register_entity(Template, scope=templates_visible_to)
register_entity(Iso, scope=isos_visible_to, noun="ISO")
register_entity(DiskOffering, scope=disk_offerings_visible_to, noun="disk offering")
register_entity(Volume, scope=volumes_visible_to)
register_entity(GuestOs, scope=guest_oses_visible_to)
register_entity(GuestOsCategory, scope=guest_os_categories_visible_to)


def _is_iso(template: Template) -> bool:
    return template.is_iso


_IMAGE = {
    "tags": True, "icon": True, "users_note": True, "details": "details",
    "detail_options": lambda image: {"boot_type": ["BIOS"]},
}  # fmt: skip
register_kind(Template, "Template", note="TEMPLATE", holds=lambda template: not _is_iso(template), **_IMAGE)
register_kind(Template, "ISO", note="ISO", holds=_is_iso, **_IMAGE)
register_kind(Volume, "Volume", tags=True, note="VOLUME", users_note=True, details=HUNG)
register_kind(DiskOffering, "DiskOffering", tags=True, note="DISK_OFFERING", details="details")
register_kind(StoragePool, "Storage", tags=True, note="PRIMARY_STORAGE", details="details")
register_kind(ImageStore, "ImageStore", note="SECONDARY_STORAGE")
register_kind(GuestOs, "GuestOs", title="description", details="details")
register_kind(GuestOsCategory, "GuestOsCategory", icon=True)
