"""Plugins that are wrong in one hook each, for every hook there is, and one whose hooks are well and whose gifts fail.

Written from the specifications, so that a new hook is tried without anybody thinking of it.
"""

import inspect
from pathlib import Path

from cloudstack.framework.plugins import hookspecs
from tests.integration.plugins import faults

SPECS = {
    name: function
    for module in hookspecs.ALL
    for name, function in vars(module).items()
    if inspect.isfunction(function) and hasattr(function, "cloudstack_spec")
}
"""Hook → its specification."""

TOLD = frozenset({"event_published", "job_finished", "override_config_value", "choose_host", "host_emptied"})
"""Hooks that are asked while the portal runs; all others are asked at start."""

ASKED_AT_START = sorted(SPECS.keys() - TOLD)

GIFTS = """
import types
from cloudstack.plugin import hookimpl
from cloudstack.plugin.access import AccessCheck
from cloudstack.plugin.alerts import AlertChannel
from cloudstack.plugin.doctor import DoctorCheck
from cloudstack.plugin.health import HealthCheck
from cloudstack.plugin.jobs import ScheduledJob
from cloudstack.plugin.managers import Manager
from cloudstack.plugin.metrics import Gauge


def spilt(*args, **kwargs):
    raise RuntimeError("spilt")


class Spiller(Manager):
    start = spilt


@hookimpl
def register_access_checks():
    return [AccessCheck(name="nobody", commands=("listZones", "deploy*"), refuse=spilt)]


@hookimpl
def register_response_fields():
    from cloudstack.plugin.api import INT, ResponseField
    return [ResponseField(object_name="virtualmachine", name="cups", load=spilt, help="cups", type=INT)]


@hookimpl
def register_host_filters():
    return [types.SimpleNamespace(name="spill", refuse=spilt)]


@hookimpl
def register_host_weighers():
    return [types.SimpleNamespace(name="spill", weight=5.0, weigh=spilt)]


@hookimpl
def choose_host(request, candidates):
    spilt()


@hookimpl
def register_affinity_types():
    return {"spilt together": types.SimpleNamespace(
        name="spilt together", domain_wide=False, admins_only=False, strict=True, refuse=spilt, weigh=spilt)}


@hookimpl
def register_login_backends():
    return [types.SimpleNamespace(name="spill", verify=spilt)]


@hookimpl
def register_alert_channels():
    return [AlertChannel("spill", spilt)]


@hookimpl
def register_doctor_checks():
    return [DoctorCheck("spill", spilt)]


@hookimpl
def register_health_checks():
    return [HealthCheck("spill", spilt)]


@hookimpl
def register_managers():
    return [Spiller()]


@hookimpl
def register_metrics():
    return [Gauge("csgifts_cups", "Cups.", read=spilt)]


@hookimpl
def register_scheduled_jobs():
    return [ScheduledJob("csgifts.spill", 60, spilt)]


@hookimpl
def register_urls():
    from django.urls import path
    return [path("csgifts/", spilt)]


@hookimpl
def event_published(event):
    spilt()


@hookimpl
def job_finished(job_uuid, workflow, status):
    spilt()


@hookimpl
def override_config_value(name):
    spilt()


@hookimpl
def host_emptied(host, payload):
    spilt()
"""


def write(folder: Path) -> Path:
    """Plugins ``csraise<n>`` (its hook raises) and ``csodd<n>`` (it gives what it must not), and ``csgifts``."""
    for number, hook in enumerate(ASKED_AT_START):
        faults.write_plugin(folder, f"csraise{number}", {"hooks.py": faults.HEAD + faults.hook(hook, "1 / 0")})
        odd = "{'Odd': object()}" if takes_dictionary(hook) else "[object()]"
        faults.write_plugin(folder, f"csodd{number}", {"hooks.py": faults.HEAD + faults.hook(hook, f"return {odd}")})
    faults.write_plugin(folder, "csgifts", {"hooks.py": GIFTS})
    return folder


def takes_dictionary(hook: str) -> bool:
    """Whether plugins return a dictionary from it, as its specification says."""
    return "Return ``{" in (inspect.getdoc(SPECS[hook]) or "")
