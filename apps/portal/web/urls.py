"""The addresses of the users' pages."""

from django.urls import path

from apps.portal.web import home, sign_in
from cloudstack.pages import urls

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("second-factor/", sign_in.second_factor, name="second-factor"),
    path("project/", home.switch_project, name="project-switch"),
    path("profile/", home.home, name="profile"),
    *urls.urlpatterns(),
]
