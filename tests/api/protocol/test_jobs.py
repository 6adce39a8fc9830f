"""Asynchronous commands and what is read of their jobs."""

from types import SimpleNamespace

import pytest

from apps.accounts.factories import DomainFactory
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


def result(person: SimpleNamespace, jobid: str) -> dict:
    return person.api.call("queryAsyncJobResult", jobid=jobid)


def test_an_asynchronous_command_answers_a_job(ada: SimpleNamespace, gadget) -> None:
    row = gadget("a", owner=ada)
    body = ada.api.call("startGadget", id=row.uuid)
    assert list(body) == ["jobid"]
    job = AsyncJob.objects.get(uuid=body["jobid"])
    assert (job.command, job.event_type, job.user_id) == ("startGadget", "GADGET.START", ada.user.pk)
    assert job.correlation_id


def test_creating_answers_object_and_job(ada: SimpleNamespace) -> None:
    body = ada.api.call("deployGadget", name="new", method="POST")
    assert sorted(body) == ["id", "jobid"]
    run_jobs()
    done = result(ada, body["jobid"])
    assert list(done["jobresult"]) == ["gadget"]
    assert done["jobresult"]["gadget"]["id"] == body["id"]


def test_a_job_from_pending_to_done(ada: SimpleNamespace, gadget) -> None:
    row = gadget("a", owner=ada)
    jobid = ada.api.call("startGadget", id=row.uuid)["jobid"]
    pending = result(ada, jobid)
    assert (pending["jobstatus"], pending["jobresultcode"], pending["jobprocstatus"]) == (0, 0, 0)
    assert "jobresult" not in pending
    assert "completed" not in pending
    run_jobs()
    done = result(ada, jobid)
    assert done["jobid"] == jobid
    assert (done["jobstatus"], done["jobresultcode"], done["jobresulttype"]) == (1, 0, "object")
    assert done["jobresult"] == {"gadget": ada.api.items("listGadgets", id=row.uuid)[0]}
    assert (done["jobinstancetype"], done["jobinstanceid"]) == ("Role", str(row.uuid))
    assert done["cmd"] == "startGadget"
    assert (done["userid"], done["account"]) == (ada.caller.user_uuid, ada.caller.account_name)
    assert (done["accountid"], done["domainid"]) == (ada.caller.account_uuid, ada.caller.domain_uuid)
    assert done["domainpath"] == f"ROOT{ada.caller.domain_path}".rstrip("/")
    assert done["completed"] >= done["created"]


def test_a_failed_job_tells_why(ada: SimpleNamespace, gadget) -> None:
    jobid = ada.api.call("startGadget", id=gadget("a", owner=ada).uuid, fail=True)["jobid"]
    run_jobs()
    failed = result(ada, jobid)
    assert (failed["jobstatus"], failed["jobresultcode"]) == (2, 533)
    assert failed["jobresult"] == {"errorcode": 533, "errortext": "no room for the gadget"}


def test_success_only(ada: SimpleNamespace, gadget) -> None:
    jobid = ada.api.call("cleanGadget", id=gadget("a", owner=ada).uuid)["jobid"]
    run_jobs()
    assert result(ada, jobid)["jobresult"] == {"success": True}


def test_an_object_that_the_job_removed_is_still_shown(ada: SimpleNamespace, gadget) -> None:
    row = gadget("a", owner=ada)
    jobid = ada.api.call("startGadget", id=row.uuid, remove=True)["jobid"]
    run_jobs()
    assert ada.api.call("listGadgets") == {}
    assert result(ada, jobid)["jobresult"]["gadget"]["id"] == str(row.uuid)


def test_the_result_shows_what_the_reader_may_see(ada: SimpleNamespace, root: SimpleNamespace, gadget) -> None:
    jobid = ada.api.call("startGadget", id=gadget("a", owner=ada).uuid)["jobid"]
    run_jobs()
    assert "internal" not in result(ada, jobid)["jobresult"]["gadget"]
    assert result(root, jobid)["jobresult"]["gadget"]["internal"] == "enabled"


def test_jobs_of_others_do_not_exist(ada: SimpleNamespace, bob: SimpleNamespace, person, gadget) -> None:
    jobid = ada.api.call("startGadget", id=gadget("a", owner=ada).uuid)["jobid"]
    with pytest.raises(ApiError) as caught:
        result(bob, jobid)
    assert caught.value.code == 431
    assert "Unable to find job" in caught.value.text
    stranger = person(domain_admin=True)
    with pytest.raises(ApiError):
        result(stranger, jobid)
    above = person(domain_admin=True, domain=ada.user.domain)
    assert result(above, jobid)["jobid"] == jobid


def test_lists_of_jobs(ada: SimpleNamespace, bob: SimpleNamespace, root: SimpleNamespace, gadget) -> None:
    row = gadget("a", owner=ada)
    first = ada.api.call("startGadget", id=row.uuid)["jobid"]
    second = ada.api.call("cleanGadget", id=row.uuid)["jobid"]
    run_jobs()
    jobs = ada.api.call("listAsyncJobs")
    assert jobs["count"] == 2
    assert [job["jobid"] for job in jobs["asyncjobs"]] == [second, first]
    assert jobs["asyncjobs"][1]["jobresult"]["gadget"]["name"] == "gadget-a"
    assert bob.api.call("listAsyncJobs") == {}
    assert root.api.call("listAsyncJobs") == {}
    assert root.api.call("listAsyncJobs", listall=True)["count"] == 2
    assert root.api.call("listAsyncJobs", listall=True, resourceid=row.uuid, resourcetype="role")["count"] == 2
    assert root.api.call("listAsyncJobs", listall=True, startdate="2100-01-01") == {}
    home = {"domainid": ada.caller.domain_uuid}
    assert root.api.call("listAsyncJobs", account=ada.caller.account_name, **home)["count"] == 2
    assert root.api.call("listAsyncJobs", **home)["count"] == 2
    assert root.api.call("listAsyncJobs", account=ada.caller.account_name) == {}
    assert bob.api.call("listAsyncJobs", account=ada.caller.account_name, **home) == {}


def test_the_events_of_a_job(ada: SimpleNamespace, gadget) -> None:
    ada.api.call("startGadget", id=gadget("a", owner=ada).uuid)
    run_jobs()
    events = Event.objects.filter(type="GADGET.START").order_by("id")
    assert [event.state for event in events] == ["Scheduled", "Started", "Completed"]


def test_jobs_of_a_domain_with_and_without_what_is_below_it(root: SimpleNamespace, person, gadget) -> None:
    upper = person()
    lower = person(domain=DomainFactory(parent=upper.user.domain))
    for owner in (upper, lower):
        owner.api.call("startGadget", id=gadget(owner.user.username, owner=owner).uuid)
    domain = upper.user.domain.uuid
    assert len(root.api.items("listAsyncJobs", listall=True, domainid=domain)) == 1
    assert len(root.api.items("listAsyncJobs", listall=True, domainid=domain, isrecursive=True)) == 2
    assert lower.api.items("listAsyncJobs", domainid=domain, isrecursive=True) == lower.api.items("listAsyncJobs")


def test_who_started_a_job_stops_it(ada: SimpleNamespace, bob: SimpleNamespace, gadget) -> None:
    row = gadget("a", owner=ada)
    jobid = ada.api.call("startGadget", id=row.uuid)["jobid"]
    with pytest.raises(ApiError, match="Unable to find job"):
        bob.api.call("cancelAsyncJob", jobid=jobid)
    plan = ada.api.call("cancelAsyncJob", jobid=jobid, plan=True)["plan"]
    assert [event["type"] for event in plan["events"]] == ["JOB.CANCEL"]
    assert not AsyncJob.objects.get(uuid=jobid).cancel_requested
    for _ in range(2):  # a client that asks again is told the same
        assert ada.api.call("cancelAsyncJob", jobid=jobid)["jobstatus"] == 0
    run_jobs()
    ended = result(ada, jobid)
    assert (ended["jobstatus"], ended["jobresult"]["errortext"]) == (2, "cancelled on request")
    with pytest.raises(ApiError, match="is cancelled and cannot be cancelled"):
        ada.api.call("cancelAsyncJob", jobid=jobid)
    told = Event.objects.get(type="JOB.CANCEL")
    assert (told.user_id, str(told.job_uuid), str(told.account_uuid)) == (ada.user.pk, jobid, ada.caller.account_uuid)


def test_what_an_operator_does_for_a_user_he_sees_and_does_not_stop(
    ada: SimpleNamespace, root: SimpleNamespace, person, gadget
) -> None:
    jobid = root.api.call("startGadget", id=gadget("a", owner=ada).uuid)["jobid"]
    AsyncJob.objects.filter(uuid=jobid).update(account_uuid=ada.caller.account_uuid)
    above = person(domain_admin=True, domain=ada.user.domain)
    assert result(ada, jobid)["jobstatus"] == 0
    for client, code in ((ada.api, 531), (above.api, 431)):
        with pytest.raises(ApiError) as caught:
            client.call("cancelAsyncJob", jobid=jobid)
        assert caught.value.code == code
    mine = ada.api.call("cleanGadget", id=gadget("b", owner=ada).uuid)["jobid"]
    assert above.api.call("cancelAsyncJob", jobid=mine)["jobid"] == mine
    assert root.api.call("cancelAsyncJob", jobid=jobid)["jobid"] == jobid
