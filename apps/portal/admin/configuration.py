"""Stored values of settings and their history. The page of all settings is ``apps.portal.pages.settings``."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from apps.accounts.admin.base import AdminCommand, CloudAdmin
from cloudstack.framework.configuration import Scope, registry
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.configuration.shown import HIDDEN, values_of
from cloudstack.framework.context import Caller, entering
from cloudstack.framework.secrets import PREFIX


def reset(*, caller: Caller, obj: ConfigValue) -> str:
    """By the manager: the object that it was set for may be gone, and then no command can name it."""
    with entering("admin"):
        ConfigurationManager().reset(
            caller=caller, name=obj.name, scope=Scope(obj.scope), scope_uuid=obj.scope_uuid or None
        )
    return ""


def shown_value(row: ConfigValue) -> str:
    """The stored text; of a secret setting, and of whatever is stored encrypted, nothing."""
    key = registry.get(row.name)
    secret = row.value.startswith(PREFIX) or (key is not None and key.secret)
    return HIDDEN if secret else row.value


def link_to_setting(name: str) -> str:
    if registry.get(name) is None:
        return f"{name} (no component declares it)"
    return format_html('<a href="{}">{}</a>', reverse("admin:cloud_setting", args=[name]), name)


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
        return link_to_setting(row.name)

    @admin.display(description="value")
    def stored(self, row: ConfigValue) -> str:
        return shown_value(row)


@admin.register(SettingChange)
class SettingChangeAdmin(CloudAdmin):
    plural = "History of settings"
    list_display = ("created", "setting", "scope", "scope_uuid", "was", "became", "user_name", "door")
    list_filter = ("created",)
    search_fields = ("name", "user_name", "scope_uuid")
    search_help_text = "name of a setting or of a user, or the UUID of the object it was set for"
    ordering = ("-id",)
    fields = ("created", "setting", "scope", "scope_uuid", "was", "became", "user", "user_name", "door")
    has_job_panels = False

    @admin.display(description="setting", ordering="name")
    def setting(self, row: SettingChange) -> str:
        return link_to_setting(row.name)

    @admin.display(description="before")
    def was(self, row: SettingChange) -> str:
        return values_of(row)[0] or "–"

    @admin.display(description="after")
    def became(self, row: SettingChange) -> str:
        return values_of(row)[1] or "–"
