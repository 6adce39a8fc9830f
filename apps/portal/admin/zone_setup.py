"""Set-ups of zones in the admin: the rows behind the pages that set a zone up."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.base import CloudAdmin
from apps.accounts.admin.panels import register_list_links
from apps.portal.models import ZoneSetup
from cloudstack.api import authentication, registry
from cloudstack.framework.context import Caller


@admin.register(ZoneSetup)
class ZoneSetupAdmin(CloudAdmin):
    list_display = ("name", "zone", "step", "user", "updated", "launched")
    list_filter = ("launched",)
    list_select_related = ("zone", "user")
    search_fields = ("name", "uuid")
    ordering = ("-updated",)
    has_job_panels = False

    def links(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        return [{"url": reverse("admin:cloud_zone_setup", args=[obj.uuid, obj.step]), "label": "Go on with it"}]


def ways_to_zones(caller: Caller) -> list[tuple[str, str]]:
    """From the list of zones to setting one up, for whose role admits it."""
    is_allowed = authentication.is_allowed(caller, registry.get("createZone"))
    return [(reverse("admin:cloud_zone_setups"), "Set up a zone")] if is_allowed else []


register_list_links("infrastructure.Zone", ways_to_zones)
