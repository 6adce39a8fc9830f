"""Processes of an installation of their own, whose database is a copy of the tests'."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.db import connection

REPO = Path(__file__).resolve().parents[3]

MIGRATE = """
import os
os.environ["CLOUDSTACK_PLUGINS_RETRY"] = "1"
import django
django.setup()
from django.apps import apps
from django.core.management import execute_from_command_line
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pathlib import Path
from cloudstack.runtime.config import REPO
# The core's tables are there, but perhaps no list of migrations.
recorder = MigrationRecorder(connection)
recorder.ensure_schema()
known = recorder.applied_migrations()
for config in apps.get_app_configs():
    if not config.name.startswith(("plugins.guests", "cloudstack_tea")):
        for path in Path(config.path).glob("migrations/[0-9]*.py"):
            if (config.label, path.stem) not in known:
                recorder.record_applied(config.label, path.stem)
execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
"""


def installation(folder: Path, **environment: str) -> dict[str, str]:
    """The environment of its processes; ``folder`` holds its database and its data."""
    with sqlite3.connect(connection.settings_dict["NAME"]) as source, sqlite3.connect(folder / "db.sqlite3") as copy:
        source.backup(copy)
    return os.environ | {
        "CLOUDSTACK_TEST_RUN": str(folder / "run"),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DJANGO_SETTINGS_MODULE": "cloudstack.settings.test",
        "PYTHONPATH": str(REPO),
        **environment,
    }


def run(program: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a Python program to its end, which must be a good one."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=REPO,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def answer(done: "subprocess.CompletedProcess[str]") -> Any:
    """The JSON in the last line of what it said."""
    return json.loads(done.stdout.splitlines()[-1])
