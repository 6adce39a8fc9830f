"""Carries out one claimed job: steps forward, and backwards when one fails. Each transition is stored.

What a crash leaves behind is always readable: a step in ``doing`` is verified by the next owner and then
kept or done again; a step in ``undoing`` is undone again.
"""

import logging
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from cloudstack.contracts.errors import DriverError
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import outcome, registry
from cloudstack.framework.jobs.bell import ring_on_commit
from cloudstack.framework.jobs.models import AsyncJob, JobStep
from cloudstack.framework.jobs.ownership import CancelledError, LeaseLostError, Ownership, claim
from cloudstack.framework.jobs.steps import JobContext, RetryLater, Step

log = logging.getLogger(__name__)

UNDO_BACKOFF_MAX_S = 300
LOAD_ATTEMPTS = 10
State = JobStep.State


def run(job_id: int) -> bool:
    """Claim the job and carry it as far as it goes; False when it was not to be had."""
    job = claim(job_id)
    if job is None:
        return False
    with (
        structlog.contextvars.bound_contextvars(job=str(job.uuid), workflow=job.name),
        calling(None, job.correlation_id),
        Ownership(job) as ownership,
    ):
        try:
            JobRunner(job, ownership).run()
        except LeaseLostError as lost:
            log.warning("stopped: %s", lost)
    return True


class ParkedError(Exception):
    """The job went back to the queue and will be woken later."""


class JobRunner:
    """One run of one job by its present owner."""

    def __init__(self, job: AsyncJob, ownership: Ownership):
        self.job = job
        self.own = ownership
        self.workflow = registry.get(job.name)()
        self.ctx = JobContext(job, ownership)
        self.rows = list(job.steps.all())
        self.steps = [cls() for cls in self.workflow.steps]
        job.step_count = len(self.rows)  # type: ignore[attr-defined]

    def run(self) -> None:
        try:
            if self.job.first_claim:  # type: ignore[attr-defined]
                outcome.announce_start(self.job)
            if not self._load():
                return
            if self.job.phase == AsyncJob.Phase.FORWARD:
                self._forward()
            if self.job.phase == AsyncJob.Phase.UNDO:
                self._backward()
        except ParkedError:
            log.info("job waits: %s", self.job.progress_text)

    def _load(self) -> bool:
        """Read the entities. A job that never acted fails at once; one that did is tried again."""
        try:
            if len(self.rows) != len(self.steps):
                raise CloudError(f"the workflow {self.job.name} has other steps than when the job began")
            self.workflow.load(self.ctx)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("the job could not read what it works on")
            if all(row.state in (State.PENDING, State.UNDONE) for row in self.rows):
                self._remember(error)
                with transaction.atomic():
                    outcome.finish(self.job, self.own, AsyncJob.Status.FAILED)
                return False
            self._park(self._undo_delay(), f"cannot read what the job works on: {error}", undo_failed=True)
        return True

    # Forward

    def _forward(self) -> None:
        for position, row in enumerate(self.rows):
            if row.state == State.DONE:
                continue
            step = self.steps[position]
            self.job.steps_done = position  # type: ignore[attr-defined]
            try:
                if row.state == State.DOING and self._verified(step):
                    self._store(row, State.DONE)
                    continue
                self._enter(row)
                step.do(self.ctx)
                self._store(row, State.DONE)
            except (LeaseLostError, ParkedError):
                raise
            except RetryLater as later:
                self._wait(step, row, later)
                return
            except CancelledError as cancelled:
                self._turn_back(row, cancelled, failed=row.state == State.DOING)
                return
            except Exception as error:
                self._step_failed(step, row, error)
                return
        self._succeed()

    def _succeed(self) -> None:
        try:
            with transaction.atomic():
                self.workflow.on_succeeded(self.ctx)
                outcome.finish(self.job, self.own, AsyncJob.Status.SUCCEEDED)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("the end of the job could not be written")
            self._remember(error)
            self.own.write(phase=AsyncJob.Phase.UNDO, **self._failure())

    def _failure(self) -> dict[str, Any]:
        job = self.job
        return {"error_code": job.error_code, "error_cs_code": job.error_cs_code, "error_text": job.error_text}

    def _verified(self, step: Step) -> bool:
        try:
            return step.verify(self.ctx)
        except DriverError as error:
            if error.retryable:
                self._park(5, f"cannot see whether it happened: {error}")
            return False

    def _enter(self, row: JobStep) -> None:
        """Store that the step begins, together with the data that earlier steps left."""
        percent = int(row.position * 100 / max(1, len(self.rows)))
        with transaction.atomic():
            self.own.boundary(progress=percent, progress_text=row.title[:255])
            if row.state != State.DOING:
                self._update(row, state=State.DOING, started=row.started or timezone.now(), error="")

    def _store(self, row: JobStep, state: str, **changes: Any) -> None:
        with transaction.atomic():
            self.own.write(
                data=self.ctx.data,
                result=self.job.result,
                resource_type=self.job.resource_type,
                resource_uuid=self.job.resource_uuid,
            )
            self._update(row, state=state, finished=timezone.now(), **changes)

    def _update(self, row: JobStep, **changes: Any) -> None:
        JobStep.objects.filter(pk=row.pk).update(**changes)
        for name, value in changes.items():
            setattr(row, name, value)

    def _wait(self, step: Step, row: JobStep, later: RetryLater) -> None:
        waited = (timezone.now() - (row.started or timezone.now())).total_seconds()
        if waited > step.patience_s:
            self._turn_back(row, CloudError(f"gave up after {int(waited)} s: {later}"), failed=True)
        else:
            self._park(later.seconds, str(later))

    def _step_failed(self, step: Step, row: JobStep, error: Exception) -> None:
        if isinstance(error, DriverError) and error.retryable and row.attempts + 1 < step.max_attempts:
            with transaction.atomic():
                self.own.fence()
                self._update(row, attempts=row.attempts + 1, error=str(error))
            self._park(2.0**row.attempts, f"tries again: {error}")
        if not isinstance(error, (DriverError, CloudError)):
            log.exception("step %s broke", row.name)
        self._turn_back(row, error, failed=True)

    def _turn_back(self, row: JobStep, error: Exception, *, failed: bool) -> None:
        """Store why the job turns round; from here it only undoes."""
        self._remember(error)
        with transaction.atomic():
            self.own.write(phase=AsyncJob.Phase.UNDO, data=self.ctx.data, **self._failure())
            if failed:
                self._update(row, state=State.FAILED, error=self.job.error_text, attempts=row.attempts + 1)

    def _remember(self, error: Exception) -> None:
        self.job.error_code, self.job.error_cs_code, self.job.error_text = outcome.describe(error)

    # Backwards

    def _backward(self) -> None:
        for row in reversed(self.rows):
            step = self.steps[row.position]
            if row.state in (State.PENDING, State.UNDONE) or not step.can_undo():
                continue
            try:
                with transaction.atomic():
                    self.own.write(progress_text=f"Undoing: {row.title}"[:255])
                    self._update(row, state=State.UNDOING)
                step.undo(self.ctx)
                self._store(row, State.UNDONE)
            except LeaseLostError:
                raise
            except Exception as error:
                log.exception("step %s could not be undone and will be tried again", row.name)
                self._park(self._undo_delay(), f"undoing {row.title!r} failed: {error}", undo_failed=True)
        status = AsyncJob.Status.CANCELLED if self.job.cancel_requested else AsyncJob.Status.FAILED
        with transaction.atomic():
            self.workflow.on_failed(self.ctx, self.job.error_text)
            outcome.finish(self.job, self.own, status)

    def _undo_delay(self) -> float:
        return min(2.0**self.job.undo_attempts, UNDO_BACKOFF_MAX_S)

    def _park(self, seconds: float, why: str, *, undo_failed: bool = False) -> None:
        """Give the job back to the queue, locks kept, and leave this run."""
        with transaction.atomic():
            self.own.write(
                status=AsyncJob.Status.PENDING,
                wake_at=timezone.now() + timedelta(seconds=seconds),
                lease_until=None,
                owner="",
                progress_text=why[:255],
                data=self.ctx.data,
                undo_attempts=self.job.undo_attempts + int(undo_failed),
            )
            ring_on_commit(self.job.pk, self.job.queue, delay_s=seconds)
        raise ParkedError
