"""Ties a process to its parent, so that nothing outlives what started it.

As a program: ``python -I tether.py SIGNAL -- COMMAND ARG…`` becomes COMMAND and gets SIGNAL when its parent dies.
It is started by path and imports little, because every supervised process pays for it at its start.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(signum: int, *, expected_parent: int | None = None) -> None:
    """Ask the kernel to send ``signum`` to this process when the thread that forked it dies.

    Survives exec, not fork. Outside Linux it does nothing. With ``expected_parent`` (a pid) the process leaves at
    once if that parent died before the request took effect.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if expected_parent is not None and os.getppid() != expected_parent:
        raise SystemExit(128 + int(signum))


def main(arguments: list[str]) -> None:
    """Become the command after ``--``, tied to the parent."""
    if len(arguments) < 3 or arguments[1] != "--":
        raise SystemExit("usage: tether.py SIGNAL -- COMMAND [ARGUMENT…]")
    parent = os.environ.get("CLOUDSTACK_TETHER_PARENT")
    die_with_parent(signal.Signals[arguments[0]], expected_parent=int(parent) if parent else None)
    os.execvp(arguments[2], arguments[2:])  # noqa: S606 - an argument list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
