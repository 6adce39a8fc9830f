"""The stream of events and jobs: live, within the caller's scope, resumed where it broke off."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import requests
from django.db import connections
from django.test import Client

from apps.accounts.factories import ApiTokenFactory, ProjectFactory, RoleFactory, caller_for, join_project
from apps.accounts.models import Account, RolePermission
from cloudstack.api.rest import stream
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs


def told(watch: stream.Watch) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for part in watch.news():
        lines = dict(line.split(": ", 1) for line in part.decode().strip().split("\n"))
        found.append((lines["event"], orjson.loads(lines["data"]) | ({"id": lines["id"]} if "id" in lines else {})))
    return found


def happen(who: SimpleNamespace, text: str) -> Any:
    return publish("VM.START", description=text, account_uuid=who.caller.account_uuid)


def test_only_what_happens_from_now_on_and_only_once(ada: SimpleNamespace) -> None:
    happen(ada, "before")
    watch = stream.Watch(ada.caller, ["events"])
    assert told(watch) == []
    happen(ada, "after")
    assert [body["description"] for _, body in told(watch)] == ["after"]
    assert told(watch) == []


def test_others_events_and_jobs_are_not_told(ada: SimpleNamespace, bob: SimpleNamespace, root: SimpleNamespace) -> None:
    bobs, roots = (stream.Watch(who.caller, ["events", "jobs"]) for who in (bob, root))
    happen(ada, "ada's")
    AsyncJob.objects.create(name="test.gadget.work", user=ada.user, account_uuid=ada.caller.account_uuid)
    assert told(bobs) == []
    assert {kind for kind, _ in told(roots)} == {"event", "job"}


def test_it_goes_on_where_it_broke_off(ada: SimpleNamespace, bob: SimpleNamespace) -> None:
    last = happen(ada, "seen")
    happen(ada, "missed")
    watch = stream.Watch(ada.caller, ["events"], last_id=str(last.uuid))
    assert [body["description"] for _, body in told(watch)] == ["missed"]
    for other in (str(happen(bob, "x").uuid), "no id at all"):
        assert told(stream.Watch(ada.caller, ["events"], last_id=other)) == []


def test_an_event_that_is_committed_late_is_told(ada: SimpleNamespace) -> None:
    watch = stream.Watch(ada.caller, ["events"])
    late = happen(ada, "late")
    type(late).objects.filter(pk=late.pk).update(created=late.created - stream.LATE / 2)
    happen(ada, "next")
    assert sorted(body["description"] for _, body in told(watch)) == ["late", "next"]


def test_a_job_is_followed_to_its_end(root: SimpleNamespace, gadget) -> None:
    job = root.api.call("startGadget", id=gadget("a").uuid)["jobid"]
    watch = stream.Watch(root.caller, ["jobs"], job_uuid=job)
    assert [(body["jobid"], body["status"]) for _, body in told(watch)] == [(job, "pending")]
    assert not watch.over
    run_jobs()
    assert [body["status"] for _, body in told(watch)] == ["succeeded"]
    assert watch.over


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("topics=gossip", 400, "topics"),
        ("topics=", 400, "topics"),
        ("job=nothing", 400, "job"),
        ("job=00000000-0000-4000-8000-000000000000", 400, "job"),
    ],
)
def test_bad_questions(root: SimpleNamespace, query: str, status: int, parameter: str) -> None:
    token = ApiTokenFactory(user=root.user, text="cst_stream")
    answer = Client().get(f"/api/v1/stream?{query}", headers={"Authorization": "Bearer cst_stream"})
    assert (answer.status_code, answer.json()["parameter"]) == (status, parameter), token
    assert Client().get("/api/v1/stream").status_code == 401


def test_there_are_so_many_places_and_no_more(root: SimpleNamespace, monkeypatch) -> None:
    ConfigValue.objects.create(name="api.streams.per.process", scope="global", scope_uuid="", value="1")
    store.forget()
    ApiTokenFactory(user=root.user, text="cst_stream")
    monkeypatch.setattr(stream, "_open", 1)
    refused = Client().get("/api/v1/stream", headers={"Authorization": "Bearer cst_stream"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "5")
    monkeypatch.setattr(stream, "_open", 0)
    for read in (True, False):
        sent = stream.Stream(stream.Watch(root.caller, ["events"]))
        assert stream._open == 1
        assert not read or next(iter(sent)) == b"retry: 1000\n\n"
        sent.close()
        assert stream._open == 0, "its reader has gone"
    assert Client().head("/api/v1/stream", headers={"Authorization": "Bearer cst_stream"}).status_code == 405
    store.forget()


def test_a_role_that_may_not_list_is_told_nothing(ada: SimpleNamespace) -> None:
    ApiTokenFactory(user=ada.user, text="cst_stream")
    role = RoleFactory()
    for position, name in enumerate(("listEvents", "listAsyncJobs")):
        RolePermission.objects.create(role=role, rule=name, permission="deny", position=position)
    Account.objects.filter(pk=ada.user.account_id).update(role=role)
    refused = Client().get("/api/v1/stream", headers={"Authorization": "Bearer cst_stream"})
    assert refused.status_code == 403
    assert "none of listEvents, listAsyncJobs" in refused.json()["detail"]


def test_events_of_a_project_whose_role_forbids_them_are_not_told(ada: SimpleNamespace) -> None:
    project = ProjectFactory(domain=ada.user.domain)
    join_project(project, ada.user.account, deny="listEvents")
    member = caller_for(ada.user)
    assert member.memberships
    watch = stream.Watch(member, ["events"])
    publish("VM.START", description="the project's", account_uuid=project.account.uuid)
    happen(ada, "ada's")
    assert [body["description"] for _, body in told(watch)] == ["ada's"]


def test_who_is_shut_out_meanwhile_is_told_no_more(ada: SimpleNamespace) -> None:
    watch = stream.Watch(ada.caller, ["events", "jobs"])
    watch.check()
    assert not watch.over
    type(ada.user).objects.filter(pk=ada.user.pk).update(state="disabled")
    watch.check()
    happen(ada, "too late")
    assert watch.over and told(watch) == []


@pytest.mark.django_db(transaction=True)
def test_over_a_real_connection(live_server, root: SimpleNamespace, monkeypatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    monkeypatch.setattr(stream, "LOOK_EVERY_S", 0.1)
    # A server notices that its reader has gone when it writes.
    monkeypatch.setattr(stream, "ALIVE_EVERY_S", 0.2)
    ApiTokenFactory(user=root.user, text="cst_stream")
    headers = {"Authorization": "Bearer cst_stream", "Accept": "text/event-stream"}
    got: list[str] = []
    with requests.get(f"{live_server.url}/api/v1/stream", headers=headers, stream=True, timeout=20) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines: Iterator[str] = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == "retry: 1000"
        happen(root, "now")
        for line in lines:
            got.append(line)
            if line.startswith("data:"):
                break
    assert orjson.loads(got[-1].removeprefix("data: "))["description"] == "now"
