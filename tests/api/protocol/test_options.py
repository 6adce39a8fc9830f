"""What commands take beside their own parameters: plan, Idempotency-Key, customjobid, fields, after."""

import uuid
from types import SimpleNamespace

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factories import RoleFactory
from apps.accounts.models import Account, Role, RolePermission
from cloudstack.api import idempotency
from cloudstack.api.models import IdempotentCall
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Role, AsyncJob, Event, IdempotentCall, ConfigValue))


# plan=true


def test_a_plan_changes_nothing_and_tells_the_steps(root: SimpleNamespace, gadget) -> None:
    thing = gadget("a")
    before = counts()
    plan = root.api.call("startGadget", id=thing.uuid, plan=True)["plan"]
    assert counts() == before
    assert plan["command"] == "startGadget" and plan["succeeds"] is True
    [job] = plan["jobs"]
    assert (job["objecttype"], job["objectid"]) == ("Role", str(thing.uuid))
    assert [(step["position"], step["title"], step["undoable"]) for step in job["steps"]] == [
        (1, "Work on the gadget", False)
    ]
    assert [event["type"] for event in plan["events"]] == ["GADGET.START"]


def test_what_is_not_there_after_a_plan_can_be_made(root: SimpleNamespace) -> None:
    assert root.api.call("createGadget", name="x", plan="TRUE")["plan"]["jobs"] == []
    assert not Role.objects.filter(name="gadget-x").exists()
    root.api.call("createGadget", name="x", plan=False)
    assert Role.objects.filter(name="gadget-x").exists()


def test_a_plan_of_a_removal_says_that_it_is_final(root: SimpleNamespace, gadget) -> None:
    thing = gadget("a")
    assert root.api.call("deleteGadget", id=thing.uuid, plan=True)["plan"]["cannotbeundone"]
    thing.refresh_from_db()
    assert thing.removed is None


def test_a_plan_is_refused_as_the_command_is(root: SimpleNamespace, ada: SimpleNamespace, gadget) -> None:
    thing = gadget("a")
    for api, command, params in (
        (ada.api, "deleteGadget", {"id": thing.uuid}),
        (ada.api, "createGadget", {"name": "x"}),
        (root.api, "createGadget", {}),
        (root.api, "createGadget", {"name": "x", "number": 9}),
        (root.api, "startGadget", {"id": uuid.uuid4()}),
        (root.api, "breakGadget", {"how": "capacity"}),
    ):
        with pytest.raises(ApiError) as meant:
            api.call(command, **params)
        with pytest.raises(ApiError) as planned:
            api.call(command, plan=True, **params)
        assert (planned.value.code, planned.value.text) == (meant.value.code, meant.value.text)


def test_a_list_does_not_know_plans(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert root.api.call("listGadgets", plan=True)["count"] == 1
    params = {param["name"] for param in root.api.items("listApis", name="listGadgets")[0]["params"]}
    assert not params & {"plan", "idempotencykey"}


def test_a_planned_setting_is_not_believed(root: SimpleNamespace) -> None:
    def page_size() -> str:
        return root.api.items("listConfigurations", name="default.page.size")[0]["value"]

    assert page_size() == "500"
    root.api.call("updateConfiguration", name="default.page.size", value="7", plan=True)
    assert page_size() == "500"


# Idempotency-Key


def test_a_repeated_call_is_carried_out_once(root: SimpleNamespace) -> None:
    first = root.api.call("createGadget", name="once", idempotencykey="k-1")
    again = root.api.call("createGadget", name="once", idempotencykey="k-1")
    assert again == first
    assert Role.objects.filter(name="gadget-once").count() == 1


def test_the_header_is_the_same_as_the_parameter(root: SimpleNamespace) -> None:
    signed = root.api.sign({"command": "createGadget", "response": "json", "name": "h"})
    answers = [root.api.http.post("/client/api", signed, headers={"Idempotency-Key": "k-2"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert orjson.loads(answers[0].content) == orjson.loads(answers[1].content)
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    assert root.api.call("createGadget", name="h", idempotencykey="k-2")["gadget"]["name"] == "gadget-h"
    assert Role.objects.filter(name="gadget-h").count() == 1


def test_a_job_is_started_once(root: SimpleNamespace, gadget) -> None:
    thing = gadget("a")
    jobs = {root.api.call("startGadget", id=thing.uuid, idempotencykey="k")["jobid"] for _ in range(3)}
    assert len(jobs) == 1 and AsyncJob.objects.count() == 1


def test_a_removal_is_repeated_although_nothing_is_there_any_more(root: SimpleNamespace, gadget, person) -> None:
    thing = gadget("a")
    first = root.api.call("deleteGadget", id=thing.uuid, idempotencykey="k")
    assert root.api.call("deleteGadget", id=thing.uuid, idempotencykey="k") == first
    with pytest.raises(ApiError, match="Unable to find"):
        person(root_admin=True).api.call("deleteGadget", id=thing.uuid, idempotencykey="k")


def test_a_role_that_lost_the_command_hears_no_answer_of_before(person) -> None:
    admin = person(domain_admin=True)
    admin.api.call("createGadget", name="a", idempotencykey="k")
    role = RoleFactory(type=3)
    RolePermission.objects.create(role=role, rule="createGadget", permission="deny")
    Account.objects.filter(pk=admin.user.account_id).update(role=role)
    with pytest.raises(ApiError) as caught:
        admin.api.call("createGadget", name="a", idempotencykey="k")
    assert caught.value.code == 432


def test_a_key_of_another_call_is_refused(root: SimpleNamespace) -> None:
    root.api.call("createGadget", name="a", idempotencykey="k")
    for params in ({"name": "b"}, {"name": "a", "number": 2}):
        with pytest.raises(ApiError, match="was used for another call") as caught:
            root.api.call("createGadget", idempotencykey="k", **params)
        assert caught.value.code == 431
    with pytest.raises(ApiError, match="was used for another call"):
        root.api.call("echoGadget", needed="x", idempotencykey="k")


def test_keys_of_two_users_do_not_meet(root: SimpleNamespace, person) -> None:
    other = person(root_admin=True)
    root.api.call("createGadget", name="a", idempotencykey="k")
    other.api.call("createGadget", name="b", idempotencykey="k")
    assert Role.objects.filter(name__in=["gadget-a", "gadget-b"]).count() == 2


def test_a_refused_call_can_be_repeated_once_the_reason_is_gone(root: SimpleNamespace) -> None:
    missing = uuid.uuid4()
    with pytest.raises(ApiError):
        root.api.call("deleteGadget", id=missing, idempotencykey="k")
    assert not IdempotentCall.objects.exists()


def test_the_stored_answer_is_unreadable_and_goes_in_time(root: SimpleNamespace) -> None:
    root.api.call("echoGadget", needed="x", password="s3cr3t", idempotencykey="k")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cloudstack_api_idempotentcall")
        assert "s3cr3t" not in repr(cursor.fetchall())
    assert idempotency.purge() == 0
    IdempotentCall.objects.update(created=timezone.now() - timezone.timedelta(hours=25))
    assert idempotency.purge() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_is_a_text_of_bounded_length(root: SimpleNamespace, key: str) -> None:
    if not key:
        assert root.api.call("createGadget", name="e", idempotencykey=key)
        assert not IdempotentCall.objects.exists()
        return
    with pytest.raises(ApiError, match="idempotencykey"):
        root.api.call("createGadget", name="e", idempotencykey=key)
    assert not Role.objects.filter(name="gadget-e").exists()


# customjobid


def test_the_caller_may_name_the_job(root: SimpleNamespace, gadget) -> None:
    thing, wanted = gadget("a"), str(uuid.uuid4())
    assert root.api.call("startGadget", id=thing.uuid, customjobid=wanted)["jobid"] == wanted
    with pytest.raises(ApiError, match=f"customjobid {wanted} is taken"):
        root.api.call("startGadget", id=thing.uuid, customjobid=wanted)
    with pytest.raises(ApiError, match="customjobid"):
        root.api.call("startGadget", id=thing.uuid, customjobid="mine")
    assert AsyncJob.objects.count() == 1


# jobid and jobstatus in lists


def test_a_list_names_the_job_that_works_on_an_object(root: SimpleNamespace, gadget) -> None:
    busy, _ = gadget("a"), gadget("b")
    job = root.api.call("startGadget", id=busy.uuid)["jobid"]
    rows = {row["name"]: row for row in root.api.items("listGadgets")}
    assert (rows["gadget-a"]["jobid"], rows["gadget-a"]["jobstatus"]) == (job, 0)
    assert not {"jobid", "jobstatus"} & set(rows["gadget-b"])
    run_jobs()
    assert not {"jobid", "jobstatus"} & set(root.api.items("listGadgets")[0])


# fields=


def test_fields_choose_what_is_shown(root: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert [sorted(row) for row in root.api.items("listGadgets", fields="name,ID,tags")] == [["id", "name", "tags"]]
    with pytest.raises(ApiError, match="fields names colour, which listGadgets does not answer"):
        root.api.call("listGadgets", fields="name,colour")
    assert root.api.items("listStaticGadgets", fields="name")[0] == {"name": "static-0"}


def test_a_field_for_others_stays_hidden(ada: SimpleNamespace, gadget) -> None:
    gadget("a")
    assert ada.api.items("listGadgets", fields="name,internal") == [{"name": "gadget-a"}]


# after=


def test_pages_behind_a_row_cover_the_list_whatever_comes_and_goes(root: SimpleNamespace, gadget) -> None:
    made = [gadget(name) for name in "abcdefg"]
    seen, last = [], None
    while True:
        more = {"after": last} if last else {"page": 1}
        rows = root.api.items("listGadgets", pagesize=2, **more)
        if not rows:
            break
        seen += [row["name"] for row in rows]
        last = rows[-1]["id"]
        if len(seen) == 4:
            made[0].mark_removed()  # an offset would now skip one
    assert seen == [f"gadget-{name}" for name in "abcdefg"]


def test_the_total_is_that_of_all_pages(root: SimpleNamespace, gadget) -> None:
    made = [gadget(name) for name in "abcd"]
    body = root.api.call("listGadgets", after=made[2].uuid)
    assert (body["count"], [row["name"] for row in body["gadget"]]) == (4, ["gadget-d"])


def test_a_row_that_is_not_there_or_not_seen_is_no_place_to_go_on(
    ada: SimpleNamespace, bob: SimpleNamespace, gadget
) -> None:
    hidden = gadget("a", owner=bob)
    texts = set()
    for aim in (hidden.uuid, uuid.uuid4()):
        with pytest.raises(ApiError) as caught:
            ada.api.call("listGadgets", after=aim)
        texts.add(caught.value.text.replace(str(aim), "X"))
    assert len(texts) == 1
    with pytest.raises(ApiError, match="either page or after"):
        ada.api.call("listGadgets", after=uuid.uuid4(), page=2, pagesize=5)


def test_a_deep_page_costs_one_statement_more(root: SimpleNamespace, gadget) -> None:
    made = [gadget(name) for name in "abcd"]
    root.api.call("listGadgets")
    with CaptureQueriesContext(connection) as queries:
        root.api.call("listGadgets", after=made[1].uuid)
    assert len(queries) == 3, [query["sql"] for query in queries]


# errors for programs


def test_an_error_names_the_parameter_the_value_and_the_remedy(root: SimpleNamespace) -> None:
    body = orjson.loads(root.api.send("echoGadget", needed="x", number="twelve").content)["echogadgetresponse"]
    assert body["problem"] == {
        "parameter": "number",
        "value": "twelve",
        "remedy": "a whole number from -2147483648 to 2147483647 is expected",
    }
    body = orjson.loads(root.api.send("startGadget", id=(missing := str(uuid.uuid4()))).content)["startgadgetresponse"]
    assert body["problem"]["value"] == missing and body["problem"]["parameter"] == "id"
    assert body["problem"]["remedy"].startswith("id (uuid)")


def test_an_error_does_not_repeat_a_secret(root: SimpleNamespace) -> None:
    content = root.api.send("echoGadget", needed="x", password="longer than eight").content
    assert b"longer" not in content and b'"value":"****"' in content
