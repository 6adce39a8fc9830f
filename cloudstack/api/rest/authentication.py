"""Who calls REST: by a bearer token, by a signature with a key pair, or by the session of the admin pages.

The signature stands in the header ``Authorization``::

    CloudStack Credential=<api key>, Expires=<seconds since 1970>, Signature=<base64>

It is the HMAC-SHA256, with the secret key, of five lines: the method, the path, the query (pairs quoted and
sorted), the value of Expires, and the SHA-256 of the body in hexadecimal digits.
"""

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cloudstack.api import authentication
from cloudstack.api.addresses import client_address
from cloudstack.framework.context import Caller

LONGEST_S = 15 * 60
"""How far ahead a signature may end: for so long it can be sent again by whoever got hold of it."""
SCHEME = "CloudStack"
_PART = re.compile(r"(Credential|Expires|Signature)=([^,\s]+)")


@dataclass(frozen=True)
class KnownCaller:
    """What DRF takes for a user, where no session brings one."""

    caller: Caller
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> int:
        return self.caller.user_id

    @property
    def username(self) -> str:
        return self.caller.username

    def get_username(self) -> str:
        return self.caller.username

    def __str__(self) -> str:
        return self.caller.username


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``; ``Token`` in place of ``Bearer`` does too."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() not in ("bearer", "token"):
            return None
        caller = authentication.get().caller_by_token(token.strip())
        if caller is None:
            raise AuthenticationFailed(
                "the token opens nothing: it is unknown, revoked or over, or its user may not act"
            )
        return KnownCaller(caller), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignedAuthentication(BaseAuthentication):
    """The header that :mod:`cloudstack.api.rest.authentication` describes."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        parts = dict(_PART.findall(text))
        if set(parts) != {"Credential", "Expires", "Signature"}:
            raise AuthenticationFailed(f"write: {SCHEME} Credential=…, Expires=…, Signature=…")
        holder = authentication.get().caller_by_key(parts["Credential"], address=client_address(request._request))
        secret = holder.secret.reveal() if holder is not None else "unknown"
        text = signed_text(
            method=str(request.method),
            path=request.path,
            query=[(name, value) for name, values in request._request.GET.lists() for value in values],
            expires=parts["Expires"],
            body=request._request.body,
        )
        genuine = hmac.compare_digest(signature_of(text, secret).encode(), parts["Signature"].encode("latin-1"))
        if holder is None or not genuine:
            raise AuthenticationFailed("unable to verify the key pair or the signature")
        _check_end(parts["Expires"])
        if holder.refusal:
            raise AuthenticationFailed(holder.refusal)
        return KnownCaller(holder.caller), holder.caller

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


AUTHENTICATION = (BearerAuthentication, SignedAuthentication, SessionAuthentication)
"""The token first: its challenge makes "not authenticated" a 401 and not a 403."""


def caller_behind(request: Request) -> Caller:
    """The caller of an authenticated request. Raises ``AuthenticationFailed``."""
    if isinstance(request.auth, Caller):
        return request.auth
    caller = authentication.get().caller_by_user(request.user.pk or 0)
    if caller is None:
        raise AuthenticationFailed("the user, the account or the role is disabled")
    return caller


def signed_text(*, method: str, path: str, query: list[tuple[str, str]], expires: str, body: bytes) -> str:
    """What is signed of a request."""
    pairs = sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return "\n".join((method.upper(), path, "&".join(pairs), expires, hashlib.sha256(body).hexdigest()))


def signature_of(text: str, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _check_end(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise AuthenticationFailed("Expires is written in whole seconds since 1970")
    ahead = int(text) - time.time()
    if ahead <= 0:
        raise AuthenticationFailed("the signature has ended")
    if ahead > LONGEST_S:
        raise AuthenticationFailed(f"Expires may lie {LONGEST_S} seconds ahead at most")


class _BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class _SignedScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SignedAuthentication
    name = "signature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": (__doc__ or "").strip(),
        }
