"""Signatures as client libraries make them, each with its own canonical text, written here independently."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cloudstack.api.signature import REFUSAL, canonical_texts, verify
from cloudstack.framework.errors import Unauthorized

SECRET = "s3cr3t"


def digest(text: str) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text.lower().encode(), hashlib.sha1).digest()).decode()


def joined(params: dict[str, str], order, encode: Callable[[str], str], name: Callable[[str], str] = str) -> str:
    return digest("&".join(f"{name(key)}={encode(params[key])}" for key in sorted(params, key=order)))


def java(value: str) -> str:
    return quote(value, safe="*").replace("~", "%7E")


CLIENTS: dict[str, Callable[[dict[str, str]], str]] = {
    "the server's own form": lambda params: joined(params, str, java),
    "cs and CloudStackAIO": lambda params: joined(params, str, lambda value: quote(value, safe="*")),
    "cs with quoted names": lambda params: joined(params, str, lambda value: quote(value, safe="*"), quote),
    "cloudstack-go": lambda params: joined(params, str, lambda value: quote_plus(value).replace("+", "%20")),
    "cmk": lambda params: joined(params, str, lambda value: quote_plus(value).replace("+", "%20").replace("%2A", "*")),
    "libcloud": lambda params: joined(params, str.lower, lambda value: quote(value, safe="[]").replace("%2A", "*")),
    "Marvin": lambda params: joined(params, str.lower, lambda value: quote(value, safe="")),
    "the conformance script": lambda params: joined(params, str.lower, lambda value: quote(value, safe="*")),
}
CASES = {
    "plain": {"command": "listZones", "apiKey": "k"},
    "space, comma, slash, plus": {"command": "x", "apiKey": "k", "name": "a b,c/d+e"},
    "star": {"command": "x", "apiKey": "k", "name": "a*b"},
    "tilde": {"command": "x", "apiKey": "k", "name": "a~b"},
    "brackets in a value": {"command": "x", "apiKey": "k", "name": "a[0]"},
    "all at once": {"command": "x", "apiKey": "k", "name": "a*~[0]", "zoneId": "ü"},
    "unicode": {"command": "x", "apiKey": "k", "name": "Zürich ☃"},
    "map": {"command": "x", "apiKey": "k", "tags[0].key": "a", "tags[0].value": "b"},
    "mixed-case names": {"command": "x", "apiKey": "k", "Zone": "1", "account": "2", "BOOT": "3", "apple": "4"},
    "parentheses and quotes": {"command": "x", "apiKey": "k", "name": "(a)'b\"!"},
    "base64": {"command": "x", "apiKey": "k", "userdata": "I2Nsb3Vk+/8="},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_known_client_is_understood(client: str, case: str) -> None:
    params = CASES[case]
    signature = CLIENTS[client](params)
    verify({**params, "signature": signature}, signature=signature, secret=SECRET)


@pytest.mark.parametrize("case", CASES)
def test_a_changed_value_is_refused(case: str) -> None:
    params = CASES[case]
    signature = CLIENTS["the server's own form"](params)
    for name in params:
        with pytest.raises(Unauthorized, match=REFUSAL):
            verify({**params, name: params[name] + "x"}, signature=signature, secret=SECRET)
    with pytest.raises(Unauthorized):
        verify({**params, "extra": "1"}, signature=signature, secret=SECRET)
    with pytest.raises(Unauthorized):
        verify(params, signature=signature, secret=SECRET + "x")


@pytest.mark.parametrize("signature", ["", "x", "ü", "a" * 10_000])
def test_nonsense_is_refused(signature: str) -> None:
    with pytest.raises(Unauthorized):
        verify(CASES["plain"], signature=signature, secret=SECRET)


def test_the_signature_may_be_named_in_any_case() -> None:
    assert canonical_texts({"a": "1", "SIGNATURE": "x"}) == ["a=1"]


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6))
def test_no_input_breaks_the_canonical_text(params: dict[str, str]) -> None:
    params = {k: v.encode("utf-8", "replace").decode() for k, v in params.items()}
    params = {k.encode("utf-8", "replace").decode(): v for k, v in params.items()}
    texts = canonical_texts(params)
    assert texts
    assert len(texts) <= 32
    assert all(text == text.lower() for text in texts)


def signed(**params: str) -> dict[str, str]:
    complete = {"command": "listZones", "apiKey": "k", **params}
    return {**complete, "signature": CLIENTS["the server's own form"](complete)}


def check(params: dict[str, str]) -> None:
    verify(params, signature=params["signature"], secret=SECRET)


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S+0000", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.123456Z"])
def test_version_3_lasts_until_it_expires(form: str) -> None:
    later, earlier = timezone.now() + timedelta(minutes=5), timezone.now() - timedelta(minutes=5)
    check(signed(signatureVersion="3", expires=later.strftime(form)))
    check(signed(signatureversion="3", EXPIRES=later.strftime(form)))
    with pytest.raises(Unauthorized, match="the signature expired at"):
        check(signed(signatureVersion="3", expires=earlier.strftime(form)))


def test_version_3_without_a_usable_end() -> None:
    with pytest.raises(Unauthorized, match="needs the parameter expires"):
        check(signed(signatureVersion="3"))
    with pytest.raises(Unauthorized, match="is no date"):
        check(signed(signatureVersion="3", expires="tomorrow"))


def test_version_2_does_not_expire() -> None:
    check(signed(expires="2001-01-01T00:00:00+0000"))


def test_a_forged_expiry_is_a_wrong_signature_not_an_expired_one() -> None:
    params = signed(signatureVersion="3", expires="2001-01-01T00:00:00Z")
    with pytest.raises(Unauthorized) as caught:
        check({**params, "expires": "2002-01-01T00:00:00Z"})
    assert str(caught.value) == REFUSAL
