"""Whether this machine takes no more work.

One byte of memory that a program shares with the processes it forks: read before every job and every call, written by
the heartbeat, which reads the row.
"""

import mmap
from datetime import UTC, datetime

BEGUN = datetime.now(UTC)
"""When this program was loaded; the processes that it forks have it from their parent."""

_shared = mmap.mmap(-1, 1)


def draining() -> bool:
    """Whether jobs are neither begun nor accepted on this machine."""
    return _shared[0] != 0


def set_draining(value: bool) -> None:
    _shared[0] = int(value)
