"""How many SQL statements a job costs; a rise is a decision."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudstack.framework.jobs import AsyncJob, dispatch, engine
from tests.workflows.jobs.recording import ADMIRE, World

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


def statements(act: Callable[[], Any]) -> list[str]:
    """Without the marks of transactions, which are savepoints inside a test."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return [q["sql"] for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]


def test_a_job_of_one_step(world: World) -> None:
    made = statements(lambda: dispatch(ADMIRE))
    job = AsyncJob.objects.get()
    ran = statements(lambda: engine.run(job.pk))
    assert len(made) == 2, made
    # claim: row, row taken; steps; begin: row and step; end: step and row
    assert len(ran) == 7, ran


def test_each_further_step_costs_three(submit: Submit) -> None:
    job = submit()
    ran = statements(lambda: engine.run(job.pk))
    own = [sql for sql in ran if "configuration_configvalue" not in sql]
    # three steps: one begins with the job, two follow; each has a fenced transaction of its own; last words
    assert len(own) == 7 + 2 * 3 + 3 * 1 + 1, own


def test_locks_cost_what_they_must(submit: Submit) -> None:
    job = submit(ADMIRE, exclusive=["house:1", "house:2"], shared=["street"])
    ran = statements(lambda: engine.run(job.pk))
    more = 3 if connection.vendor == "postgresql" else 2
    assert len(ran) == 7 + more, ran


def test_a_message_for_a_finished_job_costs_one(submit: Submit) -> None:
    job = submit(ADMIRE)
    engine.run(job.pk)
    assert len(statements(lambda: engine.run(job.pk))) == 1
