"""The sign-in of the portal: for users and operators alike."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.password_config import RESET_ENABLED
from apps.portal.pages.signing_in import PasswordFirst, SaysWhy
from cloudstack.pages.policy import HEADER, policy

HOME = reverse_lazy("portal:home")
sign_out = LogoutView.as_view(next_page=reverse_lazy("portal:sign-in"))


class SignInForm(SaysWhy, AuthenticationForm):
    """``user``, or ``user@domain/path`` for one of another domain."""

    error_messages = {
        "invalid_login": _(
            "User name, password or domain is not right. After several wrong passwords a user is shut out; an "
            "administrator can let you in again."
        ),
        "inactive": _("This user may not sign in now; ask an administrator."),
    }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].help_text = _("With your domain if you have one: anna@sales")


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Password first, then the code of the second factor where the user needs one."""
    view = PasswordFirst.as_view(
        authentication_form=SignInForm,
        template_name="portal/sign_in.html",
        next_page=HOME,
        redirect_authenticated_user=True,
        extra_context={"title": _("Sign in"), "oidc": settings.OIDC, "forgotten": RESET_ENABLED.value()},
    )
    response = view(request)
    if settings.OIDC:
        response[HEADER] = policy(forms_to=settings.OIDC.form_origins)
    return response
