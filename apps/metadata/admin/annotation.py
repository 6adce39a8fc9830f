"""Notes in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.metadata.models import Annotation


@admin.register(Annotation)
class AnnotationAdmin(CloudAdmin):
    list_display = ("__str__", "kind", "object_uuid", "user", "admins_only", "created")
    list_filter = ("kind", "admins_only")
    list_select_related = ("user",)
    search_fields = ("text", "object_uuid", "user__username")
    ordering = ("-id",)
    exclude = ("object_id",)
    commands = (
        ("updateAnnotationVisibility", "Keep for root admins", {"adminsonly": True}),
        ("updateAnnotationVisibility", "Show to who works the object", {"adminsonly": False}),
        ("removeAnnotation", "Remove"),
    )
