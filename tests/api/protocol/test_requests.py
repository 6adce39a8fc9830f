"""What is taken from a request, and how answers and errors are wrapped."""

import logging
from types import SimpleNamespace

import orjson
import pytest
from django.conf import settings

from cloudstack.testing.api import ApiError

URLS = ("/client/api", "/client/api/")


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_both_paths_and_both_methods(root: SimpleNamespace, gadget, url: str, method: str) -> None:
    gadget("a")
    signed = root.api.sign({"command": "listGadgets", "response": "json"})
    response = getattr(root.api.http, method)(url, signed)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json; charset=UTF-8"
    assert list(orjson.loads(response.content)) == ["listgadgetsresponse"]


def test_the_query_string_wins_over_the_body(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    signed = root.api.sign({"command": "listGadgets", "response": "json"})
    response = root.api.http.post("/client/api?command=listGadgets", {**signed, "command": "listApis"})
    assert "listgadgetsresponse" in orjson.loads(response.content)


def test_csrf_does_not_stand_in_the_way(root: SimpleNamespace) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    response = client.post("/client/api", root.api.sign({"command": "listGadgets", "response": "json"}))
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(root: SimpleNamespace, method: str) -> None:
    response = getattr(root.api.http, method)("/client/api?command=listGadgets&response=json")
    assert response.status_code == 405
    assert orjson.loads(response.content)["listgadgetsresponse"]["errorcode"] == 405


def test_parameter_names_ignore_case_and_unknown_ones_are_ignored(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert root.api.call("listGadgets", NAME="gadget-a", projectid="whatever", nonsense="1")["count"] == 1


def test_command_names_do_not_ignore_case(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("listgadgets")
    assert caught.value.code == 432


def test_an_unknown_command_is_named_under_errorresponse(root: SimpleNamespace) -> None:
    response = root.api.send("listUnicorns")
    assert response.status_code == 432
    body = orjson.loads(response.content)
    assert list(body) == ["errorresponse"]
    assert "listUnicorns" in body["errorresponse"]["errortext"]
    assert body["errorresponse"]["cserrorcode"] == 4555
    assert body["errorresponse"]["uuidList"] == []


def test_no_command_at_all(root: SimpleNamespace) -> None:
    response = root.api.http.get("/client/api", {"response": "json"})
    assert response.status_code == 432
    assert "no command" in orjson.loads(response.content)["errorresponse"]["errortext"]


def test_a_command_that_the_role_does_not_admit(ada: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        ada.api.call("createGadget", name="x")
    assert caught.value.code == 432
    assert "does not exist or is not available" in caught.value.text


def test_objects_stand_under_their_name(root: SimpleNamespace) -> None:
    body = root.api.call("createGadget", name="new")
    assert list(body) == ["gadget"]
    assert body["gadget"]["name"] == "gadget-new"
    assert body["gadget"]["number"] == 4


def test_success_and_list_shape(root: SimpleNamespace, gadget) -> None:
    row = gadget("a")
    registered = root.api.call("registerGadget", id=row.uuid)
    assert registered["count"] == 1
    assert registered["gadget"][0]["id"] == str(row.uuid)
    assert root.api.call("deleteGadget", id=row.uuid) == {"success": True}


def test_a_missing_parameter_is_named(root: SimpleNamespace) -> None:
    for params in ({}, {"name": ""}):
        with pytest.raises(ApiError) as caught:
            root.api.call("createGadget", **params)
        assert caught.value.code == 431
        assert caught.value.text == "Unable to execute API command creategadget due to missing parameter name"


def test_errors_have_status_envelope_and_a_description(root: SimpleNamespace) -> None:
    response = root.api.send("breakGadget", how="capacity")
    assert response.status_code == 533
    body = orjson.loads(response.content)["breakgadgetresponse"]
    assert body == {
        "uuidList": [{"uuid": "u-1", "description": "host"}],
        "errorcode": 533,
        "cserrorcode": 4325,
        "errortext": "host-3: 512 MiB free, 1024 needed",
    }
    assert response["X-Description"] == "host-3: 512 MiB free, 1024 needed"


def test_an_error_text_cannot_add_headers(root: SimpleNamespace) -> None:
    response = root.api.send("breakGadget", how="lines")
    assert response.status_code == 431
    assert "X-Evil" not in response.headers
    assert response["X-Description"] == "first line X-Evil: 1 ber"


def test_a_bug_is_logged_and_hidden(ada: SimpleNamespace, root: SimpleNamespace, caplog) -> None:
    with caplog.at_level(logging.ERROR, logger="cloudstack.api"):
        response = ada.api.send("breakGadget", how="bug")
    body = orjson.loads(response.content)["breakgadgetresponse"]
    assert response.status_code == body["errorcode"] == 530
    assert "secret detail" not in response.content.decode()
    assert "Traceback" not in response.content.decode()
    request_id = response["X-Request-Id"]
    assert request_id in body["errortext"]
    assert any(request_id in record.getMessage() and record.exc_info for record in caplog.records)
    with pytest.raises(ApiError, match="RuntimeError"):
        root.api.call("breakGadget", how="bug")


def test_djangos_own_validation_is_the_callers_to_mend(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("breakGadget", how="validation")
    assert (caught.value.code, caught.value.text) == (431, "name: is taken")


def test_the_callers_request_id_comes_back_if_harmless(root: SimpleNamespace) -> None:
    signed = root.api.sign({"command": "listGadgets", "response": "json"})
    assert root.api.http.get("/client/api", signed, headers={"X-Request-Id": "run-7.a"})["X-Request-Id"] == "run-7.a"
    evil = root.api.http.get("/client/api", signed, headers={"X-Request-Id": "a b<script>"})["X-Request-Id"]
    assert len(evil) == 32


@pytest.mark.parametrize("character", ["\x00", "\x01", "\t", "\x1b", "\x7f"])
def test_control_characters_are_refused(root: SimpleNamespace, character: str) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("listGadgets", name=f"a{character}b")
    assert caught.value.code == 431
    assert "parameter name" in caught.value.text


def test_line_ends_are_not_control_characters(root: SimpleNamespace) -> None:
    assert root.api.call("echoGadget", needed="a\r\nb")["echo"]["values"]["required"] == "a\r\nb"


def test_text_is_bounded_by_its_declaration(root: SimpleNamespace) -> None:
    assert root.api.call("echoGadget", needed="x" * 255)
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="y" * 256)
    assert caught.value.code == 431
    assert "needed: it has 256 characters, at most 255 are allowed" in caught.value.text
    assert len(caught.value.text) < 300
    long = root.api.call("echoGadget", method="POST", needed="x", userdata="z" * 1024 * 1024)
    assert len(long["echo"]["values"]["userdata"]) == 1024 * 1024


def test_a_parameter_of_ten_megabytes_is_refused_in_words(root: SimpleNamespace) -> None:
    signed = root.api.sign({"command": "echoGadget", "response": "json", "needed": "x" * 10 * 1024 * 1024})
    response = root.api.http.post("/client/api?command=echoGadget&response=json", signed)
    body = orjson.loads(response.content)["echogadgetresponse"]
    assert response.status_code == body["errorcode"] == 413
    assert str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) in body["errortext"]
    encoded = root.api.http.post(
        "/client/api",
        b"needed=" + b"x" * 10 * 1024 * 1024 + b"&command=echoGadget&response=json",
        content_type="application/x-www-form-urlencoded",
    )
    assert encoded.status_code == 413
    assert orjson.loads(encoded.content)["echogadgetresponse"]["errorcode"] == 413


def test_too_many_parameters_are_refused_in_words(root: SimpleNamespace) -> None:
    many = {f"p{number}": "1" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    assert root.api.http.post("/client/api?response=json", many).status_code == 413
    response = root.api.http.get("/client/api", {"response": "json", **many})
    assert response.status_code == 400
    assert b"Traceback" not in response.content


def test_broken_bytes_in_the_query_string(root: SimpleNamespace) -> None:
    response = root.api.http.get("/client/api?response=json&command=listGadgets&name=%ff%fe")
    assert response.status_code == 401
