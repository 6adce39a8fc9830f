"""The door of CloudStack's clients: ``/client/api``."""

import logging
import re
import uuid
from typing import Any

import orjson
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cloudstack.api import authentication, guard, registry, session, signature, strictness, xml
from cloudstack.api.addresses import client_address
from cloudstack.api.config import JSON_TYPE
from cloudstack.api.dispatcher import bind, dispatch
from cloudstack.api.envelopes import envelope_of
from cloudstack.api.errors import presentable, problem_of
from cloudstack.api.options import IDEMPOTENCY_KEY
from cloudstack.api.params.arguments import ILLEGAL
from cloudstack.framework.context import Caller, calling, coming_from
from cloudstack.framework.errors import (
    BadRequest,
    CloudError,
    MethodNotAllowed,
    RequestLimitExceeded,
    RequestTooLarge,
    Unauthorized,
    UnsupportedCommand,
)

log = logging.getLogger("cloudstack.api")

ERROR_ENVELOPE = "errorresponse"
IDEMPOTENCY_HEADER = "Idempotency-Key"
XML_TYPE = "text/xml; charset=UTF-8"
DRAINED_BYTES = 64 * 1024 * 1024
"""Of a body that is too large so much is read and forgotten, so that the client gets to see the answer."""
_ASKED_FOR = re.compile(rb"(?:^|&)(response|command)=(\w+)(?=&|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_DOOR_COMMANDS = {command.name: command for command in (session.Login, session.Logout)}


class BodyTooLarge(RequestTooLarge):
    """The body of the request is larger than the API reads."""

    def __init__(self, message: str, *, seen: dict[str, str]):
        super().__init__(message)
        self.seen = seen
        """The parameters ``response`` and ``command``, as far as the ends of the body show them."""


@csrf_exempt  # a signature, or the session key as a parameter, does what a CSRF token does
def client_api(request: HttpRequest) -> HttpResponse:
    """One call of one command."""
    correlation = request_id(request)
    params: dict[str, str] = {}
    caller: Caller | None = None
    opened: SessionBase | None = None
    failure, replayed = "", False
    shown: CloudError | None = None
    with calling(None, correlation), coming_from(client_address(request)):
        try:
            params = query(request)
            params = {**form(request), **params}
            command = command_of(params)
            strictness.check_method(str(request.method), command)
            if command in _DOOR_COMMANDS:
                body, opened = _at_the_door(request, command, params)
            else:
                caller = authenticate(request, params, command)
                if caller is not None:
                    guard.admit(caller, client_address(request))
                if (key := request.headers.get(IDEMPOTENCY_HEADER)) is not None:
                    params = {IDEMPOTENCY_KEY.wire: key, **params}
                with calling(caller, correlation):
                    result = dispatch(command, params, caller)
                body, replayed = result.body, result.replayed
                if result.command.proves_second_factor:
                    session.note_second_factor(request)
            known = caller is not None or opened is not None
            response = _rendered(params, registry.get(command).envelope, body, authenticated=known)
        except Exception as error:
            if isinstance(error, BodyTooLarge):
                params = {**error.seen, **params}
            shown = presentable(error, caller=caller, command=params.get("command", ""))
            failure, body = shown.message, error_body(shown)
            response = _rendered(params, error_envelope(params, shown), body, authenticated=caller is not None)
            response.status_code = shown.code
    response["X-Request-Id"] = correlation
    if isinstance(shown, RequestLimitExceeded):
        response["Retry-After"] = str(shown.retry_after_s)
    if replayed:
        response["Idempotency-Replayed"] = "true"
    if failure:
        response["X-Description"] = re.sub(r"[^\x20-\x7e]+", " ", failure)[:500]
    if opened is not None:
        session.set_cookies(request, response, opened)
    elif params.get("command") == session.Logout.name or _session_has_ended(request, response.status_code):
        session.drop_cookies(response)
    return response


def request_id(request: HttpRequest) -> str:
    """The caller's own ``X-Request-Id`` if it is harmless, else a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def query(request: HttpRequest) -> dict[str, str]:
    """The query string; of a repeated name the last value. Raises ``BadRequest``."""
    try:
        return request.GET.dict()
    except Exception as error:
        raise BadRequest(f"The query string of the request cannot be read; {_size_text(request)}") from error


def form(request: HttpRequest) -> dict[str, str]:
    """The body of a POST. Raises ``MethodNotAllowed`` and ``RequestTooLarge``."""
    if request.method == "GET":
        return {}
    if request.method != "POST":
        raise MethodNotAllowed(f"{request.method} is not possible here; use GET or POST")
    try:
        return request.POST.dict()
    except Exception as error:
        if isinstance(presentable(error, caller=None, command=""), RequestTooLarge):
            raise BodyTooLarge(f"The request is too large: {_size_text(request)}", seen=_drain(request)) from None
        raise BadRequest("The body of the request cannot be read; it is a form, URL-encoded") from error


def command_of(params: dict[str, str]) -> str:
    """The name of the command; names of the two door commands in any case. Raises ``UnsupportedCommand``."""
    name = params.get("command", "")
    if not name:
        raise UnsupportedCommand("Invalid request, no command sent; name one in the parameter command")
    folded = name.lower()
    return folded if folded in _DOOR_COMMANDS else name


def authenticate(request: HttpRequest, params: dict[str, str], command: str) -> Caller | None:
    """Who calls, by signature or by session; None where an anonymous command needs nobody. Raises ``Unauthorized``."""
    folded = {name.lower(): value for name, value in params.items() if name.lower() in ("apikey", "signature")}
    if folded.get("apikey"):
        return _signer(request, params, folded["apikey"], folded.get("signature", ""))
    known = registry.find(command)
    anonymous = known is not None and known.anonymous
    if session.SESSION_COOKIE in request.COOKIES:
        try:
            return session.caller_of(request, params, known)
        except Unauthorized:
            # A browser brings the cookie of a session that is over to the page on which one logs in anew.
            if not anonymous:
                raise
    if anonymous:
        return None
    raise Unauthorized(f"{signature.REFUSAL}: sign the request with a key pair (apiKey, signature) or log in")


def _signer(request: HttpRequest, params: dict[str, str], api_key: str, given: str) -> Caller:
    """Who signed. Raises ``Unauthorized``."""
    # What no key can hold is not asked of the database, which would refuse the question.
    known = not ILLEGAL.search(api_key)
    holder = authentication.get().caller_by_key(api_key, address=client_address(request)) if known else None
    # An unknown key costs the same work as a known one.
    secret = holder.secret.reveal() if holder is not None else "unknown"
    try:
        signature.verify(params, signature=given, secret=secret)
    except Unauthorized:
        if holder is None:
            raise Unauthorized(signature.REFUSAL) from None
        raise
    if holder is None:
        raise Unauthorized(signature.REFUSAL)
    strictness.check_signed(params)
    if holder.refusal:
        raise Unauthorized(f"{signature.REFUSAL}: {holder.refusal}")
    return holder.caller


def error_envelope(params: dict[str, str], error: CloudError) -> str:
    """The command's own envelope; ``errorresponse`` where there is no command to speak of."""
    command = registry.find(params.get("command", ""))
    if command is None or isinstance(error, UnsupportedCommand):
        door = _DOOR_COMMANDS.get(params.get("command", "").lower())
        return envelope_of(door.name) if door is not None else ERROR_ENVELOPE
    return command.envelope


def error_body(error: CloudError) -> dict[str, Any]:
    """What stands under the envelope of a refused call; ``problem`` is for programs that want to mend it."""
    body: dict[str, Any] = {
        "uuidList": [{"uuid": uuid, "description": description} for uuid, description in error.uuids],
        "errorcode": error.code,
        "cserrorcode": error.cs_code,
        "errortext": error.message,
    }
    if error.parameter:
        body["problem"] = problem_of(error)
    return body


def _at_the_door(
    request: HttpRequest, command: str, params: dict[str, str]
) -> tuple[dict[str, Any], SessionBase | None]:
    if command == session.Logout.name:
        return session.logout(request), None
    bound = bind(_DOOR_COMMANDS[command], params, None)
    assert isinstance(bound, session.Login)  # noqa: S101 - for the type checker
    return session.login(request, bound)


def _session_has_ended(request: HttpRequest, status: int) -> bool:
    """Whether the answer takes the cookies away. A wrong code of the second factor (511) may be tried again."""
    if session.SESSION_COOKIE not in request.COOKIES:
        return False
    return status == 401 or (status == 511 and not session.is_open(request))


def _rendered(params: dict[str, str], envelope: str, body: dict[str, Any], *, authenticated: bool) -> HttpResponse:
    if params.get("response", "xml").lower() == "json":
        content, content_type = orjson.dumps({envelope: body}, option=orjson.OPT_NON_STR_KEYS), JSON_TYPE.value()
    else:
        content, content_type = xml.render(envelope, body, authenticated=authenticated), XML_TYPE
    response = HttpResponse(content, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["X-XSS-Protection"] = "1;mode=block"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response["Cache-Control"] = "no-store"
    return response


def _drain(request: HttpRequest) -> dict[str, str]:
    """Read a body that is too large to its end, and forget it but for the format and command that it asks for.

    Closing a connection with unread data resets it, and the client would see that instead of the answer.
    """
    head, tail, left = b"", b"", DRAINED_BYTES
    try:
        while left > 0 and (chunk := request.read(64 * 1024)):
            left -= len(chunk)
            head = head or chunk[:4096]
            tail = (tail + chunk)[-4096:]
    except OSError:
        pass
    seen = {}
    for match in _ASKED_FOR.finditer(head + b"&" + tail):
        seen[match[1].decode()] = match[2].decode()
    return seen


def _size_text(request: HttpRequest) -> str:
    size = request.META.get("CONTENT_LENGTH") or "no"
    return (
        f"its body has {size} bytes; at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} are read, "
        f"in at most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} parameters"
    )
