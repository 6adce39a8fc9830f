"""One's own page, one's password, and one's sessions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.models import User
from apps.accounts.services.users import UserManager
from cloudstack.framework.errors import CloudError
from cloudstack.pages import objects, registry
from cloudstack.pages.access import page
from cloudstack.pages.calls import call, one
from cloudstack.pages.frame import render


@page
def profile(request: HttpRequest) -> HttpResponse:
    """The reader's own user."""
    uuid = request.caller.user_uuid  # type: ignore[attr-defined]
    return objects.object_page(request, section=registry.get("profile"), uuid=uuid)


@page
def profile_of(request: HttpRequest, uuid: str) -> HttpResponse:
    """Where operations lead back to. Raises ``PermissionDenied`` for somebody else's, even for his administrator."""
    if uuid != request.caller.user_uuid:  # type: ignore[attr-defined]
        section = registry.get("profile")
        one(request, section.lists, section.one(uuid))
        raise PermissionDenied
    return HttpResponseRedirect(reverse("portal:profile"))


class NewPasswordForm(forms.Form):
    """A new password, twice. The names of the fields have ``password`` in them: none of them is ever sent back."""

    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    new_password_again = forms.CharField(
        label=gettext_lazy("New password once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    at: ClassVar[Mapping[str, str]] = {"password": "new_password", "currentpassword": "current_password"}
    """Parameter of the command → field."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        new, again = given.get("new_password"), given.get("new_password_again")
        if new and again and new != again:
            self.add_error("new_password_again", _("The two are not the same."))
        return given

    def blame(self, error: CloudError) -> None:
        """Show what the command says at the field that it is about, or above all."""
        self.add_error(self.at.get(error.parameter), error.message)


class PasswordForm(NewPasswordForm):
    current_password = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ("current_password",)


@sensitive_post_parameters()
@page
def password(request: HttpRequest) -> HttpResponse:
    """A new password. Every other session of the user ends with it."""
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        params = {
            "id": request.caller.user_uuid,  # type: ignore[attr-defined]
            "password": given["new_password"],
            "currentpassword": given["current_password"],
        }
        try:
            call(request, "updateUser", params)
        except CloudError as error:
            form.blame(error)
        else:
            update_session_auth_hash(request, User.objects.get(pk=request.user.pk))
            messages.success(request, _("Your new password is in force. You are signed out everywhere else."))
            return HttpResponseRedirect(reverse("portal:profile"))
    context = {
        "title": _("Change password"),
        "form": form,
        "help": _("You will be signed out everywhere else. API keys and access tokens keep working."),
        "button": _("Change password"),
    }
    return render(request, "portal/own_form.html", context, status=422 if form.errors else 200)


@page
def sessions(request: HttpRequest) -> HttpResponse:
    """Signing out everywhere but here."""
    if request.method == "POST":
        user = User.objects.select_related("account__role", "account__domain", "domain").get(pk=request.user.pk)
        UserManager().end_sessions(caller=request.caller, user=user)  # type: ignore[attr-defined]
        update_session_auth_hash(request, user)
        messages.success(request, _("You are signed out everywhere else."))
        return HttpResponseRedirect(reverse("portal:profile"))
    context = {
        "title": _("Sign out everywhere"),
        "form": forms.Form(),
        "help": _(
            "Every browser and every program that signed in with your password is signed out, except this browser. "
            "API keys and access tokens keep working: delete those that you do not know."
        ),
        "button": _("Sign out everywhere else"),
    }
    return render(request, "portal/own_form.html", context)
