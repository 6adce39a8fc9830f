"""Transactions that join a running one instead of nesting: a savepoint costs two round trips and protects nothing
where an error ends the whole transaction anyway."""

import contextlib
from collections.abc import Iterator

from django.db import close_old_connections, connection, transaction


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
