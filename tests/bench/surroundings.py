"""A private database, broker and workers for one run of measurements."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloudstack.runtime.collector import settle
from cloudstack.runtime.postgres import private_postgres
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command
from cloudstack.runtime.valkey import private_valkey

REPO = Path(__file__).resolve().parent.parent.parent
WORKERS = 2


@contextmanager
def surroundings() -> Iterator[Path]:
    """Everything that the platform needs, on PostgreSQL, in a folder that is gone afterwards. Django is set up."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudstack-bench-")))
        url = stack.enter_context(private_postgres(folder / "postgres"))
        broker = stack.enter_context(private_valkey(folder / "valkey"))
        os.environ.update(
            DATABASE_URL=url,
            REDIS_URL=broker,
            CLOUDSTACK_DATA=str(folder / "data"),
            DJANGO_SETTINGS_MODULE="cloudstack.settings.production",
            LOG_LEVEL="ERROR",
            ALLOWED_HOSTS="testserver,127.0.0.1",
        )
        (folder / "data").mkdir()
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        # As in every process that serves.
        settle()
        yield folder


@contextmanager
def process(folder: Path, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A child of this run; it is ended with it."""
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [*tether_command("SIGKILL"), sys.executable, "-m", *arguments],
            cwd=REPO,
            env=os.environ | {PARENT_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def workers(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker with two processes that answers."""
    from cloudstack.celery import app

    options = ["-Q", "jobs", "-P", "prefork", "-c", str(WORKERS), "-l", "ERROR", "--include", "tests.bench.noop"]
    options += ["--without-gossip", "--without-mingle"]
    with process(folder, "worker", "celery", "-A", "cloudstack", "worker", *options) as child:
        deadline = time.monotonic() + 60
        while not app.control.ping(timeout=0.5):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "worker.log").read_text()[-2000:])
        yield child
