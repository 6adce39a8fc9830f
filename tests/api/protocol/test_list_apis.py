"""``listApis``."""

from types import SimpleNamespace

import pytest

from apps.accounts.factories import join_project, project_of
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
    assert names == {"id", "ids", "keyword", "page", "pagesize", "after", "sort", "fields", "name", "number"}


def test_versions_and_neighbours(root: SimpleNamespace) -> None:
    [api] = root.api.items("listApis", name="setupUserTwoFactorAuthentication")
    assert api["since"] == "4.18.0"
    params = {param["name"]: param for param in api["params"]}
    assert "listUsers" in params["userid"]["related"].split(",")
    assert "related" not in params["provider"]
    assert params["enable"]["type"] == "boolean"
    [update] = root.api.items("listApis", name="updateUser")
    assert {p["name"]: p.get("since") for p in update["params"]}["mandate2fa"] == "4.18.0.0"
    assert "since" not in root.api.items("listApis", name="startGadget")[0]


def test_a_role_in_a_project_narrows(ada: SimpleNamespace, bob: SimpleNamespace, root: SimpleNamespace) -> None:
    project = project_of(bob.user.account)
    join_project(project, ada.user.account, deny="startGadget")
    everything, narrowed = (
        {api["name"] for api in ada.api.items("listApis", **params)} for params in ({}, {"projectid": project.uuid})
    )
    assert everything - narrowed == {"startGadget"}
    with pytest.raises(ApiError, match="no command startGadget"):
        ada.api.call("listApis", name="startGadget", projectid=project.uuid)
    assert root.api.items("listApis", name="startGadget", projectid=project.uuid)
    with pytest.raises(ApiError) as caught:
        ada.api.call("listApis", projectid="5f64b1ac-0000-4000-8000-000000000000")
    assert caught.value.code == 431


def test_the_answer_is_one_line_of_json(root: SimpleNamespace) -> None:
    """Code generators read the answer as one line."""
    body = root.api.send("listApis").content
    assert body.count(b"\n") == 0
    assert len(body) > 100_000
