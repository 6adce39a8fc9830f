"""Jobs as operators look at them: found by what they are about, and told step by step."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factories import AccountFactory
from apps.portal.admin.job_timeline import WIDTH, timeline
from cloudstack.framework.jobs.models import AsyncJob, JobStep
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

JOBS = "/admin/jobs/asyncjob/"


def listed(client: Client, **chosen: Any) -> list[AsyncJob]:
    return list(client.get(JOBS, chosen).context["cl"].result_list)


def test_jobs_are_filtered_by_kind_state_owner_and_command(operator: Client, machines: list[str]) -> None:
    other = AccountFactory(name="somebody")
    one = AsyncJob.objects.create(
        name="x", command="stopRouter", resource_type="Router", status="failed", account_uuid=other.uuid
    )
    page = operator.get(JOBS).content.decode()
    for word in ("?resource_type=Router", "?command=stopRouter", "?command=deployVirtualMachine", "?workflow=x"):
        assert word in page, word
    assert listed(operator, resource_type="Router") == listed(operator, command="stopRouter") == [one]
    assert listed(operator, status__exact="failed") == listed(operator, workflow="x") == [one]
    assert listed(operator, account="somebody") == listed(operator, account=str(other.uuid)) == [one]
    assert listed(operator, account="nobody") == listed(operator, account="somebody", command="x") == []
    assert len(listed(operator, resource_type="VirtualMachine", command="deployVirtualMachine")) == len(machines)
    # The field keeps what else is chosen.
    kept = operator.get(JOBS, {"command": "stopRouter", "account": "somebody"}).content.decode()
    assert '<input type="hidden" name="command" value="stopRouter">' in kept and 'value="somebody"' in kept


def test_every_filter_of_jobs_has_an_index(operator: Client, machines: list[str], subtests: Any) -> None:
    job = AsyncJob.objects.latest("pk")
    # Enough others, so that the planner has something to avoid, whatever it knows of the table from tests before.
    AsyncJob.objects.bulk_create(
        AsyncJob(name=f"n{n}", command=f"c{n}", resource_type=f"r{n}", status="failed", account_uuid=uuid4())
        for n in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for name, value in (
        ("resource_type", job.resource_type),
        ("command", job.command),
        ("status__exact", job.status),
        ("workflow", job.name),
        ("account", job.account_uuid),
    ):
        with subtests.test(name=name):
            with CaptureQueriesContext(connection) as captured:
                assert operator.get(JOBS, {name: value}).status_code == 200
            sqls = [row["sql"] for row in captured]
            page = [sql for sql in sqls if 'FROM "jobs_asyncjob"' in sql and "ORDER BY" in sql]
            jumps = [sql for sql in sqls if "WITH RECURSIVE" in sql]
            assert len(page) == 1 and len(jumps) == 1
            for sql in (*page, *jumps):
                assert "job_" in how(sql) and not reads_all(how(sql)), how(sql)


def how(sql: str) -> str:
    """How the database answers a statement. Three rows are cheap to sort: asked is whether they must be."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in ("bitmapscan", "sort", "hashjoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {'' if connection.vendor == 'postgresql' else 'QUERY PLAN '}{sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def reads_all(plan: str) -> bool:
    return re.search(r"Seq Scan on jobs_asyncjob|SCAN jobs_asyncjob$|TEMP B-TREE|Sort Key", plan, re.M) is not None


def test_a_step_that_fails_and_what_is_undone_stand_on_the_timeline(operator: Client, cloud: SimulatedCloud) -> None:
    cloud.admin.call("configureSimulator", name="StartCommand", value="fault:no power", count=50)
    cloud.deploy(name="unlucky", diskofferingid=cloud.disk_offering.uuid)
    run_jobs()
    job = AsyncJob.objects.latest("pk")
    assert job.status == "failed"
    rows = {row.step.name: row for row in timeline(job, list(job.steps.all()), now=timezone.now()).rows}
    assert [bar.tone for bar in rows["StartGuest"].bars] == ["bad", "off"]
    assert [bar.tone for bar in rows["ChooseHost"].bars] == ["good", "off"]
    host, guest = rows["ChooseHost"].bars, rows["StartGuest"].bars
    # Done in their order, undone backwards.
    assert host[0].x <= guest[0].x <= guest[1].x <= host[1].x
    assert all(0 <= bar.x and bar.x + bar.width <= WIDTH for row in rows.values() for bar in row.bars)
    page = operator.get(f"{JOBS}{job.uuid}/change/").content.decode()
    assert page.count("<svg viewBox=") == len(rows)
    assert f"{rows['StartGuest'].step.title}: failed at +" in page and "undone at +" in page


def test_a_pause_of_a_day_does_not_hide_the_work() -> None:
    begin = timezone.now() - timedelta(days=1)
    job = AsyncJob(status="running")
    first = JobStep(pk=1, title="a", state="done", started=begin, finished=begin + timedelta(seconds=10))
    second = JobStep(pk=2, title="b", state="doing", started=timezone.now() - timedelta(seconds=10))
    third = JobStep(pk=3, title="c")
    told = timeline(job, [first, second, third], now=timezone.now())
    assert told.shortened and told.total == "1 day"
    assert [bar.width > WIDTH / 3 for row in told.rows[:2] for bar in row.bars] == [True, True]
    assert told.rows[2].bars == [] and told.rows[2].tries == 0
    assert [row.offset for row in told.rows] == ["+0 ms", "+23 h 59 min", ""]
