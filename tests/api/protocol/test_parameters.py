"""How text becomes values, through the door."""

from types import SimpleNamespace
from typing import Any

import pytest

from cloudstack.testing.api import ApiError


@pytest.fixture
def echo(root: SimpleNamespace):
    def call(**params: Any) -> dict[str, Any]:
        return root.api.call("echoGadget", method="POST", needed="x", **params)["echo"]["values"]

    return call


@pytest.mark.parametrize(("text", "value"), [("true", True), ("TRUE", True), ("1", False), ("yes", False), ("", False)])
def test_flags(echo, text: str, value: bool) -> None:
    assert echo(flag=text)["flag"] is value


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" -7 ", -7), ("+7", 7), ("2147483647", 2**31 - 1)])
def test_whole_numbers(echo, text: str, value: int) -> None:
    assert echo(number=text)["number"] == value


def test_empty_numbers_are_not_given(echo) -> None:
    assert "number" not in echo(number="", ratio="", big="", startdate="", names="")


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("number", "abc", "a whole number from -2147483648 to 2147483647 is expected"),
        ("number", "2147483648", "a whole number"),
        ("number", "1.5", "a whole number"),
        ("number", "1_000", "a whole number"),
        ("number", "٣", "a whole number"),
        ("number", "9" * 200, "a whole number"),
        ("big", str(2**63), "a whole number"),
        ("ratio", "nan", "a decimal number"),
        ("ratio", "-1", "a decimal number"),
        ("ratio", "inf", "a decimal number"),
        ("someid", "12", "a UUID such as"),
        ("someid", "zzzzzzzz-0000-4000-8000-000000000000", "a UUID such as"),
        ("kind", "medium", "one of Small, Large is expected"),
        ("startdate", "yesterday", "a date such as 2026-11-23"),
        ("startdate", "2026-13-01", "a date such as"),
        ("numbers", "1,x", "a whole number"),
        ("names", "a" * 300, "an item has 300 characters"),
    ],
)
def test_bad_values_name_parameter_value_and_remedy(root: SimpleNamespace, name: str, text: str, hint: str) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="x", **{name: text})
    assert caught.value.code == 431
    assert f"for parameter {name}" in caught.value.text
    assert text[:40] in caught.value.text
    assert hint in caught.value.text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-23T08:00:00+0000", "2026-11-23T08:00:00+00:00"),
        ("2026-11-23T08:00:00+0200", "2026-11-23T08:00:00+02:00"),
        ("2026-11-23T08:00:00Z", "2026-11-23T08:00:00+00:00"),
        ("2026-11-23T08:00:00.123456Z", "2026-11-23T08:00:00.123456+00:00"),
        ("2026-11-23T08:00:00.1234567+00:00", "2026-11-23T08:00:00.123456+00:00"),
        ("2026-11-23 08:00:00", "2026-11-23T08:00:00+00:00"),
        ("2026-11-23", "2026-11-23T00:00:00+00:00"),
    ],
)
def test_dates(echo, text: str, value: str) -> None:
    assert echo(startdate=text)["begin"] == value


def test_an_end_date_is_the_end_of_its_day(echo) -> None:
    assert echo(enddate="2026-11-23")["end"] == "2026-11-23T23:59:59+00:00"


def test_identifiers_and_choices_are_normalised(echo) -> None:
    values = echo(someid="5F64B1AC-0000-4000-8000-00000000ABCD", kind="SMALL")
    assert values["uuid"] == "5f64b1ac-0000-4000-8000-00000000abcd"
    assert values["choice"] == "Small"
    assert echo(someid="-1")["uuid"] == "-1"


def test_lists_and_maps(echo) -> None:
    values = echo(
        names="a, b,,c",
        numbers=[1, 2],
        details={"cpuNumber": 2, "memory": 512},
        niclist=[{"networkId": "n1", "ip": "10.0.0.5"}, {"networkId": "n2"}],
    )
    assert values["names"] == ["a", "b", "c"]
    assert values["numbers"] == [1, 2]
    assert values["details"] == {"cpuNumber": "2", "memory": "512"}
    assert values["nics"] == [{"networkid": "n1", "ip": "10.0.0.5"}, {"networkid": "n2"}]


def test_a_map_of_keys_and_values(echo) -> None:
    assert echo(details=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])["details"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "name", ["details[x].a", "details[0]", "details[0]a", "details[0].", "details[0][1].a", "[0].a"]
)
def test_a_malformed_map_is_its_own_error(root: SimpleNamespace, name: str) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="x", **{name: "1"})
    assert caught.value.code == 430
    assert "name[0].key=value" in caught.value.text


def test_a_map_without_brackets(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="x", details="a=b")
    assert caught.value.code == 430


def test_a_secret_is_never_repeated(root: SimpleNamespace, caplog) -> None:
    assert root.api.call("echoGadget", needed="x", password="abc")["echo"]["values"]["password"] == "abc"
    with pytest.raises(ApiError) as caught:
        root.api.call("echoGadget", needed="x", password="much too long a secret")
    assert "much too long" not in caught.value.text
    assert "****" in caught.value.text
    assert "much too long" not in caplog.text


def test_a_parameter_of_another_role_is_ignored(root: SimpleNamespace, ada: SimpleNamespace) -> None:
    assert root.api.call("echoGadget", needed="x", quiet="1")["echo"]["values"]["quiet"] == "1"
    assert "quiet" not in ada.api.call("echoGadget", needed="x", quiet="1")["echo"]["values"]


def test_a_reference_to_nothing_and_to_anothers_object_read_the_same(ada, bob, gadget) -> None:
    hidden = gadget("hidden", owner=bob)
    texts = []
    for uuid in (str(hidden.uuid), "5f64b1ac-0000-4000-8000-000000000000", "12"):
        with pytest.raises(ApiError) as caught:
            ada.api.call("updateGadget", id=uuid, name="mine")
        assert caught.value.code == 431
        assert caught.value.text.startswith(f'Unable to find gadget with id "{uuid}" (parameter id).')
        assert f"Invalid parameter id value={uuid} due to incorrect long value format, or entity does not exist" in (
            caught.value.text
        )
        texts.append(caught.value.text.replace(uuid, "*"))
    assert len(set(texts)) == 1


def test_what_may_be_seen_but_not_touched_is_refused(ada, gadget) -> None:
    public = gadget("public")
    with pytest.raises(ApiError) as caught:
        ada.api.call("updateGadget", id=public.uuid, name="mine")
    assert caught.value.code == 531
    assert "may see" in caught.value.text


def test_the_owner_may(ada, gadget) -> None:
    mine = gadget("mine", owner=ada)
    assert ada.api.call("updateGadget", id=mine.uuid, name="new")["gadget"]["name"] == "gadget-new"


def test_a_list_of_references_keeps_its_order_and_hides_what_is_hidden(ada, bob, gadget) -> None:
    one, two, hidden = gadget("one"), gadget("two"), gadget("hidden", owner=bob)
    values = ada.api.call("echoGadget", needed="x", gadgetids=f"{two.uuid},{one.uuid},{two.uuid}")["echo"]["values"]
    assert values["gadgets"] == ["gadget-two", "gadget-one"]
    with pytest.raises(ApiError, match=r"\(parameter gadgetids\)"):
        ada.api.call("echoGadget", needed="x", gadgetids=f"{one.uuid},{hidden.uuid}")
