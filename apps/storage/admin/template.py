"""Templates and their copies in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.storage.models import (
    DownloadTicket,
    Iso,
    Template,
    TemplatePoolRef,
    TemplateStoreRef,
    TemplateZone,
    UploadTicket,
)


class StoreRefInline(CloudInline):
    model = TemplateStoreRef
    fields = ["store", "state", "percent", "size_bytes", "error"]
    readonly_fields = fields
    joined = ["store", "template"]


@admin.register(Template)
class TemplateAdmin(CloudAdmin):
    list_display = [
        "name",
        "account",
        "hypervisor",
        "format",
        "state",
        "error",
        "is_public",
        "is_featured",
        "virtual_size_bytes",
        "physical_size_bytes",
        "created",
    ]
    list_filter = ["state", "hypervisor", "format", "type", "is_public", "is_featured"]
    list_select_related = ["account"]
    search_fields = ["name", "display_text", "uuid", "account__name", "url"]
    inlines = [StoreRefInline]
    commands = [("deleteTemplate", "Delete")]


@admin.register(Iso)
class IsoAdmin(CloudAdmin):
    list_display = ["name", "account", "state", "error", "bootable", "is_public", "physical_size_bytes", "created"]
    list_filter = ["state", "bootable", "is_public", "is_featured"]
    list_select_related = ["account"]
    search_fields = ["name", "display_text", "uuid", "account__name", "url"]
    inlines = [StoreRefInline]
    commands = [("deleteIso", "Delete")]


@admin.register(TemplateZone)
class TemplateZoneAdmin(CloudAdmin):
    list_display = ["template", "zone"]
    list_filter = ["zone"]
    list_select_related = ["template", "zone"]
    search_fields = ["template__name", "zone__name"]


@admin.register(TemplateStoreRef)
class TemplateStoreRefAdmin(CloudAdmin):
    list_display = ["template", "store", "state", "percent", "size_bytes", "error", "created"]
    list_filter = ["state", "store"]
    list_select_related = ["template", "store"]
    search_fields = ["template__name", "template__uuid", "store__name"]


@admin.register(TemplatePoolRef)
class TemplatePoolRefAdmin(CloudAdmin):
    list_display = ["template", "pool", "state", "size_bytes", "job_uuid", "last_used"]
    list_filter = ["state", "pool"]
    list_select_related = ["template", "pool"]
    search_fields = ["template__name", "template__uuid", "pool__name"]


@admin.register(DownloadTicket)
class DownloadTicketAdmin(CloudAdmin):
    list_display = ["image", "volume", "store", "ready", "expires", "created"]
    list_select_related = ["image", "volume", "store"]
    search_fields = ["image__name", "volume__name", "image__uuid", "volume__uuid"]
    exclude = ["uuid"]
    has_job_panels = False


@admin.register(UploadTicket)
class UploadTicketAdmin(CloudAdmin):
    list_display = ["template", "expires", "claimed", "created"]
    list_select_related = ["template"]
    search_fields = ["template__name", "template__uuid"]
    exclude = ["uuid"]
    # Its UUID opens the door to the upload: it must not stand in a link either.
    has_job_panels = False
