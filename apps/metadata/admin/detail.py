"""Details in the admin: those that are rows; of objects with a column of their own only what is kept from users."""

from typing import Any

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.metadata.models import ResourceDetail


def _this(detail: ResourceDetail) -> dict[str, Any]:
    return {"resourcetype": detail.kind, "resourceid": str(detail.object_uuid), "key": detail.key}


@admin.register(ResourceDetail)
class ResourceDetailAdmin(CloudAdmin):
    list_display = ("key", "value", "kind", "object_uuid", "is_displayed", "created")
    list_filter = ("kind", "is_displayed")
    search_fields = ("key", "value", "object_uuid")
    ordering = ("-id",)
    exclude = ("object_id",)
    commands = (("removeResourceDetail", "Remove", {"params": _this}),)
