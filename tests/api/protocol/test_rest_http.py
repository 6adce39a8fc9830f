"""REST as a citizen of HTTP: places of what was made, links between pages, tags, methods, media types."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.testing.jobs import run_jobs
from tests.support.rest import BASE, Rest, problem

pytestmark = pytest.mark.usefixtures("routes")


def fetch(rest: Rest, url: str, **headers: str) -> Any:
    return rest.http.get(url, headers={**rest.headers, **headers})


def test_what_was_made_says_where_it_is(rest: Rest) -> None:
    made = rest("post", "/gadgets", {"name": "new"})
    assert made.status_code == 201
    assert orjson.loads(fetch(rest, made["Location"]).content)["id"] == made.body["id"]


def test_a_job_says_where_its_object_is(rest: Rest, gadget) -> None:
    row = gadget("a")
    accepted = rest("post", f"/gadgets/{row.uuid}/start", {})
    job = accepted["Location"]
    assert accepted["Link"] == f'<{job}>; rel="monitor"'
    assert "result" not in orjson.loads(fetch(rest, job).content)
    run_jobs()
    done = orjson.loads(fetch(rest, job).content)
    assert done["jobresult"]["gadget"]["created"].endswith("Z")
    assert orjson.loads(fetch(rest, done["result"]).content)["id"] == str(row.uuid)


def test_pages_link_to_each_other_in_the_header_too(rest: Rest, gadget) -> None:
    for name in "abc":
        gadget(name)
    first = rest("get", "/gadgets", page=1, pagesize=2)
    assert first["Link"] == f'<{first.body["next"]}>; rel="next"'
    second = fetch(rest, first.body["next"])
    assert 'rel="prev"' in second["Link"] and 'rel="next"' not in second["Link"]
    behind = rest("get", "/gadgets", after=first.body["results"][0]["id"], pagesize=1)
    assert [row["name"] for row in behind.body["results"]] == ["gadget-b"]
    last = fetch(rest, behind.body["next"])
    assert [row["name"] for row in orjson.loads(last.content)["results"]] == ["gadget-c"]


def test_tags_of_objects(rest: Rest, gadget) -> None:
    where = f"/gadgets/{gadget('a').uuid}"
    tag = rest("get", where)["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = fetch(rest, BASE + where, **{"If-None-Match": known})
        assert (same.status_code, same["ETag"], same.content) == (304, tag, b"")
    assert fetch(rest, BASE + where, **{"If-None-Match": '"other"'}).status_code == 200
    head = rest("head", where)
    assert (head.status_code, head["ETag"], head.content) == (200, tag, b"")
    rest.headers["If-Match"] = '"other"'
    problem(rest("patch", where, {"name": "b"}), 412)
    problem(rest("delete", where), 412)
    rest.headers["If-Match"] = tag
    assert rest("patch", where, {"name": "b"}).status_code == 200
    problem(rest("patch", where, {"name": "c"}), 412)
    del rest.headers["If-Match"]
    assert rest("get", where).body["name"] == "gadget-b"
    assert rest("get", where)["ETag"] != tag


@pytest.mark.parametrize(
    ("method", "where", "headers", "status", "kind"),
    [
        ("put", "/gadgets", {}, 405, "method-not-allowed"),
        ("delete", "/", {}, 405, "method-not-allowed"),
        ("post", "/schema", {}, 405, "method-not-allowed"),
        ("post", "/stream", {}, 405, "method-not-allowed"),
        ("get", "/gadgets", {"Accept": "image/png"}, 406, "not-acceptable"),
        ("get", "/schema", {"Accept": "image/png"}, 406, "not-acceptable"),
        ("get", "/nothing/at/all", {}, 404, "not-found"),
        ("get", "/gadgets", {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ("get", "/", {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ("get", "/schema", {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
    ],
)
def test_each_error_is_a_problem(rest: Rest, method: str, where: str, headers: Any, status: int, kind: str) -> None:
    rest.headers |= headers
    found = rest(method, where)
    assert problem(found, status)["type"] == f"urn:cloudstack:problem:{kind}"
    if status == 405:
        assert "GET" in found["Allow"]


def test_bodies_that_cannot_be_read(rest: Rest) -> None:
    for body, kind, status in (
        (b'{"name":', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"x", "text/plain", 415),
    ):
        answer = rest.http.post(f"{BASE}/gadgets", body, content_type=kind, headers=rest.headers)
        assert problem(answer, status)["remedy"]


def test_one_call_too_many_says_when_to_come_back(ada: SimpleNamespace) -> None:
    for name, value in (("api.throttling.enabled", "true"), ("api.throttling.max", "1")):
        ConfigValue.objects.create(name=name, scope="global", scope_uuid="", value=value)
    store.forget()
    user = Rest(ada)
    answers = [user("get", "/gadgets") for _ in range(3)]
    assert answers[0].status_code == 200
    problem(answers[-1], 429)
    assert int(answers[-1]["Retry-After"]) >= 1
    store.forget()


def test_options_tell_what_the_caller_may_call(rest: Rest, ada: SimpleNamespace) -> None:
    told = rest("options", "/gadgets").body["methods"]
    assert told["POST"]["command"] == "createGadget"
    assert told["POST"]["parameters"]["name"]["required"] is True
    assert set(Rest(ada)("options", "/gadgets").body["methods"]) == {"GET"}
    assert told["GET"]["parameters"]["number"]["type"] == "integer"


def test_filters_read_every_way_of_writing(rest: Rest, gadget) -> None:
    rows = [gadget(name) for name in "abc"]
    both = ",".join(str(row.uuid) for row in rows[:2])
    assert rest("get", "/gadgets", IDS=both).body["count"] == 2
    assert rest("get", "/gadgets", ids=[str(row.uuid) for row in rows[:2]]).body["count"] == 2
    assert problem(rest("get", "/gadgets", number="1x"), 400)["value"] == "1x"
    assert problem(rest("get", "/gadgets", keyword="a\x00"), 400)["parameter"] == "keyword"
    assert problem(rest("get", "/gadgets", **{"number[0].key": "1"}), 400)


def test_filters_cost_no_statement(rest: Rest, gadget) -> None:
    gadget("a")
    counts = []
    for query in ({}, {"name": "gadget-a", "number": "4", "keyword": "a"}):
        rest("get", "/gadgets", **query)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            rest("get", "/gadgets", **query)
        counts.append(len(seen))
    assert counts[0] == counts[1]
