"""Requests that are broken before any parameter is looked at: charsets, half characters, depth, and stray names."""

import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import orjson
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from apps.accounts.factories import AccountFactory, ApiTokenFactory, UserFactory
from apps.accounts.services.role_rules import forget_rules
from apps.compute.factories import user_data
from apps.compute.models import UserData
from cloudstack.testing.api import ApiError
from cloudstack.wsgi import application
from tests.support.cloud import client_of

FORM = (
    b"--x\r\nContent-Disposition: form-data; name=%s\r\n\r\nlistZones\r\n"
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n+2AA-\r\n--x--\r\n'
)


@pytest.fixture
def http() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def headers(db: None) -> dict[str, str]:
    forget_rules()
    ApiTokenFactory(user=UserFactory(account=AccountFactory(root_admin=True)), text="cst_broken")
    return {"Authorization": "Bearer cst_broken"}


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "punycode", "idna", "base64", "nosuch", "ISO-8859-1"])
@pytest.mark.parametrize("door", ["/client/api", "/api/v1/user-data"])
def test_the_charset_of_a_request_decides_nothing(headers: dict[str, str], charset: str, door: str) -> None:
    """Through the entry point that the web server loads: Django reads the charset before it asks any view."""
    for field, refusal in ((b'"command"', "401"), (b'"+2AA-"', "432")):
        body = FORM % field
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": door,
            "QUERY_STRING": "response=json&apiKey=k&signature=s",
            "CONTENT_TYPE": f"multipart/form-data; boundary=x; charset={charset}",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": headers["Authorization"],
            "wsgi.input": io.BytesIO(body),
        }
        assert status_of(environ) == (refusal if door == "/client/api" else "400")


def status_of(environ: dict[str, Any]) -> str:
    said: list[str] = []
    setup_testing_defaults(environ)
    # The connection is that of the test's transaction: no request may close it.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        application(environ, lambda line, headers: said.append(line)).close()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return said[0][:3]


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\ud800": 1}',
        b'{"name": "\\ud800"}',
        b'{"name": NaN}',
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"[" * 3000 + b"]" * 3000,
        b'{"name": "\xff"}',
        b"{",
    ],
    ids=["half in a name", "half in a value", "NaN", "deep objects", "deep arrays", "no UTF-8", "cut off"],
)
def test_a_body_that_is_no_json_is_a_bad_request(http: Client, headers: dict[str, str], body: bytes) -> None:
    answer = http.generic("POST", "/api/v1/user-data", body, "application/json", headers=headers)
    assert answer.status_code == 400, answer.content
    assert "no JSON" in orjson.loads(answer.content)["detail"]


def test_a_body_of_many_megabytes_is_not_read(http: Client, headers: dict[str, str]) -> None:
    body = b'{"name": "' + b"x" * 9_000_000 + b'"}'
    assert http.generic("POST", "/api/v1/user-data", body, "application/json", headers=headers).status_code == 413


@pytest.mark.parametrize("query", ["nosuch=1", "%00=1", "%ff=1", "id[0].a=1"])
def test_a_deletion_with_an_unknown_name_is_refused(http: Client, headers: dict[str, str], query: str) -> None:
    where = f"/api/v1/user-data/{user_data(AccountFactory()).uuid}"
    assert http.delete(f"{where}?{query}", headers=headers).status_code == 400
    assert UserData.objects.exists()
    assert http.delete(f"{where}?plan=true", headers=headers).status_code == 200
    assert UserData.objects.exists()
    assert http.delete(where, headers=headers).status_code == 204
    assert not UserData.objects.exists()


@pytest.mark.parametrize("name", ["a\x00", "details[0].a\x00b", "details[0].\x1b"])
def test_control_characters_in_names_are_refused(db: None, name: str) -> None:
    forget_rules()
    with pytest.raises(ApiError) as caught:
        client_of(AccountFactory(root_admin=True)).call("listZones", **{name: "1"})
    assert caught.value.code == 430
    assert "control character" in caught.value.text


@pytest.mark.parametrize("resource", ["isos", "templates", "volumes"])
def test_an_upload_is_announced_by_post_and_has_a_format(http: Client, headers: dict[str, str], resource: str) -> None:
    """In the query ``format`` would choose how the answer is written."""
    where = f"/api/v1/{resource}/upload-params"
    assert http.get(f"{where}?format=QCOW2", headers=headers).status_code in (404, 405)
    answer = http.post(where, b'{"format": "x"}', "application/json", headers=headers)
    assert answer.status_code == 400 and orjson.loads(answer.content)["parameter"] in ("format", "name", "zoneid")


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a\0b", "a\x07b", "\x7f"])
def test_a_key_that_no_database_can_hold_is_an_unknown_key(key: str) -> None:
    answer = Client().get("/client/api", {"command": "listZones", "response": "json", "apiKey": key, "signature": "x"})
    assert answer.status_code == 401
