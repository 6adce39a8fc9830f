"""Sessions of the command API: ``login``, ``logout``, and who stands behind a cookie.

They live beside the admin's session, in the same store but under a cookie of their own (``JSESSIONID``, only sent
to ``/client``), so that logging out of one does not end the other.
"""

import secrets
import time
from datetime import UTC, datetime
from hmac import compare_digest
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse

from cloudstack.api import authentication
from cloudstack.api.base import BaseCmd
from cloudstack.api.config import SECURE_COOKIES, SESSION_KEY_PLACES, SESSION_SAMESITE, SESSION_TIMEOUT_MIN
from cloudstack.api.fields import INT, Field
from cloudstack.api.params import Secret, Str, Uuid
from cloudstack.api.responses import Response
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter, MethodNotAllowed, SecondFactorNeeded, Unauthorized

SESSION_COOKIE = "JSESSIONID"
KEY_COOKIE = "sessionkey"
COOKIE_PATH = "/client"
REFUSAL = "unable to verify user credentials"
TOUCH_EVERY_S = 60
"""A session's last use is written at most this often, or ten times in its time-out, not with every call."""

_USER, _KEY, _SEEN, _MARK = "api_user", "api_session_key", "api_seen", "api_mark"
_PROVED = "api_second_factor"
_FIRST_STEP = {
    "verify": "a second factor is in force for you and not proved yet in this session; log in and call "
    "validateUserTwoFactorAuthenticationCode before anything else",
    "setup": "a second factor is mandated for you; log in, call setupUserTwoFactorAuthentication and then "
    "validateUserTwoFactorAuthenticationCode before anything else",
}


class LoginResponse(Response):
    """Who has logged in."""

    username = Field(help="name of the user")
    userid = Field(help="UUID of the user")
    domainid = Field(help="UUID of the user's domain")
    timeout = Field(type=INT, help="seconds without a call after which the session ends")
    account = Field(help="name of the account")
    firstname = Field(help="first name of the user")
    lastname = Field(help="last name of the user")
    type = Field(help="type of the account: 0 user, 1 root admin, 2 domain admin")
    timezone = Field(help="time zone of the user")
    timezoneoffset = Field(help="offset of that time zone from UTC in hours")
    registered = Field(help="whether the user came with a registration token")
    sessionkey = Field(help="value of the parameter sessionkey of all later calls")
    is2faenabled = Field(help="whether the user needs a second factor")
    is2faverified = Field(help="whether the second factor was given")
    providerfor2fa = Field(help="the second factor in force: totp or staticpin; left out until one is set up")
    issuerfor2fa = Field(help="name under which authenticator apps show the codes")


class LogoutResponse(Response):
    """That the session has ended."""

    description = Field(help="success")


class _DoorCmd(BaseCmd):
    """Carried out by the HTTP door itself, because it needs the request and sets cookies."""

    abstract = True
    anonymous = True
    bare = True

    def execute(self) -> Any:
        raise CloudError(f"{self.name} is a matter of the command API over HTTP")


class Login(_DoorCmd):
    """Opens a session. POST only."""

    response = LoginResponse

    username = Str("username", required=True, help="name of the user")
    password = Secret("password", required=True, help="password of the user")
    domain = Str("domain", max_length=1000, help="path of the user's domain; ROOT if left out")
    domain_id = Uuid("domainId", help="UUID of the user's domain; wins over domain")


class Logout(_DoorCmd):
    """Ends the session."""

    response = LogoutResponse


def store(key: str | None = None) -> SessionBase:
    """A session of Django's configured engine."""
    engine = import_module(settings.SESSION_ENGINE)
    session: SessionBase = engine.SessionStore(key)
    return session


def caller_of(request: HttpRequest, params: dict[str, str], command: type[BaseCmd] | None) -> Caller:
    """Who is logged in. Cookie and parameter must both hold the session key (or what the setting says), else it dies.

    It dies too with a command that has to wait for the second factor. Raises ``Unauthorized`` and
    ``SecondFactorNeeded``.
    """
    session = _session_of(request)
    if session is None:
        raise Unauthorized(REFUSAL)
    genuine = str(session[_KEY]).encode()
    by_parameter, by_cookie = (
        compare_digest(genuine, value.encode("utf-8", "replace"))
        for value in (params.get("sessionkey", ""), request.COOKIES.get(KEY_COOKIE, ""))
    )
    match SESSION_KEY_PLACES.value():
        case "CookieOrParameter":
            matches = by_parameter or by_cookie
        case "ParameterOnly":
            matches = by_parameter
        case _:
            matches = by_parameter and by_cookie
    mark = session.get(_MARK, "")
    found = authentication.get().logged_in(session[_USER], mark=mark) if matches else None
    if found is None:
        session.flush()
        raise Unauthorized(REFUSAL)
    if found.lacks and not session.get(_PROVED) and not _may_come_first(command, found.lacks):
        session.flush()
        raise SecondFactorNeeded(f"The request is not carried out: {_FIRST_STEP[found.lacks]}. The session has ended")
    if time.time() - session[_SEEN] > min(TOUCH_EVERY_S, _timeout_s() / 10):
        session[_SEEN] = int(time.time())
        session.set_expiry(_timeout_s())
        session.save()
    return found.caller


def is_open(request: HttpRequest) -> bool:
    """Whether the request belongs to a session that goes on."""
    return _session_of(request) is not None


def note_second_factor(request: HttpRequest) -> None:
    """Keep in the session of the request, if it has one, that the second factor is proved."""
    session = _session_of(request)
    if session is not None:
        session[_PROVED] = True
        session.save()


def _may_come_first(command: type[BaseCmd] | None, lacks: str) -> bool:
    # Who has a factor must prove that one: to set up another would be a way around it.
    return command is not None and (command.anonymous or command.before_second_factor in ("always", lacks))


def login(request: HttpRequest, command: Login) -> tuple[dict[str, Any], SessionBase]:
    """Open a session; an old one is dropped. Raises ``MethodNotAllowed`` and ``PermissionDenied``."""
    if request.method != "POST":
        raise MethodNotAllowed("login needs the method POST, so that no password stands in a URL")
    result = authentication.get().login(
        command.username,
        command.password.reveal(),
        domain_path=None if command.domain is None else domain_path(command.domain),
        domain_uuid=command.domain_id or None,
        request=request,
    )
    caller = result.caller
    old = _session_of(request)
    if old is not None:
        old.flush()
    session = store()
    session[_USER] = caller.user_id
    session[_KEY] = secrets.token_urlsafe(24)
    session[_SEEN] = int(time.time())
    session[_MARK] = result.mark
    session.set_expiry(_timeout_s())
    session.create()
    body = {
        "username": caller.username,
        "userid": caller.user_uuid,
        "domainid": caller.domain_uuid,
        "timeout": _timeout_s(),
        "account": caller.account_name,
        "firstname": result.firstname,
        "lastname": result.lastname,
        "type": str(caller.account_type),
        "timezone": result.timezone or None,
        "timezoneoffset": offset_hours(result.timezone) if result.timezone else None,
        "registered": "false",
        "sessionkey": session[_KEY],
        "is2faenabled": "true" if result.lacks else "false",
        "is2faverified": "false" if result.lacks else "true",
        "providerfor2fa": result.second_factor or None,
        "issuerfor2fa": result.second_factor_issuer if result.lacks else None,
    }
    return {name: value for name, value in body.items() if value is not None}, session


def logout(request: HttpRequest) -> dict[str, Any]:
    """End the session. Raises ``InvalidParameter`` when there is none."""
    session = _session_of(request)
    if session is None:
        raise InvalidParameter("there is no session to end")
    authentication.get().logout(session[_USER])
    session.flush()
    return {"description": "success"}


def set_cookies(request: HttpRequest, response: HttpResponse, session: SessionBase) -> None:
    samesite = _samesite()
    secure = request.is_secure() or samesite == "None" or bool(SECURE_COOKIES.value())
    for name, value in ((SESSION_COOKIE, str(session.session_key)), (KEY_COOKIE, session[_KEY])):
        response.set_cookie(name, value, path=COOKIE_PATH, secure=secure, httponly=True, samesite=samesite)


def drop_cookies(response: HttpResponse) -> None:
    for name in (SESSION_COOKIE, KEY_COOKIE):
        response.delete_cookie(name, path=COOKIE_PATH, samesite=_samesite())


def _samesite() -> Any:
    """The value of the attribute; None to leave it out."""
    chosen = SESSION_SAMESITE.value()
    return {"NoneAndSecure": "None", "Null": None}.get(chosen, chosen)


def domain_path(text: str) -> str:
    """``sales/emea``, ``/sales/emea`` or ``ROOT/sales/emea`` → ``/sales/emea/``."""
    names = [name for name in text.split("/") if name]
    if names and names[0] == "ROOT":
        names = names[1:]
    return "/" + "".join(f"{name}/" for name in names)


def offset_hours(zone: str) -> str:
    """``Europe/Berlin`` → ``1.0`` (or ``2.0`` in summer)."""
    try:
        offset = datetime.now(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        offset = None
    return str(offset.total_seconds() / 3600) if offset is not None else "0.0"


def _session_of(request: HttpRequest) -> SessionBase | None:
    key = request.COOKIES.get(SESSION_COOKIE)
    if not key:
        return None
    session = store(key)
    # A key that the store does not know loads as an empty session.
    return session if session.get(_USER) is not None else None


def _timeout_s() -> int:
    return int(SESSION_TIMEOUT_MIN.value()) * 60
