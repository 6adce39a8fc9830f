"""When the steps of a job ran, as bars on one line of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from django.utils.safestring import SafeString

from apps.accounts.admin.badges import badge, tone
from cloudstack.framework.jobs.models import AsyncJob, JobStep
from cloudstack.pages.columns import short_span

WIDTH = 1000
"""Units of the whole line."""
THINNEST = 6
"""Units of a bar that is too short to be seen."""
LONGEST_PAUSE = 0.2
"""Share of the time worked that a pause is drawn with at most: a job that was retried a day later stays readable."""
State = JobStep.State
UNDO = (State.UNDOING, State.UNDONE)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One stretch of time: ``x`` and ``width`` in units of the line, ``tone`` as of badges, ``says`` in words."""

    x: float
    width: float
    tone: str
    says: str


@dataclass
class Row:
    """A step with its bars. ``offset``: when it began, counted from the first step; empty when it has not."""

    step: JobStep
    offset: str = ""
    took: str = "–"
    undo_took: str = ""
    bars: list[Bar] = field(default_factory=list)

    @property
    def badge(self) -> SafeString:
        return badge(self.step.state)

    @property
    def tries(self) -> int:
        """How often it was begun; the engine counts those that failed."""
        ended_well = self.step.state in (State.DOING, State.DONE) or not self.step.error
        return self.step.attempts + int(self.step.started is not None and ended_well)


@dataclass(frozen=True)
class Timeline:
    """``shortened``: whether pauses are drawn shorter than they were."""

    rows: list[Row]
    total: str = ""
    shortened: bool = False


def timeline(job: AsyncJob, steps: Sequence[JobStep], *, now: datetime) -> Timeline:
    """The bars of ``steps``, those of undoing behind those of doing; what runs ends ``now``."""
    stretches = [stretch for step in steps for stretch in _stretches(job, step, now)]
    scale = _Scale([(begin, end) for _, begin, end, _, _ in stretches])
    rows = {step.pk: Row(step) for step in steps}
    for step, begin, end, colour, verb in stretches:
        row = rows[step.pk]
        took = short_span((end - begin).total_seconds())
        offset = f"+{short_span((begin - scale.begin).total_seconds())}"
        x, until = scale.place(begin), scale.place(end)
        width = max(until - x, THINNEST)
        row.bars.append(
            Bar(x=min(x, WIDTH - width), width=width, tone=colour, says=f"{step.title}: {verb} at {offset} for {took}")
        )
        if verb.startswith("und"):
            row.undo_took = took
        else:
            row.offset, row.took = offset, took
    return Timeline(list(rows.values()), scale.total, scale.shortened)


def _stretches(job: AsyncJob, step: JobStep, now: datetime) -> Iterable[tuple[JobStep, datetime, datetime, str, str]]:
    if step.started is None:
        return
    # A job that has ended does nothing any more, whatever a step's row had no time to say.
    latest = job.completed or now
    ended = step.finished or step.undo_started or latest
    # A step that was done at a later try still says what went wrong before.
    failed = step.state == State.FAILED or (step.state in UNDO and bool(step.error) and step.error == job.error_text)
    word = "doing" if step.state == State.DOING else "failed" if failed else "done"
    yield step, step.started, max(ended, step.started), tone(word), word
    if step.undo_started is not None:
        word = "undone" if step.undo_finished else "undoing"
        until = max(step.undo_finished or latest, step.undo_started)
        yield step, step.undo_started, until, "off" if step.undo_finished else "busy", word


class _Scale:
    """Moments to units of the line; pauses in which no step is busy take no more than their share."""

    def __init__(self, stretches: Sequence[tuple[datetime, datetime]]):
        self.total, self.shortened = "", False
        self._marks: list[tuple[datetime, float]] = []
        if not stretches:
            return
        busy = _merged(stretches)
        self.begin, end = busy[0][0], busy[-1][1]
        self.total = short_span((end - self.begin).total_seconds())
        worked = sum((stop - start).total_seconds() for start, stop in busy) or 1.0
        drawn = 0.0
        for index, (start, stop) in enumerate(busy):
            if index:
                pause = (start - busy[index - 1][1]).total_seconds()
                shown = min(pause, LONGEST_PAUSE * worked)
                self.shortened |= shown < pause
                drawn += shown
            self._marks.append((start, drawn))
            drawn += (stop - start).total_seconds()
            self._marks.append((stop, drawn))
        self._unit = WIDTH / (drawn or 1.0)

    def place(self, moment: datetime) -> float:
        for (left, left_at), (right, right_at) in pairwise(self._marks):
            if left <= moment <= right:
                whole = (right - left).total_seconds()
                part = (moment - left).total_seconds() / whole if whole else 0.0
                return round((left_at + part * (right_at - left_at)) * self._unit, 1)
        return float(WIDTH)


def _merged(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, stop in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
