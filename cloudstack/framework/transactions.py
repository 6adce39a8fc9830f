"""Transactions that join a running one instead of nesting: a savepoint costs two round trips and protects nothing
where an error ends the whole transaction anyway."""

import contextlib
from collections.abc import Iterator

from django.db import connection, transaction


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Part of the running transaction, or one of its own. Who catches an error inside must roll the outer one back."""
    if connection.in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield
