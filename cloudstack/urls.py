"""Where every door is."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from cloudstack.health import healthz

admin.site.site_header = "CloudStack"
admin.site.site_title = "CloudStack"
admin.site.index_title = "Cloud management"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("", include("cloudstack.api.urls")),
    path("", include("apps.storage.web.urls")),
]
