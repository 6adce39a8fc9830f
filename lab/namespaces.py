"""Kernel namespaces by system call: Python learnt unshare and setns only in 3.12, and we support 3.11."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

# An init finds the network namespace of the machine that made it open as this descriptor.
OUTER_NET_FD = 3

# The order matters: the mount namespace last, because /proc of the caller is needed to open the others.
_ENTER = (("net", NEWNET), ("uts", NEWUTS), ("pid", NEWPID), ("mnt", NEWNS))

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move the calling process into new namespaces. A new PID namespace holds for children only."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, fstype: str = "", flags: int = 0, options: str = "") -> None:
    """Mount `source` on `target` in the caller's mount namespace."""
    _check(
        _libc.mount(
            source.encode(),
            target.encode(),
            fstype.encode() or None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        f"mount {target}",
    )


def bind(source: str, target: str) -> None:
    """Show the folder `source` at `target`."""
    mount(source, target, flags=MS_BIND | MS_REC)


def detach(target: str) -> None:
    """Unmount lazily: gone from the tree now, freed when the last user lets go."""
    _check(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def enter(pid: int) -> None:
    """Join the network, UTS, PID (for children) and mount namespaces of process `pid`."""
    handles = [(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), flag) for name, flag in _ENTER]
    for handle, flag in handles:
        _check(_libc.setns(ctypes.c_int(handle), ctypes.c_int(flag)), f"setns of process {pid}")
        os.close(handle)


def _end_child(action: Callable[[], None]) -> NoReturn:
    """Run `action` in a forked child and end it without the parent's clean-up handlers."""
    try:
        action()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(127)
    os._exit(0)


def enter_net(handle: int) -> None:
    """Join the network namespace that the file descriptor `handle` holds."""
    _check(_libc.setns(ctypes.c_int(handle), ctypes.c_int(NEWNET)), "setns")


def run_inside(pid: int, argv: Sequence[str], *, env: dict[str, str] | None = None) -> int:
    """Run `argv` inside the namespaces of `pid` with our standard streams; its exit status (128+n for signal n)."""
    folder = os.getcwd()

    def go() -> None:
        enter(pid)
        child = os.fork()  # the child is the first process inside the PID namespace
        if child == 0:
            _end_child(lambda: _exec(argv, folder, env))
        os._exit(_status(os.waitpid(child, 0)[1]))

    outer = os.fork()
    if outer == 0:
        _end_child(go)
    return _status(os.waitpid(outer, 0)[1])


def _exec(argv: Sequence[str], folder: str, env: dict[str, str] | None) -> None:
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")
    os.execvpe(argv[0], list(argv), env if env is not None else dict(os.environ))  # noqa: S606


def _status(raw: int) -> int:
    code = os.waitstatus_to_exitcode(raw)
    return code if code >= 0 else 128 - code


def spawn_init(argv: Sequence[str], *, log: str, env: dict[str, str]) -> int:
    """Start `argv` as process 1 of new net, mount, UTS and PID namespaces; its PID as seen from here.

    It is a child of nobody we know (re-parented to the machine's own init), so it outlives the caller. Killing it
    ends every process in its PID namespace, and with them the other namespaces and what they hold.
    """
    reader, writer = os.pipe()
    launcher = os.fork()
    if launcher == 0:
        os.close(reader)
        _end_child(lambda: _launch(argv, log, env, writer))
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read().strip()
    os.waitpid(launcher, 0)
    if not answer.isdigit():
        raise OSError(answer or f"the host process did not start (see {log})")
    return int(answer)


def _launch(argv: Sequence[str], log: str, env: dict[str, str], writer: int) -> None:
    try:
        os.setsid()
        outer = os.open("/proc/self/ns/net", os.O_RDONLY)
        unshare(NEWNET | NEWNS | NEWUTS | NEWPID)
    except OSError as error:
        os.write(writer, str(error).encode())
        return
    child = os.fork()
    if child:
        os.write(writer, str(child).encode())
        return
    os.chdir("/")
    streams = (os.open("/dev/null", os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640))
    os.dup2(streams[0], 0)
    os.dup2(streams[1], 1)
    os.dup2(streams[1], 2)
    os.dup2(outer, OUTER_NET_FD)
    os.closerange(OUTER_NET_FD + 1, 4096)
    os.execve(argv[0], list(argv), env)  # noqa: S606
