"""Ties a process to its parent, so that nothing outlives what started it.

As a program: ``python -I tether.py SIGNAL [USER] -- COMMAND ARG…`` becomes COMMAND (as USER, if root names one) and
gets SIGNAL when its parent dies. It is started by path and imports little, because every supervised process pays for
it at its start.
"""

import ctypes
import os
import signal
import sys

PARENT_VARIABLE = "CLOUDSTACK_TETHER_PARENT"
"""Environment variable with the pid that must still be the parent when the tether takes effect."""

_PR_SET_PDEATHSIG = 1


def tether_command(signal_name: str, user: str | None = None) -> list[str]:
    """What to put before a command so that it gets ``signal_name`` (``"SIGTERM"``) when its parent dies."""
    return [sys.executable, "-I", os.path.abspath(__file__), signal_name, *([user] if user else []), "--"]


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
    cut = arguments.index("--") if "--" in arguments else 0
    before, command = arguments[:cut], arguments[cut + 1 :]
    if len(before) not in {1, 2} or not command:
        raise SystemExit("usage: tether.py SIGNAL [USER] -- COMMAND [ARGUMENT…]")
    if len(before) == 2:
        _become(before[1])
    # Only now: a change of user makes the kernel forget the request.
    parent = os.environ.pop(PARENT_VARIABLE, "")
    die_with_parent(signal.Signals[before[0]], expected_parent=int(parent) if parent else None)
    os.execvp(command[0], command)  # noqa: S606 - an argument list, no shell


def _become(user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main(sys.argv[1:])
