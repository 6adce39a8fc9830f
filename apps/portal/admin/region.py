"""Regions in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.portal.models import Region


@admin.register(Region)
class RegionAdmin(CloudAdmin):
    list_display = ("number", "name", "endpoint")
    search_fields = ("name", "endpoint")
    ordering = ("number",)
    has_job_panels = False
    commands = (("removeRegion", "Remove", {"params": lambda region: {"id": region.number}}),)
