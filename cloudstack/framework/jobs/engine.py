"""Carries out one claimed job: steps forward, and backwards when one fails. Each transition is stored.

What a crash leaves behind is always readable: a step in ``doing`` is verified by the next owner and then
kept or done again; a step in ``undoing`` is undone again. The end of a step and the beginning of the next one
are one transaction.
"""

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from cloudstack.contracts.errors import DriverError
from cloudstack.framework.context import calling
from cloudstack.framework.errors import CloudError, InternalError
from cloudstack.framework.jobs import outcome, registry
from cloudstack.framework.jobs.bell import ring_on_commit
from cloudstack.framework.jobs.models import AsyncJob, JobStep
from cloudstack.framework.jobs.ownership import CancelledError, LeaseLostError, Ownership, claim
from cloudstack.framework.jobs.steps import JobContext, RetryLater, Step, Workflow
from cloudstack.framework.rows import update_where

log = logging.getLogger(__name__)

BACKOFF_MAX_S = 300
VERIFY_AGAIN_S = 5
DATABASE_AWAY = (OperationalError, InterfaceError)
"""A deadlock, a locked file, a server that restarts: no fault of the step, so it is tried again."""
State = JobStep.State


def run(job_id: int) -> bool:
    """Claim the job and carry it as far as it goes; False when it was not to be had."""
    job = claim(job_id, on_first=outcome.announce_start)
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


def backoff_s(attempts: int) -> float:
    """Seconds to wait after the given number of failures: 1, 2, 4 … 300."""
    return float(min(2 ** min(attempts, 10), BACKOFF_MAX_S))


def worth_another_try(error: Exception) -> bool:
    return isinstance(error, DATABASE_AWAY) or (isinstance(error, DriverError) and error.retryable)


class ParkedError(Exception):
    """The job went back to the queue and will be woken later."""


class JobRunner:
    """One run of one job by its present owner."""

    workflow: Workflow
    steps: list[Step]

    def __init__(self, job: AsyncJob, ownership: Ownership):
        self.job = job
        self.own = ownership
        self.ctx = JobContext(job, ownership)
        self.rows = list(job.steps.all())
        self.unsaved: JobStep | None = None
        """A step that is done; its row says so with the next write of the job."""
        job.step_count = len(self.rows)  # type: ignore[attr-defined]

    def run(self) -> None:
        try:
            if not self._load():
                return
            if self.job.phase == AsyncJob.Phase.FORWARD:
                self._forward()
            if self.job.phase == AsyncJob.Phase.UNDO:
                self._backward()
        except ParkedError:
            log.info("job waits: %s", self.job.progress_text)

    # Before the steps

    def _load(self) -> bool:
        """Find the workflow and read the entities. A job that never acted fails at once; one that did waits."""
        try:
            self.workflow = registry.get(self.job.name)()
        except InternalError as error:
            # A plugin that is switched off, or a worker older than the portal: that is no failure of the job.
            return self._cannot_run(error, wait=not self.job.cancel_requested)
        self.steps = [cls() for cls in self.workflow.steps]
        try:
            if [row.name for row in self.rows] != [type(step).__name__ for step in self.steps]:
                raise CloudError(f"the workflow {self.job.name} has other steps than when the job began")
            self.workflow.load(self.ctx)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("the job could not read what it works on")
            return self._cannot_run(error, wait=isinstance(error, DATABASE_AWAY))
        return True

    def _cannot_run(self, error: Exception, *, wait: bool) -> bool:
        if wait or any(row.state not in (State.PENDING, State.UNDONE) for row in self.rows):
            delay = backoff_s(self.job.undo_attempts)
            self._park(delay, f"cannot read what the job works on: {self._words(error)}", undo_failed=True)
        if self.job.phase == AsyncJob.Phase.FORWARD:
            self._remember(error)
        with transaction.atomic():
            self.own.fence()
            self._last_words_without_load()
            status = AsyncJob.Status.CANCELLED if self.job.cancel_requested else AsyncJob.Status.FAILED
            outcome.finish(self.job, self.own, status)
        return False

    def _last_words_without_load(self) -> None:
        """Nothing may stay in a transitional state, so the workflow may try, although it could not load."""
        if not hasattr(self, "workflow"):
            return
        try:
            with transaction.atomic():
                self.workflow.on_failed(self.ctx, self.job.error_text)
        except Exception:
            log.exception("the workflow had no last words for a job that it could not load")

    # Forward

    def _forward(self) -> None:
        for row in self.rows:
            if row.state == State.DONE:
                continue
            self.job.steps_done = row.position  # type: ignore[attr-defined]
            try:
                self._advance(self.steps[row.position], row)
            except (LeaseLostError, ParkedError):
                raise
            except Exception as error:
                if not isinstance(error, (DriverError, CloudError, CancelledError)):
                    log.exception("step %s broke", row.name)
                self._turn_back(row, error)
                return
        self._succeed()

    def _advance(self, step: Step, row: JobStep) -> None:
        """Do one step. Raises what ends the way forward, ``ParkedError`` when the step is to be tried again."""
        self.ctx.again = row.started is not None
        try:
            if row.state != State.DOING or not self._verified(step):
                self._enter(row)
                step.do(self.ctx)
        except RetryLater as later:
            self._wait(step, row, later)
        except (DriverError, *DATABASE_AWAY) as error:
            if not worth_another_try(error) or row.attempts + 1 >= step.max_attempts:
                raise
            words = self._words(error)
            again = {"attempts": row.attempts + 1, "error": words}
            self._park(backoff_s(row.attempts), f"tries again: {words}", row=row, changes=again)
        self._store(row)

    def _verified(self, step: Step) -> bool:
        try:
            return step.verify(self.ctx)
        except DriverError as error:
            if error.retryable:
                raise RetryLater(VERIFY_AGAIN_S, f"cannot see whether it happened: {error}") from error
            return False

    def _enter(self, row: JobStep) -> None:
        """Store that the step begins, together with the end of the one before and the data that it left."""
        percent = int(row.position * 100 / max(1, len(self.rows)))
        with self._transition(boundary=True, progress=percent, progress_text=row.title[:255]):
            if row.state != State.DOING:
                self._update(row, state=State.DOING, started=row.started or timezone.now(), error="")

    def _store(self, row: JobStep) -> None:
        """The step is done. Nothing outside happens until that is stored with the next transition."""
        row.finished = timezone.now()
        self.unsaved = row

    @contextlib.contextmanager
    def _transition(self, *, boundary: bool = False, last: bool = False, **changes: Any) -> Iterator[None]:
        """One stored transition: the job's row under the fence, what steps left in it, the step that is done.

        ``last``: the body begins with writing the job's row itself.
        """
        done = self.unsaved
        with transaction.atomic():
            if not last:
                (self.own.boundary if boundary else self.own.write)(**self._facts(), **changes)
            if done is not None:
                update_where(JobStep, {"pk": done.pk}, {"state": State.DONE, "finished": done.finished})
            yield
        if done is not None:
            done.state, self.unsaved = State.DONE, None

    def _facts(self) -> dict[str, Any]:
        job = self.job
        return {
            "data": self.ctx.data,
            "result": job.result,
            "resource_type": job.resource_type,
            "resource_uuid": job.resource_uuid,
        }

    def _update(self, row: JobStep, **changes: Any) -> None:
        update_where(JobStep, {"pk": row.pk}, changes)
        for name, value in changes.items():
            setattr(row, name, value)

    def _wait(self, step: Step, row: JobStep, later: RetryLater) -> None:
        waited = (timezone.now() - (row.started or timezone.now())).total_seconds()
        if waited > step.patience_s:
            raise CloudError(f"gave up after {int(waited)} s: {later}") from later
        self._park(later.seconds, str(later))

    def _succeed(self) -> None:
        try:
            with self._transition(last=type(self.workflow).on_succeeded is Workflow.on_succeeded):
                self.workflow.on_succeeded(self.ctx)
                outcome.finish(self.job, self.own, AsyncJob.Status.SUCCEEDED)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("the end of the job could not be written")
            if isinstance(error, DATABASE_AWAY):
                self._park(backoff_s(0), f"tries again to end: {self._words(error)}")
            self._turn_back(None, error)

    def _turn_back(self, row: JobStep | None, error: Exception) -> None:
        """Store why the job turns round; from here it only undoes. ``row``: the step that did it."""
        self._remember(error)
        with self._transition(
            phase=AsyncJob.Phase.UNDO,
            # What ends the job stays true after a crash: a failure is none the less one if a cancel came too.
            cancel_requested=isinstance(error, CancelledError),
            error_code=self.job.error_code,
            error_cs_code=self.job.error_cs_code,
            error_text=self.job.error_text,
        ):
            if row is not None and row.state == State.DOING:
                words, attempts = self.job.error_text, row.attempts + 1
                self._update(row, state=State.FAILED, finished=timezone.now(), error=words, attempts=attempts)

    def _remember(self, error: Exception) -> None:
        code, cs_code, _ = outcome.describe(error)
        self.job.error_code, self.job.error_cs_code, self.job.error_text = code, cs_code, self._words(error)

    def _words(self, error: Exception) -> str:
        """What everybody may read of ``error``; the job's log keeps the rest for operators."""
        if not outcome.foreseen(error):
            with contextlib.suppress(DatabaseError), transaction.atomic():
                self.ctx.log(f"{type(error).__name__}: {error}")
        return outcome.describe(error)[2]

    # Backwards

    def _backward(self) -> None:
        for row in reversed(self.rows):
            step = self.steps[row.position]
            if row.state in (State.PENDING, State.UNDONE) or not step.can_undo():
                continue
            try:
                with transaction.atomic():
                    self.own.write(progress_text=f"Undoing: {row.title}"[:255])
                    self._update(row, state=State.UNDOING, undo_started=row.undo_started or timezone.now())
                step.undo(self.ctx)
                with self._transition():
                    self._update(row, state=State.UNDONE, undo_finished=timezone.now())
            except LeaseLostError:
                raise
            except RetryLater as later:
                self._park(later.seconds, f"undoing {row.title!r} waits: {later}")
            except Exception as error:
                log.exception("step %s could not be undone and will be tried again", row.name)
                why = f"undoing {row.title!r} failed: {self._words(error)}"
                self._park(backoff_s(self.job.undo_attempts), why, undo_failed=True)
        self._end_undone()

    def _end_undone(self) -> None:
        status = AsyncJob.Status.CANCELLED if self.job.cancel_requested else AsyncJob.Status.FAILED
        try:
            with transaction.atomic():
                self.own.fence()
                self.workflow.on_failed(self.ctx, self.job.error_text)
                outcome.finish(self.job, self.own, status)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("the end of the job could not be written and will be tried again")
            why = f"the end could not be written: {self._words(error)}"
            self._park(backoff_s(self.job.undo_attempts), why, undo_failed=True)

    def _park(
        self,
        seconds: float,
        why: str,
        *,
        undo_failed: bool = False,
        row: JobStep | None = None,
        changes: dict[str, Any] | None = None,
    ) -> None:
        """Give the job back to the queue, locks kept, and leave this run; ``changes`` go to the step's ``row``."""
        # A step that waits is a boundary too: a cancelled job does not sleep first.
        stoppable = self.job.phase == AsyncJob.Phase.FORWARD and not undo_failed and self.unsaved is None
        with self._transition(
            boundary=stoppable,
            status=AsyncJob.Status.PENDING,
            wake_at=timezone.now() + timedelta(seconds=seconds),
            lease_until=None,
            owner="",
            progress_text=why[:255],
            undo_attempts=self.job.undo_attempts + int(undo_failed),
        ):
            if row is not None and changes:
                self._update(row, **changes)
            ring_on_commit(self.job.pk, self.job.queue, delay_s=seconds)
        raise ParkedError
