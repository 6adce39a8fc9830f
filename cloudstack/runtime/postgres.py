"""A private PostgreSQL cluster for tests and measurements: unix socket only, no durability, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from cloudstack.runtime.folders import make_private, near_or_short
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command

_SOCKET_NAME = ".s.PGSQL.5432"
_DATABASE = "cloudstack"
_START_SECONDS = 30.0
# Followed by the owner's pid; private, made with mode 700.
_FALLBACK = Path("/tmp/cloudstack-pg-")  # noqa: S108
_INITDB = ["-U", "cloudstack", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
# Durability is off because the cluster does not outlive the run; no checkpoint is to fall into a measurement.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
}


class PostgresMissing(RuntimeError):
    """No PostgreSQL server program on this machine; the message says what to install."""


def programs() -> Path:
    """The newest installed folder that holds ``initdb`` and ``postgres``."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found.sort(key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise PostgresMissing("no PostgreSQL server found (Debian: apt-get install postgresql)")
    return found[0]


def _ordinary_user() -> str | None:
    """As root: the user who may run the server, because it refuses root. Otherwise None: this very user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


@contextmanager
def private_postgres(directory: Path) -> Iterator[str]:
    """Run a cluster that belongs to this block; yields the ``DATABASE_URL`` of an empty database in it.

    ``directory`` must not exist or be empty; it is removed at the end. The server dies with this process too.
    Raises :class:`PostgresMissing`, or ``RuntimeError`` with the server's own words.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    user = _ordinary_user()
    bin_dir = programs()
    # The data lie where the ordinary user can walk to; a checkout below /root is closed to it.
    home = near_or_short(directory, _SOCKET_NAME)
    if user is not None and not _reachable(home, user):
        _remove_orphans()
        home = _FALLBACK.with_name(f"{_FALLBACK.name}{os.getpid()}")
    if home != directory:
        make_private(home)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    home.chmod(0o700)
    try:
        with _running(home, bin_dir, user) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _running(home: Path, bin_dir: Path, user: str | None) -> Iterator[str]:
    cluster = home / "data"
    # Only the new process changes its user; what is left is that user's own, tied to this process.
    tether = tether_command("SIGINT", user)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"LC_ALL": "C.UTF-8", PARENT_VARIABLE: str(os.getpid())}
    made = subprocess.run(
        [*tether, bin_dir / "initdb", "-D", cluster, *_INITDB],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr.strip()[-500:]}")
    log = home / "postgres.log"
    options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*tether, bin_dir / "postgres", "-D", cluster, "-k", home, *options],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _create_database(home, server, log)
        yield f"postgres://cloudstack@{quote(str(home), safe='')}:5432/{_DATABASE}"
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _create_database(home: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with psycopg.connect(host=str(home), user="cloudstack", dbname="postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {_DATABASE}")
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.05)


def _remove_orphans() -> None:
    """Remove what owners left that were killed; their servers died with them."""
    for folder in _FALLBACK.parent.glob(f"{_FALLBACK.name}*"):
        pid = folder.name.removeprefix(_FALLBACK.name)
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _reachable(folder: Path, user: str) -> bool:
    """Whether ``user`` may walk down to ``folder``."""
    entry = pwd.getpwnam(user)
    for parent in folder.parents:
        found = parent.stat()
        owned = found.st_uid == entry.pw_uid and found.st_mode & 0o100
        if not (owned or found.st_mode & 0o001):
            return False
    return True
