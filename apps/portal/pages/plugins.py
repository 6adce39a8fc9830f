"""What became of every plugin that was found, and which are loaded from the next start on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from apps.accounts.admin.badges import badge
from apps.portal.pages.access import list_url, unrestricted_caller
from apps.portal.pages.settings import Row, rows_of
from cloudstack.framework.configuration import registry
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError
from cloudstack.framework.plugins.health import HealthReport, checks_of, reports_of
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.plugins.measures import Failure, failures_of
from cloudstack.framework.plugins.required import missing_settings
from cloudstack.framework.plugins.service import PluginChoiceManager, data_folder
from cloudstack.framework.plugins.uses import needed_by, uses_of
from cloudstack.runtime import plugin_choice

DRIVERS = {
    "register_hypervisor_drivers": "Hypervisors",
    "register_storage_drivers": "Primary storage",
    "register_image_store_drivers": "Image stores",
    "register_network_elements": "Network elements",
    "register_host_agents": "Agents of hosts",
    "register_affinity_types": "Types of affinity",
    "register_api_commands": "Commands",
    "register_workflows": "Workflows",
    "register_scheduled_jobs": "Periodic jobs",
    "register_resource_limits": "Limits of",
    "register_managers": "Managers",
    "register_portal_sections": "Pages for users",
    "register_host_filters": "Host filters",
    "register_host_weighers": "Host weighers",
    "register_health_checks": "Health checks",
    "register_doctor_checks": "Doctor's checks",
    "register_response_fields": "Fields of objects",
    "register_access_checks": "Access checks",
    "register_role_rules": "Rules for roles",
    "register_login_backends": "Judges of passwords",
    "register_alert_channels": "Channels of alerts",
}
"""What plugins register, by hook; settings stand in a table of their own."""


@dataclass(frozen=True)
class Shown:
    """A plugin as the list shows it. ``next`` is its state after the next start, if that is another."""

    status: PluginStatus
    badge: SafeString
    next: str
    reports: list[HealthReport]
    has_checks: bool
    failures: list[Failure]

    @property
    def problems(self) -> list[HealthReport]:
        return [report for report in self.reports if report.problem]

    @property
    def hooks(self) -> list[list[str]]:
        """Their names in parts between which a line may end."""
        return [name.split("_") for name in self.status.hooks]


def plugins(request: HttpRequest) -> HttpResponse:
    """All plugins, those with errors first."""
    caller = unrestricted_caller(request)
    choice = plugin_choice.chosen(data_folder())
    statuses = sorted(pm.statuses.values(), key=lambda status: (status.state in ("enabled", "disabled"), status.name))
    rows = _shown(statuses, choice)
    context = {
        **admin.site.each_context(request),
        "title": "Plugins",
        "rows": rows,
        "pending": [row for row in rows if row.next],
        "strangers": sorted(choice.disabled - pm.statuses.keys()),
        "unreadable": choice.error,
        "refusal": PluginChoiceManager().refusal(caller=caller),
        "by_environment": settings.PLUGIN_CHOICE.by_environment,
        "named": sorted(settings.PLUGIN_CHOICE.disabled),
        "variable": plugin_choice.VARIABLE,
    }
    return TemplateResponse(request, "admin/cloud_plugins.html", context)


def one_plugin(request: HttpRequest, name: str) -> HttpResponse:
    """What a plugin gives, how it is, and the form that enables or disables it."""
    caller, manager = unrestricted_caller(request), PluginChoiceManager()
    status = pm.statuses.get(name)
    if status is None:
        raise Http404(f"there is no plugin {name}")
    error, typed = "", request.POST.get("typed", "").strip()
    if request.method == "POST":
        try:
            with calling(caller):
                if request.POST.get("do") == "enable":
                    manager.enable(caller=caller, name=name)
                else:
                    manager.disable(caller=caller, name=name, typed=typed)
        except CloudError as failure:
            error = failure.message
        else:
            messages.success(request, f"Noted. It takes effect at the next start of the portal ({name}).")
            return HttpResponseRedirect(reverse("admin:cloud_plugin", args=[name]))
    choice = plugin_choice.chosen(data_folder())
    [shown] = _shown([status], choice)
    given = pm.given(name)
    context = {
        **admin.site.each_context(request),
        "title": name,
        "crumb": {"url": reverse("admin:cloud_plugins"), "title": "Plugins"},
        "row": shown,
        "status": status,
        "wanted": name not in choice.disabled,
        "missing": missing_settings(name),
        "uses": uses_of(name),
        "needed_by": needed_by(name),
        "given": [(title, _texts(given[hook])) for hook, title in DRIVERS.items() if given.get(hook)],
        "hooks": [(hook, pm.measures.of(name, hook)) for hook in status.hooks],
        "settings": _settings_of(name),
        "models": _models_of(request, name),
        "refusal": manager.refusal(caller=caller),
        "error": error,
        "typed": typed,
    }
    return TemplateResponse(request, "admin/cloud_plugin.html", context, status=400 if error else 200)


def _shown(statuses: list[PluginStatus], choice: plugin_choice.PluginChoice) -> list[Shown]:
    """Two questions to the cache, none to the database."""
    names = [status.name for status in statuses]
    reports, failures = reports_of(names), failures_of(names)
    shown = []
    for status in statuses:
        name = status.name
        shown.append(
            Shown(
                status,
                badge(status.state if status.state != "not usable" else "error", label=status.state),
                _next(name, choice),
                reports.get(name, []),
                bool(checks_of(name)),
                failures.get(name, []),
            )
        )
    return shown


def _next(name: str, choice: plugin_choice.PluginChoice) -> str:
    """``enabled`` or ``disabled`` where the next start changes that; the environment lets nothing change."""
    now = settings.PLUGIN_CHOICE
    if now.by_environment or (name in now.disabled) == (name in choice.disabled):
        return ""
    return "disabled" if name in choice.disabled else "enabled"


def _texts(keys: Iterable[Any]) -> list[str]:
    return sorted(" on ".join(reversed(key)) if isinstance(key, tuple) else str(key) for key in keys)


def _settings_of(plugin: str) -> list[Row]:
    keys = [key for key in registry.all_keys() if key.component == f"plugins.{plugin}"]
    return rows_of(keys) if keys else []


def _models_of(request: HttpRequest, plugin: str) -> list[tuple[str, str]]:
    """Titles and addresses of the plugin's own lists."""
    if plugin not in apps.app_configs:
        return []
    models = apps.get_app_config(plugin).get_models()
    found = [(capfirst(str(model._meta.verbose_name_plural)), list_url(request, model)) for model in models]
    return [(title, url) for title, url in found if url]
