"""Trying a change out: everything is done in a transaction that is rolled back, and what happened is noted.

What runs inside needs no second version of its rules: the very code that would carry the change out is run. Caches of
the process must not keep what they read in a rehearsal (:func:`current` tells them); calls to external systems happen
in steps of jobs only, and a rehearsal runs no step.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

if TYPE_CHECKING:
    from cloudstack.framework.events.models import Event
    from cloudstack.framework.jobs.models import AsyncJob


@dataclass
class Rehearsal:
    """What was seen while the change was tried out."""

    jobs: "list[AsyncJob]" = field(default_factory=list)
    """Jobs that it would submit, in order."""
    events: "list[Event]" = field(default_factory=list)
    counters: dict[Any, int] = field(default_factory=dict)
    """Key of a counter of limits → its count before the change; the apps that count fill it."""


_current: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


def current() -> Rehearsal | None:
    """The rehearsal that is going on; None when all is meant."""
    return _current.get()


class _Over(Exception):
    """Ends the transaction."""


@contextlib.contextmanager
def rehearsing() -> Iterator[Rehearsal]:
    """Whatever the body changes in the database is undone at its end; nothing that waits for a commit happens."""
    rehearsal = Rehearsal()
    token = _current.set(rehearsal)
    try:
        with contextlib.suppress(_Over), transaction.atomic():
            yield rehearsal
            raise _Over
    finally:
        _current.reset(token)
