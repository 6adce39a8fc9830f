"""The admin's frame: its first page, its navigation, and the pages that belong to no model."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

ORDER = (
    "compute",
    "storage",
    "network",
    "infrastructure",
    "accounts",
    "metadata",
    "jobs",
    "events",
    "configuration",
    "scheduler",
)
"""Labels of apps as the navigation lists them; others follow by name."""
FIRST = (
    *("VirtualMachine", "ServiceOffering", "Volume", "Template", "StoragePool", "DiskOffering", "Network"),
    *("NetworkOffering", "Zone", "Pod", "Cluster", "Host", "Account", "User", "Domain", "Role", "AsyncJob"),
)
"""Models that come first in their apps; others follow by name."""
NAMES = {"AsyncJob": "Jobs", "ConfigValue": "Values that were set", "ScheduledRun": "Last runs"}
IN_SYSTEM = ("configuration", "scheduler")
"""Apps whose models stand under System, beside our own pages."""


class CloudAdminSite(AdminSite):
    """Django's site for operators of the cloud."""

    site_header = "CloudStack"
    site_title = "CloudStack"
    index_title = "Overview"
    site_url = None

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The first page: how the cloud is, for who may see all of it."""
        from apps.portal.pages.overview import overview_context

        more = overview_context(request) if request.user.is_superuser else {}
        return super().index(request, {**more, **(extra_context or {})})

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Password first, then the code of the second factor where the user needs one."""
        from apps.portal.pages.second_factor import sign_in

        return sign_in(self, request, extra_context or {})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One's own password, set through the manager like every other."""
        from apps.portal.pages.password import change_own_password

        return change_own_password(self, request, extra_context or {})

    def get_urls(self) -> list[Any]:
        from apps.portal.pages import plugins, schedule, second_factor, settings

        return [
            path("settings/", self.admin_view(settings.all_settings), name="cloud_settings"),
            path("settings/<str:name>/", self.admin_view(settings.one_setting), name="cloud_setting"),
            path("schedule/", self.admin_view(schedule.schedule), name="cloud_schedule"),
            path("second-factor/", second_factor.SecondFactorPage(self), name="second_factor"),
            path("plugins/", self.admin_view(plugins.plugins), name="cloud_plugins"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().get_app_list(request, app_label)
        if app_label is not None:
            return found
        rank = {label: position for position, label in enumerate(ORDER)}
        found.sort(key=lambda app: (rank.get(app["app_label"], len(rank)), app["name"].lower()))
        for app in found:
            app["models"].sort(key=lambda model: (_place(model["object_name"]), model["name"]))
            for model in app["models"]:
                model["name"] = NAMES.get(model["object_name"], model["name"])
        if not request.user.is_superuser:
            return found
        system = _system()
        for app in found:
            if app["app_label"] in IN_SYSTEM:
                system["models"] += app["models"]
        return [*(app for app in found if app["app_label"] not in IN_SYSTEM), system]


def _place(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _system() -> dict[str, Any]:
    """Our own pages, in the shape of an app."""
    pages = (("Settings", "cloud_settings"), ("Schedule", "cloud_schedule"), ("Plugins", "cloud_plugins"))
    return {
        "name": "System",
        "app_label": "system",
        "app_url": reverse("admin:cloud_settings"),
        "has_module_perms": True,
        "models": [
            {
                "model": None,
                "name": label,
                "object_name": label,
                "perms": {"view": True},
                "admin_url": reverse(f"admin:{name}"),
                "add_url": None,
                "view_only": True,
            }
            for label, name in pages
        ],
    }
