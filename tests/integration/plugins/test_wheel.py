"""A plugin as a wheel: built, installed, used, disabled with its data kept, enabled again, removed."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.integration.plugins import wheel
from tests.integration.plugins.surroundings import MIGRATE, REPO, answer, installation, run

LOOK = """
import json, sys, django
django.setup()
from apps.accounts.models import User
from apps.accounts.selectors import caller_of
from apps.accounts.services.bootstrap import ensure_default_roles, ensure_root
from cloudstack.api import registry
from cloudstack.api.dispatcher import dispatch
from cloudstack.celery import app
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.health import reports_of
from cloudstack.framework.scheduler import runner
from cloudstack.testing.jobs import run_jobs
from django.db import connection
from django.test import Client

ensure_root("admin", "Password-1")
admin = User.objects.get(username="admin")
caller = caller_of(admin)
client = Client()
client.force_login(admin, backend="apps.accounts.backends.DomainUserBackend")
seen = {}
status = pm.statuses.get("tea")
seen["status"] = status and [status.state, status.error, status.version, status.origin, status.place, status.kinds]
try:
    job = dispatch("pourTea", {"name": "Ann"}, caller).job_uuid
    run_jobs()
    seen["job"] = str(AsyncJob.objects.get(uuid=job).status)
except CloudError as error:
    seen["job"] = error.message
pages = {"list": "/admin/tea/cup/", "plugin": "/admin/plugins/tea/", "plugins": "/admin/plugins/", "health": "/healthz"}
seen["pages"] = {name: client.get(path).status_code for name, path in pages.items()}
seen["setting"] = client.get("/admin/plugins/tea/").content.decode().count("/admin/settings/tea.kettle/")
seen["ran"] = runner.run("tea.clear", forced=True)
seen["beat"] = "tea.clear" in app.conf.beat_schedule
seen["listed"] = registry.find("pourTea") is not None
with connection.cursor() as cursor:
    cursor.execute("SELECT name, steeped FROM tea_cup ORDER BY id")
    seen["cups"] = [[name, bool(steeped)] for name, steeped in cursor.fetchall()]
runner.run("plugins.health", forced=True)
seen["health"] = [report.problem for report in reports_of(["tea"]).get("tea", [])]
if CHOICE:
    seen["chosen"] = client.post("/admin/plugins/tea/", {"do": CHOICE, "typed": "tea"}).status_code
print(json.dumps(seen))
"""


def look(environment: dict[str, str], choice: str = "") -> Any:
    """What a process of the portal finds; at the end it enables or disables the plugin on the admin's page."""
    return answer(run(f"CHOICE = {choice!r}\n{LOOK}", environment))


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_a_wheel_from_outside(tmp_path: Path, django_db_setup: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the copy of the database is one of SQLite's")
    site, project = tmp_path / "site", wheel.write(tmp_path / "project")
    uv = [sys.executable, "-m", "uv", "--offline", "--no-cache"]
    subprocess.run([*uv, "build", "--wheel", "--out-dir", tmp_path / "dist", project], check=True, capture_output=True)
    [built] = (tmp_path / "dist").glob("*.whl")
    install = [*uv, "pip", "install", "--python", sys.executable, "--no-deps", "--target", site, built]
    subprocess.run(install, check=True, capture_output=True)
    environment = installation(tmp_path, PYTHONPATH=f"{REPO}:{site}")

    run(MIGRATE, environment)
    used = look(environment, "disable")
    assert used["status"] == ["enabled", "", "1.3", "package", "cloudstack-tea", ["features"]]
    assert used["pages"] == dict.fromkeys(used["pages"], 200)
    assert (used["job"], used["cups"]) == ("succeeded", [["Ann", True]])
    assert used["ran"] and used["beat"] and used["listed"]
    assert used["health"] == ["these need a value: tea.kettle"]
    assert used["setting"] == 2, "among its settings, and as one that needs a value"
    assert used["chosen"] == 302

    off = look(environment, "enable")
    assert off["status"][:2] == ["disabled", "disabled by the operator"]
    assert off["pages"] == {"list": 404, "plugin": 200, "plugins": 200, "health": 200}
    assert "pourTea does not exist" in off["job"]
    assert not off["ran"] and not off["beat"] and not off["listed"]
    assert off["cups"] == [["Ann", True]] and off["health"] == []

    on = look(environment)
    assert on["cups"] == [["Ann", True], ["Ann", True]] and on["pages"] == used["pages"]

    shutil.rmtree(site)
    gone = look(environment)
    assert gone["status"] is None and "pourTea does not exist" in gone["job"]
    assert gone["pages"] == {"list": 404, "plugin": 404, "plugins": 200, "health": 200}
    assert gone["cups"] == on["cups"]
