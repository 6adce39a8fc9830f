"""``listApis``."""

from types import SimpleNamespace

import pytest

from cloudstack.testing.api import ApiError


def test_every_entry_has_what_clients_index(root: SimpleNamespace) -> None:
    body = root.api.call("listApis")
    assert body["count"] == len(body["api"])
    for api in body["api"]:
        assert api["name"]
        assert isinstance(api["isasync"], bool)
        assert isinstance(api["description"], str)
        assert isinstance(api["related"], str)
        assert isinstance(api["response"], list)
        for param in api["params"]:
            assert {"name", "description", "type", "length", "required"} <= set(param)


def test_one_command_in_full(root: SimpleNamespace) -> None:
    body = root.api.call("listApis", name="startGadget")
    assert body["count"] == 1
    api = body["api"][0]
    assert api["isasync"] is True
    assert api["description"] == "Starts a gadget."
    assert "deployGadget" in api["related"].split(",")
    assert {(p["name"], p["type"], p["required"]) for p in api["params"]} == {
        ("id", "uuid", True),
        ("fail", "boolean", False),
        ("remove", "boolean", False),
        ("plan", "boolean", False),
        ("idempotencykey", "string", False),
    }
    types = {field["name"]: field["type"] for field in api["response"]}
    assert types["id"] == "uuid"
    assert types["number"] == "integer"
    assert types["ispublic"] == "boolean"
    assert types["created"] == "date"


def test_a_caller_sees_what_the_caller_may_use(ada: SimpleNamespace, root: SimpleNamespace) -> None:
    assert "createGadget" in {api["name"] for api in root.api.items("listApis")}
    assert "createGadget" not in {api["name"] for api in ada.api.items("listApis")}
    with pytest.raises(ApiError, match="no command createGadget"):
        ada.api.call("listApis", name="createGadget")
    quiet = {p["name"] for p in root.api.items("listApis", name="echoGadget")[0]["params"]}
    assert "quiet" in quiet
    assert "quiet" not in {p["name"] for p in ada.api.items("listApis", name="echoGadget")[0]["params"]}
    fields = {field["name"] for field in ada.api.items("listApis", name="listGadgets")[0]["response"]}
    assert "internal" not in fields


def test_only_the_base_classes_own_parameters_are_left_out(root: SimpleNamespace) -> None:
    names = {p["name"] for p in root.api.items("listApis", name="listGadgets")[0]["params"]}
    assert names == {"id", "ids", "keyword", "page", "pagesize", "after", "fields", "name", "number"}
