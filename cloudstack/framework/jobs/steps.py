"""What the author of a workflow writes: steps with four moments, and the context that they share."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction

from cloudstack.framework.jobs.models import AsyncJob, JobLog

if TYPE_CHECKING:
    from cloudstack.framework.jobs.ownership import Ownership


class RetryLater(Exception):
    """Raised by ``do`` when it cannot act yet; the job sleeps for ``seconds`` and keeps its locks."""

    def __init__(self, seconds: float, why: str):
        super().__init__(why)
        self.seconds = seconds


class JobContext:
    """What steps know: the job, its arguments, the facts of earlier steps. ``load`` adds the entities.

    Attributes that a workflow sets live as long as one run; ``data`` is stored with each step.
    """

    def __init__(
        self,
        job: AsyncJob,
        ownership: "Ownership | None" = None,
        *,
        names_hosts: bool = True,
    ):
        self.job = job
        self.names_hosts = names_hosts
        """Whether the texts of plans may name hosts and pools: their reader runs the platform."""
        self.preview: dict[str, list[Any]] = {}
        """Structured facts that ``plan`` of steps leaves for the reader: name of the section → entries."""
        self.arguments: dict[str, Any] = job.arguments
        self.data: dict[str, Any] = job.data
        self.again = False
        """Whether the present step may have begun before: an owner died in it, or it is tried once more."""
        self._ownership = ownership
        self._in_transaction = False

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the workflow {self.job.name} has not put {name!r} into its context")

    @property
    def rehearses(self) -> bool:
        """Whether this is a plan: no worker owns the job, and all that is written is taken back."""
        return self._ownership is None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that only the present owner of the job can commit; inside another one it is part of that."""
        if self._in_transaction:
            yield
            return
        self._in_transaction = True
        try:
            with transaction.atomic():
                if self._ownership:
                    self._ownership.fence()
                yield
        finally:
            self._in_transaction = False

    def check(self) -> None:
        """Raise when the job was taken over or is to be cancelled; for long loops, at safe points only."""
        if self._ownership:
            self._ownership.check()

    def progress(self, percent: int, text: str = "") -> None:
        """Show how far the present step is, 0 to 100."""
        if self._ownership:
            self._ownership.show_progress(percent, text)

    def log(self, text: str) -> None:
        """Add a line that the operator reads; no secrets."""
        JobLog.objects.create(job=self.job, text=text[:1024])

    def set_result(self, **result: Any) -> None:
        """What ``queryAsyncJobResult`` answers for a job that has no resource to render."""
        self.job.result = result

    def set_resource(self, resource: models.Model) -> None:
        """Name the object that the job is about, when it is born only now."""
        self.job.resource_type = type(resource).__name__
        self.job.resource_uuid = resource.uuid  # type: ignore[attr-defined]


class Step:
    """One step: ``plan`` reads and may refuse, ``do`` acts, ``verify`` asks the world, ``undo`` reverses.

    ``do`` and ``undo`` are idempotent. A step that does not define ``undo`` leaves its effect in place.
    """

    title: ClassVar[str] = ""
    irreversible: ClassVar[str] = ""
    """What is lost for ever once the step is done, as a sentence; empty when nothing is."""
    max_attempts: ClassVar[int] = 3
    """How often ``do`` is tried when drivers say that trying again may help."""
    patience_s: ClassVar[float] = 900
    """How long ``do`` may ask for a later retry (``RetryLater``), counted from its first try."""

    def plan(self, ctx: JobContext) -> str:
        """What ``do`` would change, in a sentence; raises ``CloudError`` to refuse.

        Called in a transaction that is rolled back, after the plans of the steps before it: what ``do`` would change in
        the database it may really change there, so that later steps and the counters of limits show it. Nothing else.
        """
        return self.title

    def do(self, ctx: JobContext) -> None:
        raise NotImplementedError(f"{type(self).__name__} has nothing to do")

    def verify(self, ctx: JobContext) -> bool:
        """After a crash inside ``do``: did it happen completely? False has it done again."""
        return False

    def undo(self, ctx: JobContext) -> None:
        """Reverse what ``do`` did, wholly or in part."""

    @classmethod
    def can_undo(cls) -> bool:
        return cls.undo is not Step.undo


class Workflow:
    """An ordered list of steps under one name.

    ``on_succeeded`` and ``on_failed`` run in the transaction that ends the job: database only.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    steps: ClassVar[list[type[Step]]] = []

    def load(self, ctx: JobContext) -> None:
        """Read the entities into ``ctx``; called at each claim, before any step."""

    def rehearse(self, ctx: JobContext) -> None:
        """For plans, after those of the steps: change the counters of limits as the end of the job would."""

    def on_succeeded(self, ctx: JobContext) -> None:
        """Last words in the database when all steps are done."""

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Last words in the database when all steps are undone; also for a cancelled job."""
