"""Who looks at a page, and for which project."""

import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from cloudstack.api import authentication, guard, registry
from cloudstack.api.addresses import client_address
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError

PROJECT = "portal_project"
"""Key of the session: UUID of the project that its pages work for."""
KEPT_FIELDS = 400
SECRET = ("password", "secret", "token", "passphrase", "privatekey")
"""What stands in the names of fields that are not sent back to be sent again."""


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for who is signed in; ``request.caller`` is he. Others are sent to sign in, and lose nothing they typed."""

    @functools.wraps(view)
    @never_cache
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        caller = authentication.get().caller_by_user(user.pk) if user.is_authenticated else None
        if caller is None:
            if user.is_authenticated:
                logout(request)
            return signed_out(request)
        request.caller = caller  # type: ignore[attr-defined]
        try:
            guard.check_source(caller, client_address(request))
        except CloudError as error:
            return TemplateResponse(request, "portal/refused.html", {"error": error}, status=403)
        with calling(caller), timezone.override(zone_of(user)):
            response = view(request, *args, **kwargs)
            # Templates are filled in here, while the reader's time zone is in force.
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return wrapped


def zone_of(user: Any) -> ZoneInfo | None:
    """The time zone in which moments are shown to the user; None for that of the installation."""
    try:
        return ZoneInfo(user.timezone) if user.timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def signed_out(request: HttpRequest) -> HttpResponse:
    """What a tab is told whose session has ended: to sign in, and that nothing was changed."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    if request.method == "POST":
        return send_again(request, "signed-out", status=401)
    return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))


def send_again(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    """A page that holds what was sent, to send it once more; nothing secret, and nothing that came from elsewhere."""
    ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin" and _from_here(request)
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not _is_secret(name.lower())
    ][:KEPT_FIELDS]
    context = {"why": why, "kept": kept if ours and request.method == "POST" else [], "action": request.get_full_path()}
    return TemplateResponse(request, "portal/send_again.html", context, status=status).render()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``: the page was older than the sign-in."""
    return send_again(request, "stale", status=403)


def _is_secret(name: str) -> bool:
    return name in ("code", "codefor2fa", "pin") or any(word in name for word in SECRET)


def _from_here(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.get_host()}"


def project_of(request: HttpRequest) -> str:
    """UUID of the project that the session works for, if its reader is still in it; else empty."""
    chosen: str = request.session.get(PROJECT, "")
    if chosen and all(uuid != chosen for uuid, _ in projects_of(request)):
        del request.session[PROJECT]
        return ""
    return chosen


def projects_of(request: HttpRequest) -> list[tuple[str, str]]:
    """UUID and name of the projects that the reader is in, by name; read once a request, and only if there are any."""
    found: list[tuple[str, str]] | None = getattr(request, "_portal_projects", None)
    if found is None:
        caller: Caller = request.caller  # type: ignore[attr-defined]
        found = _joined(caller) if caller.memberships else []
        request._portal_projects = found  # type: ignore[attr-defined]
    return found


def _joined(caller: Caller) -> list[tuple[str, str]]:
    if not registry.allowed(caller, "listProjects"):
        return []
    rows = dispatch("listProjects", {"fields": "id,name"}, caller, door="portal").rows or []
    return sorted(((str(row["id"]), str(row["name"])) for row in rows), key=lambda one: one[1].lower())
