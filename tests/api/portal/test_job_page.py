"""The page of a job that is going on: who started it stops it there."""

import pytest
from django.test import Client

from apps.accounts.factories import UserFactory
from apps.accounts.models import User
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs


@pytest.fixture
def job(anna: User) -> AsyncJob:
    # No workflow of this name is there: it waits for one, as for a plugin that was taken out.
    return AsyncJob.objects.create(name="x.y", description="Start lamp", user=anna, account_uuid=anna.account.uuid)


def test_a_job_is_cancelled_on_its_page(signed_in: Client, job: AsyncJob) -> None:
    url = f"/jobs/{job.uuid}/"
    page = signed_in.get(url, {"part": "live"}).text
    assert f'action="{url}cancel/"' in page and "disabled" not in page
    assert signed_in.get(f"{url}cancel/").status_code == 302
    job.refresh_from_db()
    assert not job.cancel_requested
    assert signed_in.post(f"{url}cancel/")["Location"] == url
    job.refresh_from_db()
    assert job.cancel_requested
    page = signed_in.get(url).text
    assert "disabled" in page and "It stops at the end of its present step" in page
    run_jobs()
    assert f"{url}cancel/" not in signed_in.get(url).text
    assert "is cancelled and cannot be cancelled" in signed_in.post(f"{url}cancel/", follow=True).text


def test_a_job_that_an_administrator_started_says_who_may_cancel_it(
    signed_in: Client, job: AsyncJob, root: User
) -> None:
    AsyncJob.objects.update(user=root)
    page = signed_in.get(f"/jobs/{job.uuid}/").text
    assert "disabled" in page and "An administrator started it" in page
    signed_in.post(f"/jobs/{job.uuid}/cancel/")
    stranger = Client()
    stranger.force_login(UserFactory())
    stranger.post(f"/jobs/{job.uuid}/cancel/")
    job.refresh_from_db()
    assert not job.cancel_requested


def test_a_job_that_nobody_started_blames_no_administrator(signed_in: Client, job: AsyncJob) -> None:
    AsyncJob.objects.update(user=None)
    page = signed_in.get(f"/jobs/{job.uuid}/").text
    assert "disabled" in page and "No user started it; an administrator can cancel it." in page
    page = signed_in.get(f"/jobs/{job.uuid}/", headers={"Accept-Language": "de"}).text
    assert "Kein Benutzer hat ihn begonnen; ein Verwalter kann ihn abbrechen." in page
