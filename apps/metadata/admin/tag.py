"""Tags in the admin."""

from typing import Any

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.metadata.models import ResourceTag


def _this(tag: ResourceTag) -> dict[str, Any]:
    return {
        "resourcetype": tag.kind,
        "resourceids": str(tag.object_uuid),
        "tags[0].key": tag.key,
        "tags[0].value": tag.value,
    }


@admin.register(ResourceTag)
class ResourceTagAdmin(CloudAdmin):
    list_display = ("key", "value", "kind", "object_uuid", "account", "domain", "customer", "created")
    list_filter = ("kind",)
    list_select_related = ("account", "domain")
    search_fields = ("key", "value", "object_uuid", "account__name")
    ordering = ("-id",)
    exclude = ("object_id", "folded_key")
    commands = (("deleteTags", "Delete", {"params": _this}),)
