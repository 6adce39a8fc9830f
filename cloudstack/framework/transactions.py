"""Transactions that join a running one instead of nesting: a savepoint costs two round trips and protects nothing
where an error ends the whole transaction anyway."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db import OperationalError, close_old_connections, connection, transaction

log = logging.getLogger(__name__)
T = TypeVar("T")

DEADLOCK_ATTEMPTS = 4
DEADLOCK = "40P01"
"""PostgreSQL's state of a transaction that was ended so that others can go on, see its Appendix A."""


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Part of the running transaction, or one of its own. Who catches an error inside must roll the outer one back."""
    if connection.in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield


def drop_broken_connections() -> None:
    """Before each Celery task: connections outlive the message (CELERY_DB_REUSE_MAX), broken and old ones do not."""
    # A task that is called inside a transaction, as tests do, has its caller's connection.
    if not connection.in_atomic_block:
        close_old_connections()


def again_after_deadlock(work: Callable[[], T]) -> T:
    """What ``work``, one transaction of its own, answers; it is called again when PostgreSQL ended it for a deadlock.

    Such a transaction left nothing behind. Inside a running one the error goes on: all of that has to be repeated.
    """
    for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
        try:
            return work()
        except OperationalError as error:
            ended = getattr(error.__cause__, "sqlstate", "") == DEADLOCK
            if not ended or connection.in_atomic_block or attempt == DEADLOCK_ATTEMPTS:
                raise
            log.info("ended for a deadlock, attempt %s: %s", attempt, str(error).splitlines()[0])
    raise AssertionError("unreachable")
