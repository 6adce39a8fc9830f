"""The end of a job: its last row, its event, its locks, and who may go on now."""

from django.db import transaction
from django.utils import timezone

from cloudstack.contracts.errors import DriverError
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError, InternalError, ResourceUnavailable
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import locks, metrics
from cloudstack.framework.jobs.bell import ring
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.jobs.ownership import CancelledError, Ownership
from cloudstack.framework.plugins.manager import pm


def describe(error: Exception) -> tuple[int, int, str]:
    """API code, CloudStack's code and the words with which a job remembers why it failed."""
    if isinstance(error, CloudError):
        return error.code, error.cs_code, error.message
    if isinstance(error, DriverError):
        return ResourceUnavailable.code, ResourceUnavailable.cs_code, str(error)
    if isinstance(error, CancelledError):
        return CloudError.code, CloudError.cs_code, "cancelled on request"
    # The text of what nobody foresaw may hold rows, paths or names of others; the job's log keeps it for operators.
    return InternalError.code, InternalError.cs_code, f"internal error ({type(error).__name__})"


def foreseen(error: Exception) -> bool:
    """Whether the words of ``error`` are fit for the eyes of whoever may see the job."""
    return isinstance(error, (CloudError, DriverError, CancelledError))


def announce_start(job: AsyncJob) -> None:
    """Inside the first claim's transaction: the event that says a worker has taken the job."""
    if job.event_type:
        with calling(None, job.correlation_id):
            _publish(job, Event.State.STARTED, Event.Level.INFO, job.description)


def finish(job: AsyncJob, own: Ownership, status: str) -> None:
    """Inside the job's last transaction: status, event and locks; the waiting are rung after the commit."""
    failed = status != AsyncJob.Status.SUCCEEDED
    own.write(
        status=status,
        completed=timezone.now(),
        lease_until=None,
        owner="",
        progress=job.progress if failed else 100,
        progress_text="",
        data=job.data,
        result=job.result,
        resource_type=job.resource_type,
        resource_uuid=job.resource_uuid,
        error_code=job.error_code if failed else 0,
        error_cs_code=job.error_cs_code if failed else 0,
        error_text=job.error_text if failed else "",
    )
    if job.event_type:
        text = f"{job.description}: {job.error_text}" if failed else job.description
        _publish(job, Event.State.COMPLETED, Event.Level.ERROR if failed else Event.Level.INFO, text)
    locks.release(job)
    transaction.on_commit(lambda: _after(job), robust=True)


def _publish(job: AsyncJob, state: str, level: str, text: str) -> None:
    publish(
        job.event_type,
        description=text,
        state=state,
        level=level,
        user_id=job.user_id,
        account_uuid=job.account_uuid,
        resource_type=job.resource_type,
        resource_uuid=job.resource_uuid,
        job_uuid=job.uuid,
    )


def _after(job: AsyncJob) -> None:
    for job_id, queue in locks.next_in_line(job):
        ring(job_id, queue)
    metrics.count_finished(job)
    pm.tell("job_finished", job_uuid=str(job.uuid), workflow=job.name, status=str(job.status))
