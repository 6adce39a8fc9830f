"""Icons in the admin."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.admin.base import CloudAdmin
from apps.metadata.models import ResourceIcon


def _this(icon: ResourceIcon) -> dict[str, Any]:
    return {"resourcetype": icon.kind, "resourceids": str(icon.object_uuid)}


@admin.register(ResourceIcon)
class ResourceIconAdmin(CloudAdmin):
    list_display = ("kind", "object_uuid", "updated")
    list_filter = ("kind",)
    search_fields = ("object_uuid",)
    ordering = ("-id",)
    fields = ("kind", "object_uuid", "picture", "created", "updated")
    commands = (("deleteResourceIcon", "Delete", {"params": _this}),)

    @admin.display(description="picture")
    def picture(self, icon: ResourceIcon) -> SafeString:
        return format_html('<img src="data:;base64,{}" alt="" height="48">', icon.image)
