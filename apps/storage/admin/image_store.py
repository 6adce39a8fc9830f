"""Image stores in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.storage.models import ImageStore


@admin.register(ImageStore)
class ImageStoreAdmin(CloudAdmin):
    list_display = ["name", "zone", "provider", "url", "read_only", "used_bytes", "capacity_bytes", "facts_at"]
    list_filter = ["provider", "zone", "read_only"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "url"]
    exclude = ["credentials"]
    commands = [("deleteImageStore", "Remove")]
