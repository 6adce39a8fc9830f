"""From a password to a session: whoever needs a second factor is only half signed in until its code comes."""

import time
from typing import Any

from django.contrib.auth import login as open_session
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import User
from apps.accounts.selectors import session_mark
from apps.accounts.services.login import is_admitted, record_login
from apps.accounts.services.second_factor import missing_step
from cloudstack.framework.errors import RequestLimitExceeded

BACKEND = "apps.accounts.backends.DomainUserBackend"
PENDING = "second_factor_pending"
PENDING_S = 600
"""Seconds after the password within which the code must come."""


class SaysWhy:
    """For a form of Django's that checks a password: an address that is shut out is told so."""

    too_many = False

    def clean(self) -> Any:
        try:
            return super().clean()  # type: ignore[misc]
        except RequestLimitExceeded as error:
            self.too_many = True
            raise ValidationError(error.message, code="too_many") from None


class PasswordFirst(LoginView):
    """Django's page; whoever needs a second factor is not signed in by it but sent on to the page of the code."""

    code_page = "portal:second-factor"

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        return enter(self.request, user, target=self.get_success_url(), code_page=self.code_page)

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.too_many:
            response.status_code = 429
        return response


def enter(
    request: HttpRequest, user: User, *, target: str, code_page: str = "portal:second-factor", proved: bool = False
) -> HttpResponse:
    """Open a session for somebody who has proved who he is, or ask for the code that is missing.

    ``proved``: a second factor was proved elsewhere. ``target`` is where he wants to go; see :func:`safe`.
    """
    if proved or not lacks(user):
        _open(request, user)
        return HttpResponseRedirect(target)
    session = request.session
    session.flush()
    session[PENDING] = {
        "user": user.pk,
        "mark": session_mark(user.password, user.session_round),
        "until": time.time() + PENDING_S,
        "next": target,
    }
    return HttpResponseRedirect(reverse(code_page))


def enter_with_code(request: HttpRequest, user: User, *, home: str) -> HttpResponse:
    """Open the session of somebody half signed in whose code was right."""
    target = request.session.pop(PENDING)["next"]
    _open(request, user)
    return HttpResponseRedirect(safe(request, target) or home)


def _open(request: HttpRequest, user: User) -> None:
    open_session(request, user, backend=BACKEND)
    record_login(user)


def half_signed_in(request: HttpRequest) -> User | None:
    """Who has given his password and not yet a code; None when that was too long ago or holds no more."""
    pending = request.session.get(PENDING)
    if not pending or pending["until"] < time.time():
        request.session.pop(PENDING, None)
        return None
    user = admitted(pending["user"])
    if user is None or not constant_time_compare(pending["mark"], session_mark(user.password, user.session_round)):
        return None
    return user


def admitted(pk: Any) -> User | None:
    """The user as the database knows him now, if he may come in."""
    user = User.objects.select_related("account__role", "domain").filter(pk=pk).first()
    return user if user is not None and is_admitted(user) else None


def lacks(user: User) -> str:
    """``verify``, ``setup`` or nothing: see ``missing_step``."""
    return missing_step(provider=user.second_factor, domain_uuid=user.domain.uuid, of_user=user.second_factor_mandated)


def safe(request: HttpRequest, target: str) -> str:
    """``target`` if it is an address of this portal, else nothing."""
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else ""
