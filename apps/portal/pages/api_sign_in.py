"""The sign-in of the browsable API: for every user, where the admin's is for staff."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache

from apps.portal.pages.signing_in import PasswordFirst, SaysWhy

ROOT = reverse_lazy("api-root")

sign_out = LogoutView.as_view(next_page=ROOT)


class ApiSignInForm(SaysWhy, AuthenticationForm):
    """Django's form."""


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Password first, then the code of the second factor where the user needs one."""
    view = PasswordFirst.as_view(
        authentication_form=ApiSignInForm,
        template_name="rest/login.html",
        next_page=ROOT,
        redirect_authenticated_user=True,
    )
    return view(request)
