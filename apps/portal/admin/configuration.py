"""Stored values of settings. The page of all settings is ``apps.portal.pages.settings``."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from apps.accounts.admin.base import AdminCommand, CloudAdmin
from cloudstack.framework.configuration import Scope, registry
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.context import Caller
from cloudstack.framework.secrets import PREFIX

HIDDEN = "****"


def reset(*, caller: Caller, obj: ConfigValue) -> str:
    ConfigurationManager().reset(
        caller=caller, name=obj.name, scope=Scope(obj.scope), scope_uuid=obj.scope_uuid or None
    )
    return ""


def shown_value(row: ConfigValue) -> str:
    """The stored text; of a secret setting, and of whatever is stored encrypted, nothing."""
    key = registry.get(row.name)
    secret = row.value.startswith(PREFIX) or (key is not None and key.secret)
    return HIDDEN if secret else row.value


@admin.register(ConfigValue)
class ConfigValueAdmin(CloudAdmin):
    plural = "Values that were set"
    list_display = ("setting", "scope", "scope_uuid", "stored", "updated")
    list_display_links = ("scope",)
    list_filter = ("scope",)
    search_fields = ("name", "scope_uuid")
    ordering = ("name", "scope")
    fields = ("setting", "scope", "scope_uuid", "stored", "updated")
    has_job_panels = False
    commands = (AdminCommand(command="reset", label="Back to the default", call=reset, confirm=True),)

    @admin.display(description="setting", ordering="name")
    def setting(self, row: ConfigValue) -> str:
        if registry.get(row.name) is None:
            return f"{row.name} (no component declares it)"
        return format_html('<a href="{}">{}</a>', reverse("admin:cloud_setting", args=[row.name]), row.name)

    @admin.display(description="value")
    def stored(self, row: ConfigValue) -> str:
        return shown_value(row)
