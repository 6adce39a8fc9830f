"""Request signatures: HMAC-SHA1 over the sorted, quoted and lower-cased parameters.

Client libraries differ from the server's own way of writing that text, each a little. All known ways are
accepted: none of them lets one signature stand for two requests.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from itertools import product
from urllib.parse import quote

from django.utils import timezone

from cloudstack.api.dates import parse_date
from cloudstack.framework.errors import Unauthorized

REFUSAL = "unable to verify user credentials and/or request signature"


def verify(params: Mapping[str, str], *, signature: str, secret: str) -> None:
    """Check ``signature`` of ``params`` (as sent, without anything dropped). Raises ``Unauthorized``."""
    given = signature.encode("utf-8", "replace")
    genuine = False
    for text in canonical_texts(params):
        # No early exit: the time taken must not tell which form matched, or whether one did.
        genuine |= hmac.compare_digest(sign(text, secret).encode(), given)
    if not genuine:
        raise Unauthorized(REFUSAL)
    check_expiry(params)


def sign(text: str, secret: str) -> str:
    """Base64 of the HMAC-SHA1 of an already lower-cased text. SHA-1 is what the protocol prescribes."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def check_expiry(params: Mapping[str, str]) -> None:
    """Version 3 signatures carry the moment at which they end. Raises ``Unauthorized``."""
    folded = {name.lower(): value for name, value in params.items()}
    if folded.get("signatureversion") != "3":
        return
    text = folded.get("expires", "")
    if not text:
        raise Unauthorized(f"{REFUSAL}: signatureVersion=3 needs the parameter expires")
    try:
        expires = parse_date(text)
    except ValueError:
        raise Unauthorized(f"{REFUSAL}: the value of expires is no date; 2026-11-23T08:00:00+0000 is one") from None
    now = timezone.now()
    if expires <= now:
        raise Unauthorized(
            f"{REFUSAL}: the signature expired at {expires:%Y-%m-%dT%H:%M:%S%z}; here it is {now:%Y-%m-%dT%H:%M:%S%z}"
        )


def canonical_texts(params: Mapping[str, str]) -> list[str]:
    """Every text that a known client may have signed for ``params``, the server's own form first."""
    signed = {name: value for name, value in params.items() if name.lower() != "signature"}
    orders = [sorted(signed), sorted(signed, key=lambda name: (name.lower(), name))]
    names = list(signed)
    if orders[0] == orders[1]:
        orders.pop()
    ways = (False, True) if any(quote(name, safe="") != name for name in names) else (False,)
    if any(mark in name for name in names for mark in "=&"):
        # Written as it is, such a name would read as several parameters, and hide one of them such as expires.
        ways = (True,)
    texts: dict[str, None] = {}
    for quoted in _quotings(signed):
        for quote_names in ways:
            for order in orders:
                pairs = (f"{quote(name, safe='') if quote_names else name}={quoted[name]}" for name in order)
                texts["&".join(pairs).lower()] = None
    return list(texts)


def _quotings(params: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Values quoted in each way that makes a difference for these values."""
    values = "".join(params.values())
    star = ("*", "") if "*" in values else ("*",)
    tilde = ("%7E", "~") if "~" in values else ("%7E",)
    brackets = ("", "[]") if "[" in values or "]" in values else ("",)
    for kept_star, written_tilde, kept_brackets in product(star, tilde, brackets):
        safe = kept_star + kept_brackets
        yield {name: quote(value, safe=safe).replace("~", written_tilde) for name, value in params.items()}
