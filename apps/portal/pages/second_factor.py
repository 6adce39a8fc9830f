"""The page of the second factor: for somebody half signed in, and for looking after one's own. No script is needed.

The admin and the users' pages show it in their own clothes.
"""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.config import TWO_FACTOR_ENABLED, TWO_FACTOR_ISSUER
from apps.accounts.models import TwoFactor, User
from apps.accounts.selectors import caller_of
from apps.accounts.services.second_factor import SecondFactorManager, is_mandated
from apps.accounts.services.second_factor_codes import provisioning_uri
from apps.portal.pages.qr import svg_of
from apps.portal.pages.signing_in import PasswordFirst, SaysWhy, admitted, enter_with_code, half_signed_in, lacks
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError
from cloudstack.theme.admin import AuthenticationForm


class AdminSignInForm(SaysWhy, AuthenticationForm):
    """The theme's form."""


def sign_in(site: AdminSite, request: HttpRequest, extra_context: dict[str, Any]) -> HttpResponse:
    """The first page of the admin's sign-in."""
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
        authentication_form=AdminSignInForm,
        template_name="admin/login.html",
        next_page="admin:index",
        code_page="admin:second_factor",
    )
    return view(request)


class SecondFactorPage:
    """One view for two people: somebody half signed in, and somebody signed in who looks after his own factor."""

    template: ClassVar[str]
    own: ClassVar[str]
    """Name of the page's own address."""
    sign_in: ClassVar[str]
    home: ClassVar[str]

    def is_in(self, request: HttpRequest) -> bool:
        """Whether the reader is signed in for these pages."""
        return request.user.is_authenticated

    def frame(self, request: HttpRequest, signed_in: bool) -> dict[str, Any]:
        """What the template wants beside the facts."""
        raise NotImplementedError

    @method_decorator((never_cache, sensitive_post_parameters()))
    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = self.is_in(request)
        user = admitted(request.user.pk) if signed_in else half_signed_in(request)
        if user is None:
            return HttpResponseRedirect(reverse(self.sign_in))
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
                return self._changed(request, user, _("Your second factor is taken away."))
            case "verify":
                manager.verify(caller=caller, user=user, code=request.POST.get("code", "").strip())
                if not signed_in:
                    return enter_with_code(request, user, home=reverse(self.home))
                return self._changed(request, user, _("Your second factor is in force from now on."))
        return None

    def _changed(self, request: HttpRequest, user: User, what: str) -> HttpResponse:
        update_session_auth_hash(request, user)
        messages.success(request, what)
        return HttpResponseRedirect(reverse(self.own))

    def _page(self, request: HttpRequest, user: User, signed_in: bool, state: dict[str, Any]) -> HttpResponse:
        domain = user.domain.uuid
        made = state["made"]
        waiting = TwoFactor.objects.filter(user=user, confirmed__isnull=True).first()
        show_waiting = waiting is not None and (signed_in or lacks(user) == "setup")
        secret = waiting.secret.reveal() if waiting is not None and show_waiting else ""
        is_app = waiting is not None and waiting.provider == "totp"
        uri = ""
        if secret and is_app:
            uri = provisioning_uri(secret, username=user.username, issuer=TWO_FACTOR_ISSUER.value(domain))
        context = {
            **self.frame(request, signed_in),
            "title": _("Second factor"),
            "signed_in": signed_in,
            "possible": bool(TWO_FACTOR_ENABLED.value(domain)),
            "mandated": is_mandated(domain_uuid=domain, of_user=user.second_factor_mandated),
            "in_force": user.second_factor,
            "secret": secret,
            "is_app": is_app,
            "uri": uri,
            "qr": svg_of(uri, label=_("QR code of the key for your authenticator app")) if uri else "",
            "recovery_codes": made.recovery_codes if made else [],
            "asks_code": bool(secret) or (not signed_in and lacks(user) == "verify"),
            "error": state["error"],
        }
        return TemplateResponse(request, self.template, context, status=400 if state["error"] else 200)


class AdminSecondFactorPage(SecondFactorPage):
    """In the admin's clothes."""

    template, own, sign_in, home = (
        "admin/cloud_second_factor.html",
        "admin:second_factor",
        "admin:login",
        "admin:index",
    )

    def __init__(self, site: AdminSite):
        self.site = site

    def is_in(self, request: HttpRequest) -> bool:
        return self.site.has_permission(request)

    def frame(self, request: HttpRequest, signed_in: bool) -> dict[str, Any]:
        request.current_app = self.site.name  # type: ignore[attr-defined]
        return {**self.site.each_context(request), "subtitle": None, "has_permission": signed_in}
