"""Where every door is."""

from django.contrib import admin
from django.urls import include, path

from apps.portal.pages.api_sign_in import sign_in, sign_out
from apps.portal.pages.icon import favicon
from cloudstack.framework.plugins.routes import plugin_routes
from cloudstack.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon, name="favicon"),
    path("admin/", admin.site.urls),
    path("api/v1/login", sign_in, name="rest-login"),
    path("api/v1/logout", sign_out, name="rest-logout"),
    path("", include("cloudstack.api.urls")),
    path("", include("apps.storage.web.urls")),
    path("", include("apps.portal.web.urls")),
    path("", include("apps.portal.console.urls")),
]
urlpatterns += plugin_routes(urlpatterns)
