"""Keeps a test process apart from any installation: its own data folder and its own Redis socket."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

RUN_VARIABLE = "CLOUDSTACK_TEST_RUN"
"""Environment variable with the folder of this test run; child processes inherit it and so share data and broker."""

MIGRATED_VARIABLE = "CLOUDSTACK_TEST_MIGRATED"
"""Environment variable with the folder in which the phases of ``bin/test`` share a migrated database."""

_PREFIX = "cloudstack-test-"


def isolate() -> Path:
    """Point ``CLOUDSTACK_DATA`` and ``REDIS_URL`` into the folder of this test process; returns that folder.

    The settings of the tests call this before they read the environment. The server behind ``REDIS_URL`` is started
    by the fixture ``private_valkey_url``. Parallel pytest workers get a folder each. The operator's own ``REDIS_URL``
    is never used, because tests flush it.
    """
    run = os.environ.get(RUN_VARIABLE)
    if run is None:
        _remove_orphans()
        run = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
        os.environ[RUN_VARIABLE] = run
        atexit.register(_remove, run, os.getpid())
    folder = Path(run) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    # The static files are looked for at start, be there any or not.
    (folder / "data" / "static").mkdir(parents=True, exist_ok=True)
    os.environ["CLOUDSTACK_DATA"] = str(folder / "data")
    os.environ["REDIS_URL"] = f"unix://{folder / 'valkey.sock'}"
    return folder


def _remove_orphans() -> None:
    """Remove what test processes left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _remove(run: str, maker: int) -> None:
    # A forked child runs the same exit handlers, but the folder belongs to the process that made it.
    if os.getpid() == maker:
        shutil.rmtree(run, ignore_errors=True)
