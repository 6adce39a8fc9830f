"""A process that serves, in tests: plugins' managers are started and stopped as the platform does it."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloudstack.framework.plugins.services import Program, start_managers, stop_managers


@contextmanager
def serving(program: Program = "worker") -> Iterator[None]:
    """Inside, the managers of all plugins in service are started, as in a ``web`` or ``worker`` process."""
    start_managers(program)
    try:
        yield
    finally:
        stop_managers()
