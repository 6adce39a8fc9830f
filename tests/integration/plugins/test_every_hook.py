"""Whatever is wrong with one hook, and whatever fails of what a hook gave: machines are deployed, pages open."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.integration.plugins import every_hook
from tests.integration.plugins.surroundings import answer, installation, run

WORK = """
import django, json, sys
django.setup()
from django.core.management import call_command
from django.test import Client
from apps.accounts.factories import AccountFactory, UserFactory
from apps.infrastructure.services.bulk import simulated_zone
from apps.notifications.services.alert_channels import send_new
from cloudstack.framework import doctor
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.measures import failures_of
from cloudstack.framework.plugins.services import start_managers
from cloudstack.framework.scheduler import runner
from cloudstack.pages import registry as sections
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from cloudstack.testing.tenants import client_of, signed_in
from tests.support.cloud import build_cloud, check_invariants

call_command("check", verbosity=0)
start_managers("worker")
cloud = build_cloud()

def said(ask):
    try:
        return ask()
    except ApiError as error:
        return error.text

job = cloud.deploy(cloud.admin)["jobid"]
run_jobs()
done = cloud.admin.call("queryAsyncJobResult", jobid=job)
check_invariants()
group = said(lambda: cloud.admin.call("createAffinityGroup", name="together", type="spilt together"))
run_jobs()
kept = cloud.deploy(cloud.admin, affinitygroupnames="together")["jobid"]
run_jobs()

user = UserFactory(account=cloud.account, username="anna")
user.set_password("a long password indeed")
user.save()
browser, operator = signed_in(user), signed_in(UserFactory(account=AccountFactory(root_admin=True)))
login = {"username": "anna", "password": "a long password indeed", "domain": cloud.account.domain.path}
codes = {}
for client, paths in (
    (browser, ["/", *(f"/{slug}/" for slug in sorted(one.slug for one in sections.sections()))]),
    (operator, ["/admin/", "/admin/compute/virtualmachine/", "/admin/infrastructure/host/"]),
):
    for path in paths:
        codes[path] = client.get(path, follow=True).status_code
raise_alert(AlertType.HOST, "fire", description="fire")
print(json.dumps({
    "statuses": {name: [s.enabled, s.error] for name, s in pm.statuses.items()},
    "deployed": done,
    "kept": cloud.admin.call("queryAsyncJobResult", jobid=kept).get("jobresult"),
    "machines": [sorted(one) for one in cloud.admin.items("listVirtualMachines")],
    "zones": said(lambda: cloud.api.call("listZones")),
    "theirs": said(lambda: cloud.api.items("listVirtualMachines")),
    "login": said(lambda: client_of(user).call("login", method="POST", **login)),
    "codes": codes,
    "mine": Client(raise_request_exception=False).get("/csgifts/").status_code,
    "doctor": [one.name for one in doctor.examine() if "spilt" in str(one.findings)],
    "alerts": send_new(),
    "tick": runner.run("csgifts.spill", forced=True),
    "health": runner.run("plugins.health", forced=True),
    "failures": sorted({f.hook for f in failures_of(["csgifts"])["csgifts"]}),
    "measures": sorted(hook for (plugin, hook), c in pm.measures.all().items() if plugin == "csgifts" and c.failures),
}, default=str))
import os
os._exit(0)
"""


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_no_hook_and_no_gift_keeps_the_portal_from_its_work(tmp_path: Path, django_db_setup: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the copy of the database is one of SQLite's")
    folder = every_hook.write(tmp_path / "plugins")
    done = run(WORK, installation(tmp_path, CLOUDSTACK_PLUGINS_PATH=str(folder)))
    seen = answer(done)
    states: dict[str, list[Any]] = seen["statuses"]
    for number, hook in enumerate(every_hook.ASKED_AT_START):
        enabled, error = states[f"csraise{number}"]
        assert not enabled and "ZeroDivisionError" in error, hook
        enabled, error = states[f"csodd{number}"]
        assert not enabled and hook in error, (hook, error)
    assert [name for name, (enabled, _) in states.items() if not enabled and not name.startswith("cs")] == []
    assert states["csgifts"] == [True, ""]
    # Machines are deployed; only what somebody relies on is refused, with the plugin's name.
    assert seen["deployed"]["jobresult"]["virtualmachine"]["state"] == "Running"
    assert "'spilt together' of plugin csgifts could not judge it" in seen["kept"]["errortext"]
    assert seen["zones"] == "the access check nobody of plugin csgifts failed, so that nobody knows whether you may"
    assert len(seen["machines"]) == 2 and not any("cups" in fields for fields in seen["machines"])
    assert seen["theirs"] == [] and seen["login"]["username"] == "anna"
    assert set(seen["codes"].values()) == {200} and len(seen["codes"]) > 15
    assert (seen["mine"], seen["health"], seen["tick"]) == (500, True, False)
    assert seen["doctor"] == ["spill"]
    # What failed is counted against the plugin and its hook.
    assert seen["measures"] == sorted(
        {
            "choose_host",
            "event_published",
            "job_finished",
            "override_config_value",
            "register_access_checks",
            "register_affinity_types",
            "register_alert_channels",
            "register_host_filters",
            "register_host_weighers",
            "register_login_backends",
            "register_response_fields",
        }
    )
    assert "plugin csgifts: its manager Spiller did not start" in done.stderr
