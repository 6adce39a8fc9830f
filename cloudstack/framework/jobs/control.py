"""What people do with jobs: cancel at the next step boundary, retry from the failed step."""

from django.db import transaction
from django.utils import timezone

from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type
from cloudstack.framework.jobs.bell import ring_on_commit
from cloudstack.framework.jobs.models import AsyncJob, JobLock, JobStep

JOB_CANCEL = event_type("JOB.CANCEL", "a job was asked to stop and to undo what it did")


class JobManager:
    """Operations on jobs that the caller may see."""

    @transaction.atomic
    def cancel(self, *, caller: Caller | None, job: AsyncJob) -> AsyncJob:
        """Ask the job to stop at its next step boundary and undo what it did; asking again changes nothing.

        Raises ``InvalidParameter`` when it has already ended or turned back.
        """
        forward = AsyncJob.objects.filter(pk=job.pk, status__in=AsyncJob.LIVE, phase=AsyncJob.Phase.FORWARD)
        asked = forward.filter(cancel_requested=False).update(cancel_requested=True, wake_at=timezone.now())
        job.refresh_from_db()
        if not asked and not (job.cancel_requested and job.is_live):
            is_now = "undoing what it did" if job.is_live else str(job.status)
            raise InvalidParameter(f"job {job.uuid} is {is_now} and cannot be cancelled", parameter="jobid")
        if asked:
            publish(
                JOB_CANCEL,
                caller=caller,
                description=f"Cancel {job.description or job.name}"[:255],
                resource=job,
                account_uuid=job.account_uuid,
                job_uuid=job.uuid,
            )
            ring_on_commit(job.pk, job.queue)
        return job

    @transaction.atomic
    def retry(self, *, caller: Caller, job: AsyncJob) -> AsyncJob:
        """Run a failed or cancelled job again from the step that failed; steps whose effect stayed are kept.

        Raises ``InvalidParameter`` when the job did not fail.
        """
        now = timezone.now()
        rows = AsyncJob.objects.filter(
            pk=job.pk, status__in=(AsyncJob.Status.FAILED, AsyncJob.Status.CANCELLED)
        ).update(
            status=AsyncJob.Status.PENDING,
            phase=AsyncJob.Phase.FORWARD,
            completed=None,
            cancel_requested=False,
            wake_at=now,
            undo_attempts=0,
            error_code=0,
            error_cs_code=0,
            error_text="",
            result=None,
        )
        if rows != 1:
            raise InvalidParameter(f"job {job.uuid} did not fail: it is {job.status}", parameter="jobid")
        job.steps.exclude(state=JobStep.State.DONE).update(
            state=JobStep.State.PENDING,
            attempts=0,
            started=None,
            finished=None,
            undo_started=None,
            undo_finished=None,
        )
        JobLock.objects.bulk_create(
            JobLock(job=job, name=name, exclusive=exclusive) for name, exclusive in job.lock_names
        )
        ring_on_commit(job.pk, job.queue)
        job.refresh_from_db()
        return job
