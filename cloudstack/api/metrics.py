"""Figures of commands: how often each is called by which door, how that ends, and how long it takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cloudstack.framework.errors import CloudError
from cloudstack.framework.metrics import Counter, register

CALLS = Counter(
    "cloudstack_api_commands_total",
    "Commands that were carried out, refused (the caller's fault) or failed (ours), by door.",
    ("command", "door", "outcome"),
    most=5000,
)
SECONDS = Counter(
    "cloudstack_api_command_seconds_total",
    "Time that commands took to be answered.",
    ("command",),
    most=2000,
    resolution=1e-6,
)
register(CALLS, SECONDS)


@contextmanager
def counting(command: str, door: str) -> Iterator[None]:
    """Count one command whose execution is inside; errors pass."""
    begun, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    except CloudError as error:
        outcome = "refused" if error.code < 500 else "failed"
        raise
    finally:
        CALLS.add(command=command, door=door, outcome=outcome)
        SECONDS.add(time.perf_counter() - begun, command=command)
