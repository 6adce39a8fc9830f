"""Public entities of storage and who may touch them."""

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
from cloudstack.api import register_entity

register_entity(StoragePool, scope=pools_visible_to, noun="storage pool")
register_entity(ImageStore, scope=image_stores_visible_to, noun="image store")
register_entity(Template, scope=templates_visible_to)
register_entity(DiskOffering, scope=disk_offerings_visible_to, noun="disk offering")
register_entity(Volume, scope=volumes_visible_to)
register_entity(GuestOs, scope=guest_oses_visible_to)
register_entity(GuestOsCategory, scope=guest_os_categories_visible_to)
