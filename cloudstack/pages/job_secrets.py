"""What the end of a job tells to the one who asked for it, such as a new password: once a session, and on no page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cloudstack.api import registry as commands
from cloudstack.api.base import BaseAsyncCmd
from cloudstack.framework.jobs.models import AsyncJob

SHOWN = "portal_job_secrets"
"""Key of the session: UUIDs of jobs whose secret it has shown."""
REMEMBERED = 100
LABELS = {"password": _("Password")}


def told_by(request: HttpRequest, job: AsyncJob) -> Mapping[str, Any]:
    """Fields that only the job's result shows, for who asked for the job and has not been shown them."""
    caller = request.caller  # type: ignore[attr-defined]
    if job.status != AsyncJob.Status.SUCCEEDED or job.user_id != caller.user_id:
        return {}
    if str(job.uuid) in request.session.get(SHOWN, ()):
        return {}
    command = commands.find(job.command)
    if command is None or not issubclass(command, BaseAsyncCmd):
        return {}
    return command.job_extras([job], caller=caller).get(job.pk, {})


def remember(request: HttpRequest, job: AsyncJob) -> None:
    """Remember that the session has shown them."""
    request.session[SHOWN] = [*request.session.get(SHOWN, ()), str(job.uuid)][-REMEMBERED:]
