"""The addresses of the users' pages."""

from typing import Any

from django.conf import settings
from django.urls import path
from django.views.i18n import set_language

from apps.portal.web import forgotten, home, profile, search, second_factor, sign_in
from cloudstack.pages import urls


def _of_provider() -> list[Any]:
    if not settings.OIDC:
        return []
    from apps.portal.web import oidc

    return oidc.urlpatterns


app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    *_of_provider(),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("forgotten-password/", forgotten.ask, name="forgotten"),
    path("new-password/", forgotten.choose, name="new-password"),
    path("second-factor/", second_factor.second_factor, name="second-factor"),
    path("language/", set_language, name="language"),
    path("search/", search.search_page, name="search"),
    path("project/", home.switch_project, name="project-switch"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.password, name="password"),
    path("profile/sessions/", profile.sessions, name="sessions"),
    path("profile/<str:uuid>/", profile.profile_of, name="profile-of"),
    *urls.urlpatterns(),
]
