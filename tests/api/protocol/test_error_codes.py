"""``errorcode`` and ``cserrorcode``: clients tell by them what kind of refusal they got."""

from types import SimpleNamespace

import orjson
import pytest

from cloudstack.framework.errors import LimitExceeded
from cloudstack.testing.api import ApiError

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("createGadget", {}),
        ("createGadget", {"name": "x", "number": "four"}),
        ("createGadget", {"name": "x", "number": "9"}),
        ("createGadget", {"name": "x\x01"}),
        ("deleteGadget", {"id": NOWHERE}),
        ("deleteGadget", {"id": "7"}),
        ("listGadgets", {"id": "7"}),
        ("echoGadget", {"needed": "x", "gadgetids": NOWHERE}),
    ],
    ids=["missing", "no number", "out of bounds", "control character", "nothing there", "no uuid", "filter", "list"],
)
def test_what_is_refused_before_the_command_begins(root: SimpleNamespace, command: str, params: dict) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call(command, **params)
    assert (caught.value.code, caught.value.cscode) == (431, 9999)


def test_what_the_command_itself_refuses(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("breakGadget", how="lines")
    assert (caught.value.code, caught.value.cscode) == (431, 4350)


def test_a_malformed_map(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="x", **{"details[0]cpu": "2"})
    assert (caught.value.code, caught.value.cscode) == (430, 9999)


def test_an_exceeded_limit(root: SimpleNamespace, monkeypatch) -> None:
    def full(command: object) -> None:
        raise LimitExceeded("2 of 2 are used")

    monkeypatch.setattr("tests.api.protocol.conftest.BreakGadget.execute", full)
    response = root.api.send("breakGadget", how="limit")
    body = orjson.loads(response.content)["breakgadgetresponse"]
    assert (response.status_code, body["errorcode"], body["cserrorcode"]) == (535, 535, 4370)
    assert response["X-Description"] == "2 of 2 are used"


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_an_unknown_command_is_not_taken_for_a_wrong_key(root: SimpleNamespace, signed: bool) -> None:
    """Libraries read 401 as a wrong key; a misspelt command says what it is to whoever has a right one."""
    params = {"command": "listUnicorns", "response": "json"}
    response = root.api.http.get("/client/api", root.api.sign(params) if signed else params)
    body = orjson.loads(response.content)["errorresponse"]
    assert (response.status_code, body["cserrorcode"]) == ((432, 4555) if signed else (401, 9999))
