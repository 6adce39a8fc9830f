"""What became of every plugin that was found."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.accounts.admin.badges import badge
from apps.portal.pages.access import unrestricted_caller
from cloudstack.framework.plugins.manager import PluginStatus, pm


def plugins(request: HttpRequest) -> HttpResponse:
    """All plugins, those with errors first."""
    unrestricted_caller(request)
    statuses = sorted(pm.statuses.values(), key=lambda status: (not status.error, status.name))
    rows = [{"status": status, "badge": _badge(status)} for status in statuses]
    context = {**admin.site.each_context(request), "title": "Plugins", "rows": rows}
    return TemplateResponse(request, "admin/cloud_plugins.html", context)


def _badge(status: PluginStatus) -> str:
    if status.error:
        return badge("error", label="not loaded")
    return badge("enabled" if status.enabled else "disabled")
