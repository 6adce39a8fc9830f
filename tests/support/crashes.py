"""Crash points of the core's own operations, divided among the databases that the suite runs on."""

import os
from collections.abc import Callable
from typing import Any

from django.db import connection

from cloudstack.testing import crashes
from cloudstack.testing.crashes import Crash, CrashPoints

__all__ = ["Crash", "CrashPoints", "crash_everywhere"]


def crash_everywhere(
    operation: Callable[[], Any], check: Callable[[Any, str], None], *, most: int = 300, every: int = 1
) -> list[str]:
    """The kit's ``crash_everywhere`` at half of all points.

    Most of bin/test is spent here, and it runs on two databases: SQLite takes the odd points and PostgreSQL the even
    ones; ``CRASH_POINTS=all`` has either take all. ``every``: of a long operation only each so many of these points.
    """
    first, step = (1, 1) if os.environ.get("CRASH_POINTS") == "all" else (1 + (connection.vendor == "postgresql"), 2)
    return crashes.crash_everywhere(operation, check, most=most, first=first, step=step * every if step > 1 else step)
