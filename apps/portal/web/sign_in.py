"""The sign-in of the portal: for users and operators alike."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.portal.pages.second_factor import PasswordFirst

HOME = reverse_lazy("portal:home")
sign_out = LogoutView.as_view(next_page=reverse_lazy("portal:sign-in"))


class SignInForm(AuthenticationForm):
    """``user``, or ``user@domain/path`` for one of another domain."""

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
        extra_context={"title": _("Sign in")},
    )
    return view(request)


def second_factor(request: HttpRequest) -> HttpResponse:
    from django.http import HttpResponseRedirect

    return HttpResponseRedirect(reverse("admin:second_factor"))
