"""The second factor at the sign-in of the admin pages, and the page about one's own. No script is needed."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME, update_session_auth_hash
from django.contrib.auth import login as open_session
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.config import TWO_FACTOR_ENABLED, TWO_FACTOR_ISSUER
from apps.accounts.models import TwoFactor, User
from apps.accounts.selectors import caller_of, mark_of_password
from apps.accounts.services.second_factor import SecondFactorManager, is_mandated, missing_step
from apps.accounts.services.second_factor_codes import provisioning_uri
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError
from cloudstack.theme.admin import AuthenticationForm

BACKEND = "apps.accounts.backends.DomainUserBackend"
PENDING = "second_factor_pending"
PENDING_S = 600
"""Seconds after the password within which the code must come."""


class PasswordFirst(LoginView):
    """Django's form; whoever needs a second factor is not signed in by it but sent on to the page of the code."""

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        if not lacks(user):
            return super().form_valid(form)
        session = self.request.session
        session.flush()
        session[PENDING] = {
            "user": user.pk,
            "mark": mark_of_password(user.password),
            "until": time.time() + PENDING_S,
            "next": self.get_success_url(),
        }
        return HttpResponseRedirect(reverse("admin:second_factor"))


def sign_in(site: AdminSite, request: HttpRequest, extra_context: dict[str, Any]) -> HttpResponse:
    """The first page of the sign-in."""
    if request.method == "GET" and site.has_permission(request):
        return HttpResponseRedirect(reverse("admin:index"))
    context = {
        **site.each_context(request),
        "title": "Log in",
        "subtitle": None,
        "app_path": request.get_full_path(),
        "username": request.user.get_username(),
        **extra_context,
    }
    if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
        context[REDIRECT_FIELD_NAME] = reverse("admin:index")
    request.current_app = site.name  # type: ignore[attr-defined]
    view = PasswordFirst.as_view(
        extra_context=context,
        authentication_form=AuthenticationForm,
        template_name="admin/login.html",
        next_page="admin:index",
    )
    return view(request)


def lacks(user: User) -> str:
    """``verify``, ``setup`` or nothing: see ``missing_step``."""
    return missing_step(provider=user.second_factor, domain_uuid=user.domain.uuid, of_user=user.second_factor_mandated)


class SecondFactorPage:
    """One view for two people: somebody half signed in, and an administrator who looks after his own factor."""

    def __init__(self, site: AdminSite):
        self.site = site

    @method_decorator((never_cache, sensitive_post_parameters()))
    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = self.site.has_permission(request)
        user = _fresh(request.user.pk) if signed_in else _half_signed_in(request)
        if user is None:
            return HttpResponseRedirect(reverse("admin:login"))
        request.current_app = self.site.name  # type: ignore[attr-defined]
        state: dict[str, Any] = {"error": "", "made": None}
        if request.method == "POST":
            try:
                with calling(caller_of(user)):
                    answer = self._act(request, user, signed_in, state)
            except CloudError as error:
                state["error"] = error.message
            else:
                if answer is not None:
                    return answer
        return self._page(request, user, signed_in, state)

    def _act(self, request: HttpRequest, user: User, signed_in: bool, state: dict[str, Any]) -> HttpResponse | None:
        manager, caller = SecondFactorManager(), caller_of(user)
        match request.POST.get("do", ""):
            # Who has only given his password proves the factor in force: he may not put another in its place.
            case "setup" if signed_in or lacks(user) == "setup":
                state["made"] = manager.set_up(caller=caller, user=user, provider=request.POST.get("provider") or None)
                return None
            case "remove" if signed_in:
                manager.remove(caller=caller, user=user)
                update_session_auth_hash(request, user)
                messages.success(request, "Your second factor is taken away.")
                return HttpResponseRedirect(reverse("admin:second_factor"))
            case "verify":
                manager.verify(caller=caller, user=user, code=request.POST.get("code", "").strip())
                return _verified(request, user, signed_in)
        return None

    def _page(self, request: HttpRequest, user: User, signed_in: bool, state: dict[str, Any]) -> HttpResponse:
        domain = user.domain.uuid
        made = state["made"]
        waiting = TwoFactor.objects.filter(user=user, confirmed__isnull=True).first()
        show_waiting = waiting is not None and (signed_in or lacks(user) == "setup")
        secret = waiting.secret.reveal() if waiting is not None and show_waiting else ""
        is_app = waiting is not None and waiting.provider == "totp"
        context = {
            **self.site.each_context(request),
            "title": "Second factor",
            "subtitle": None,
            "signed_in": signed_in,
            "has_permission": signed_in,
            "possible": bool(TWO_FACTOR_ENABLED.value(domain)),
            "mandated": is_mandated(domain_uuid=domain, of_user=user.second_factor_mandated),
            "in_force": user.second_factor,
            "secret": secret,
            "is_app": is_app,
            "uri": provisioning_uri(secret, username=user.username, issuer=TWO_FACTOR_ISSUER.value(domain))
            if secret and is_app
            else "",
            "recovery_codes": made.recovery_codes if made else [],
            "asks_code": bool(secret) or (not signed_in and lacks(user) == "verify"),
            "error": state["error"],
        }
        status = 400 if state["error"] else 200
        return TemplateResponse(request, "admin/cloud_second_factor.html", context, status=status)


def _verified(request: HttpRequest, user: User, signed_in: bool) -> HttpResponse:
    if signed_in:
        update_session_auth_hash(request, user)
        messages.success(request, "Your second factor is in force from now on.")
        return HttpResponseRedirect(reverse("admin:second_factor"))
    target = request.session.pop(PENDING)["next"]
    open_session(request, user, backend=BACKEND)
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if safe else reverse("admin:index"))


def _half_signed_in(request: HttpRequest) -> User | None:
    """Who has given his password and not yet a code; None when that was too long ago or holds no more."""
    pending = request.session.get(PENDING)
    if not pending or pending["until"] < time.time():
        request.session.pop(PENDING, None)
        return None
    user = _fresh(pending["user"])
    if user is None or not constant_time_compare(pending["mark"], mark_of_password(user.password)):
        return None
    return user


def _fresh(pk: Any) -> User | None:
    user = User.objects.select_related("account__role", "domain").filter(pk=pk).first()
    if user is None or not user.is_active or user.account.state != "enabled":
        return None
    return user
