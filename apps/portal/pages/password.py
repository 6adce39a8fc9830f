"""Changing one's own password in the admin."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.admin.commands import admin_caller
from apps.accounts.services.users import UserManager
from cloudstack.framework.context import Caller, calling
from cloudstack.theme.admin import OwnPasswordForm


def change_own_password(site: AdminSite, request: HttpRequest, extra_context: dict[str, Any]) -> HttpResponse:
    """Django's page; the old password is asked, the new one goes through the manager."""
    caller = admin_caller(request)

    class Form(OwnPasswordForm):
        def save(self, commit: bool = True) -> Any:
            return _set(caller, self.user, self.cleaned_data["new_password1"])

    view = PasswordChangeView.as_view(
        form_class=Form,
        success_url=reverse("admin:password_change_done", current_app=site.name),
        extra_context={**site.each_context(request), **extra_context},
        template_name="registration/password_change_form.html",
    )
    request.current_app = site.name  # type: ignore[attr-defined]
    with calling(caller):
        return view(request)


def _set(caller: Caller, user: Any, password: str) -> Any:
    return UserManager().update(caller=caller, user=user, password=password)
