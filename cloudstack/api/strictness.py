"""What ``enforce.post.requests.and.timestamps`` asks of a request."""

import re
from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from cloudstack.api.config import ENFORCE_POST_AND_EXPIRY
from cloudstack.api.dates import parse_date
from cloudstack.framework.errors import BadRequest, MethodNotAllowed, Unauthorized

_READING = re.compile(r"(get|list|query|find)\w+")
_READING_TOO = frozenset(
    {
        "isaccountallowedtocreateofferingswithtags",
        "readyforshutdown",
        "cloudianisenabled",
        "quotabalance",
        "quotasummary",
        "quotatarifflist",
        "quotaisenabled",
        "quotastatement",
        "verifyoauthcodeandgetuser",
    }
)
LONGEST = timedelta(minutes=15)
"""How far ahead a signature may end: for so long it can be sent again by whoever got hold of it."""


_POST_ONLY = frozenset({"resetPassword"})
"""Secrets in a URL end up in logs and histories. ``login`` says the same of itself."""


def reads(command: str) -> bool:
    """Whether the command's name says that it changes nothing, so that a GET may call it."""
    return _READING.fullmatch(command) is not None or command.lower() in _READING_TOO


def check_method(method: str, command: str) -> None:
    """Raises ``BadRequest`` or ``MethodNotAllowed`` for a command that must be sent by POST and is not."""
    if command in _POST_ONLY and method != "POST":
        raise MethodNotAllowed(f"{command} needs the method POST, so that no password stands in a URL")
    if ENFORCE_POST_AND_EXPIRY.value() and method != "POST" and not reads(command):
        raise BadRequest(f"{command} changes something and is taken by POST only; the request is a {method}")


def check_signed(params: Mapping[str, str]) -> None:
    """Raises ``Unauthorized`` for a signature without an end, or with one that is too far ahead."""
    if not ENFORCE_POST_AND_EXPIRY.value():
        return
    folded = {name.lower(): value for name, value in params.items()}
    if folded.get("signatureversion") != "3" or not folded.get("expires"):
        raise Unauthorized("Here signatures need signatureVersion=3 and the parameter expires")
    if parse_date(folded["expires"]) > timezone.now() + LONGEST:
        raise Unauthorized(f"expires may lie {LONGEST.seconds // 60} minutes ahead at most")
