"""Storage in the admin: columns, filters, and actions that go through the commands."""

from apps.storage.admin import guest_os, image_store, offering, pool, template, volume

__all__ = ["guest_os", "image_store", "offering", "pool", "template", "volume"]
