"""The admin's frame: its first page, its navigation, and the pages that belong to no model."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from cloudstack.theme.admin import SiteBase


class CloudAdminSite(SiteBase):
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

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With ``q`` the page of what is found; else what the command palette shows of it, and of pages."""
        from apps.portal.pages.palette import palette
        from apps.portal.pages.search import search_page

        return search_page(request) if "q" in request.GET else palette(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Of one app, for its page. What all of them have stands in the navigation, which is made otherwise."""
        return super().get_app_list(request, app_label) if app_label is not None else []

    def get_urls(self) -> list[Any]:
        from apps.portal.pages import batch, flower, plugins, schedule, second_factor, setting, settings
        from apps.portal.pages.zone_setup import views as zone_setup

        return [
            path("settings/", self.admin_view(settings.all_settings), name="cloud_settings"),
            path("settings/<str:name>/", self.admin_view(setting.one_setting), name="cloud_setting"),
            path("batch/<str:key>/", self.admin_view(batch.batch), name="cloud_batch"),
            path("schedule/", self.admin_view(schedule.schedule), name="cloud_schedule"),
            path("second-factor/", second_factor.AdminSecondFactorPage(self), name="second_factor"),
            # Flower's own files may be kept by browsers; its pages say that they may not.
            path("flower/", self.admin_view(flower.flower, cacheable=True), name="cloud_flower"),
            path("flower/tasks/datatable", self.admin_view(flower.flower_tasks, cacheable=True)),
            path("flower/<path:rest>", self.admin_view(flower.flower, cacheable=True), name="cloud_flower_page"),
            path("plugins/<str:name>/", self.admin_view(plugins.one_plugin), name="cloud_plugin"),
            path("plugins/", self.admin_view(plugins.plugins), name="cloud_plugins"),
            path("zone-setup/", self.admin_view(zone_setup.setups), name="cloud_zone_setups"),
            path("zone-setup/begin/", self.admin_view(zone_setup.begin), name="cloud_zone_setup_begin"),
            path("zone-setup/take-up/<uuid:uuid>/", self.admin_view(zone_setup.take_up), name="cloud_zone_take_up"),
            path("zone-setup/<uuid:uuid>/forget/", self.admin_view(zone_setup.forget), name="cloud_zone_setup_forget"),
            path("zone-setup/<uuid:uuid>/<slug:key>/", self.admin_view(zone_setup.step), name="cloud_zone_setup"),
            *super().get_urls(),
        ]
