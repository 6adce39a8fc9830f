"""Plans that even out clusters, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import ClusterDrsMigration, ClusterDrsPlan


@admin.register(ClusterDrsPlan)
class ClusterDrsPlanAdmin(CloudAdmin):
    list_display = ["uuid", "cluster", "type", "state", "imbalance", "expected", "created"]
    list_filter = ["state", "cluster"]
    list_select_related = ["cluster"]
    search_fields = ["uuid", "cluster__name"]


@admin.register(ClusterDrsMigration)
class ClusterDrsMigrationAdmin(CloudAdmin):
    list_display = ["vm", "plan", "source", "destination", "outcome", "job_uuid"]
    list_filter = ["plan__cluster"]
    list_select_related = ["vm", "plan__cluster", "source", "destination"]
    search_fields = ["vm__name", "source__name", "destination__name", "job_uuid"]
