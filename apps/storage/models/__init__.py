"""Entities of the storage app."""

from apps.storage.models.guest_os import GuestOs, GuestOsCategory
from apps.storage.models.image_store import ImageStore
from apps.storage.models.offering import DiskOffering
from apps.storage.models.pool import PoolHost, PoolReservation, StoppedForPool, StoragePool
from apps.storage.models.template import ISO, Iso, Template, TemplateZone
from apps.storage.models.template_copy import TemplatePoolRef, TemplateStoreRef
from apps.storage.models.upload import DownloadTicket, UploadTicket
from apps.storage.models.volume import Volume

__all__ = [
    "ISO",
    "DiskOffering",
    "DownloadTicket",
    "GuestOs",
    "GuestOsCategory",
    "ImageStore",
    "Iso",
    "PoolHost",
    "PoolReservation",
    "StoppedForPool",
    "StoragePool",
    "Template",
    "TemplatePoolRef",
    "TemplateStoreRef",
    "TemplateZone",
    "UploadTicket",
    "Volume",
]
