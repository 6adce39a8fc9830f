"""Who knocks at a console's WebSocket: read from the handshake as from any other request."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.http import is_same_domain

from apps.portal.console import PREFIX
from cloudstack.api.addresses import client_address
from cloudstack.framework.utf8 import Utf8ASGIRequest

_MOST_TOKEN_CHARACTERS = 200


class Unwelcome(Exception):
    """The handshake is refused; the message is for the log."""


@dataclass(frozen=True)
class Knock:
    """What a handshake brings along."""

    token: str = field(repr=False)
    extra: str = field(repr=False)
    address: str
    request: HttpRequest = field(repr=False)


def knock(scope: Mapping[str, Any]) -> Knock:
    """Read a handshake. Raises ``Unwelcome`` for another server's page and for what names no token."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = Utf8ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, io.BytesIO())
    _check_origin(request)
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    token = scope["path"].removeprefix(PREFIX).strip("/") or query.get("token", [""])[0]
    extra = query.get("extra", [""])[0]
    if not token or max(len(token), len(extra)) > _MOST_TOKEN_CHARACTERS:
        raise Unwelcome("the handshake names no token")
    return Knock(token, extra, client_address(request), request)


def _check_origin(request: HttpRequest) -> None:
    """Only pages of this server open consoles in browsers. A program that is no browser says no origin.

    The same origins are taken as for forms: ``CSRF_TRUSTED_ORIGINS``.
    """
    try:
        host = request.get_host()
    except DisallowedHost as error:
        raise Unwelcome(str(error)) from None
    origin = request.headers.get("origin")
    if origin is None or origin == f"{request.scheme}://{host}":
        return
    asked = urlsplit(origin)
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        known = urlsplit(trusted)
        if asked.scheme == known.scheme and is_same_domain(asked.netloc, known.netloc.lstrip("*")):
            return
    raise Unwelcome(f"a page of {origin[:200]} wants a console")


def logged_in_user(request: HttpRequest) -> int | None:
    """Key of the user whose session the handshake brings along; None without one. Reads the database."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    return user.pk if user.is_authenticated else None
