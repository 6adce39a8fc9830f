"""Lists: shapes, pages, counts, filters, isolation."""

import uuid
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudstack.testing.api import ApiError


def test_an_empty_list_is_an_empty_object(root: SimpleNamespace) -> None:
    assert root.api.call("listGadgets") == {}


def test_a_list_has_count_and_objects_only(root: SimpleNamespace, gadget) -> None:
    made = [gadget(name) for name in "abc"]
    body = root.api.call("listGadgets")
    assert sorted(body) == ["count", "gadget"]
    assert body["count"] == 3
    assert [row["id"] for row in body["gadget"]] == [str(row.uuid) for row in made]


def test_count_is_the_total_over_all_pages(root: SimpleNamespace, gadget) -> None:
    for name in "abcde":
        gadget(name)
    body = root.api.call("listGadgets", page=2, pagesize=2)
    assert body["count"] == 5
    assert [row["name"] for row in body["gadget"]] == ["gadget-c", "gadget-d"]
    assert len(root.api.call("listGadgets", page=3, pagesize=2)["gadget"]) == 1


def test_a_page_past_the_end_is_an_empty_object(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert root.api.call("listGadgets", page=2, pagesize=2) == {}
    assert root.api.call("listGadgets", page=2**31 - 1, pagesize=500) == {}


def test_page_and_total_are_one_statement_beside_the_authentication(root: SimpleNamespace, gadget) -> None:
    for name in "abc":
        gadget(name)
    root.api.call("listGadgets")  # settings and role rules are read once per process
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert root.api.call("listGadgets", page=1, pagesize=2)["count"] == 3
    assert len(queries) == 2, [query["sql"] for query in queries]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"page": 1}, '"pagesize" parameter is required when "page" is specified'),
        ({"pagesize": 10}, '"page" parameter is required when "pagesize" is specified'),
        ({"page": 1, "pagesize": 501}, "Page size can't exceed max allowed page size value: 500"),
        ({"page": 1, "pagesize": -1}, "pagesize"),
        ({"page": 0, "pagesize": 10}, "start at 1"),
        ({"page": 1, "pagesize": 0}, "start at 1"),
        ({"page": -1, "pagesize": 10}, "start at 1"),
        ({"page": "x", "pagesize": 10}, "invalid value x for parameter page: a whole number"),
        ({"page": 2**31, "pagesize": 10}, "a whole number"),
    ],
)
def test_paging_mistakes_are_explained(root: SimpleNamespace, params: dict, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("listGadgets", **params)
    assert caught.value.code == 431
    assert text in caught.value.text


def test_pagesize_minus_one_alone_lists_what_one_answer_holds(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert root.api.call("listGadgets", pagesize=-1)["count"] == 1


def test_filters(root: SimpleNamespace, gadget) -> None:
    one, two = gadget("one", type=1), gadget("two", type=2)
    assert [row["name"] for row in root.api.items("listGadgets", name="gadget-two")] == ["gadget-two"]
    assert [row["name"] for row in root.api.items("listGadgets", number=1)] == ["gadget-one"]
    assert [row["name"] for row in root.api.items("listGadgets", keyword="WO")] == ["gadget-two"]
    assert [row["name"] for row in root.api.items("listGadgets", id=one.uuid)] == ["gadget-one"]
    assert len(root.api.items("listGadgets", ids=[one.uuid, two.uuid])) == 2
    assert root.api.call("listGadgets", id="5f64b1ac-0000-4000-8000-000000000000") == {}


def test_id_and_ids_exclude_each_other(root: SimpleNamespace, gadget) -> None:
    row = gadget("a")
    with pytest.raises(ApiError, match="either id or ids"):
        root.api.call("listGadgets", id=row.uuid, ids=row.uuid)


def test_an_id_that_is_no_uuid_is_refused(root: SimpleNamespace) -> None:
    with pytest.raises(ApiError) as caught:
        root.api.call("listGadgets", id="7")
    assert caught.value.code == 431
    assert "invalid value 7 for parameter id: a UUID such as" in caught.value.text


def test_a_list_shows_only_what_the_caller_may_see(ada: SimpleNamespace, bob: SimpleNamespace, gadget) -> None:
    secret = gadget("secret", owner=ada)
    assert ada.api.call("listGadgets")["count"] == 1
    assert bob.api.call("listGadgets") == {}
    assert bob.api.call("listGadgets", id=secret.uuid) == {}


def test_fields_are_typed_and_absent_rather_than_null(root: SimpleNamespace, ada: SimpleNamespace, gadget) -> None:
    made = gadget("a", type=3)
    row = root.api.items("listGadgets")[0]
    assert row["number"] == 3
    assert row["twice"] == 6
    assert row["ispublic"] is True
    assert row["created"] == made.created.strftime("%Y-%m-%dT%H:%M:%S+0000")
    assert row["tags"] == []
    assert row["internal"] == "enabled"
    assert "internal" not in ada.api.items("listGadgets")[0]


def test_a_list_without_a_table_is_paged_too(root: SimpleNamespace) -> None:
    body = root.api.call("listStaticGadgets", page=2, pagesize=2)
    assert body["count"] == 5
    assert [row["name"] for row in body["gadget"]] == ["static-2", "static-3"]
    assert root.api.call("listStaticGadgets", page=4, pagesize=2) == {}


def test_a_list_is_sorted_by_a_field_of_its_rows(root: SimpleNamespace, ada: SimpleNamespace, gadget) -> None:
    for name in ("b", "c", "a"):
        gadget(name)

    def names(who: SimpleNamespace, **params: Any) -> list[str]:
        return [row["name"].removeprefix("gadget-") for row in who.api.items("listGadgets", **params)]

    assert names(root) == ["b", "c", "a"]
    assert names(root, sort="name") == ["a", "b", "c"]
    assert names(root, sort="-NAME", page=1, pagesize=2) == ["c", "b"]
    # They are all alike there: the order of their making decides, backwards too.
    assert names(root, sort="number") == ["b", "c", "a"]
    assert names(root, sort="-number") == ["a", "c", "b"]
    with pytest.raises(ApiError, match="cannot be sorted by 'colour'"):
        names(root, sort="colour")
    refused = orjson.loads(root.api.send("listGadgets", sort="twice").content)["listgadgetsresponse"]["problem"]
    assert refused["parameter"] == "sort"
    assert "one of created, description, id, internal, ispublic, name, number;" in refused["remedy"]
    assert names(root, sort="-internal") is not None
    with pytest.raises(ApiError, match="cannot be sorted by"):
        names(ada, sort="internal")
    with pytest.raises(ApiError, match="either sort or after"):
        names(root, sort="name", after=uuid.uuid4(), pagesize=2)
