"""The last step: all checks, what launching does, and the launch; and what became of the latest attempt of a step."""

from typing import Any

from django.apps import apps

from apps.accounts.admin.panels import job_link
from apps.infrastructure.states import AllocationState
from apps.portal.pages.zone_setup.sections import Work
from apps.portal.pages.zone_setup.steps import BY_KEY, Step
from apps.portal.selectors.zone_checks import ADVICE, MISSING, OK, WAIT, zone_checks
from apps.portal.services.zone_setup import ZoneSetupManager, ensure_ready
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs.models import AsyncJob

COMMAND = "updateZone"
WORDS = {OK: "fine", ADVICE: "advice", WAIT: "not yet", MISSING: "missing"}
TONES = {OK: "good", ADVICE: "off", WAIT: "busy", MISSING: "bad"}


def launch(work: Work) -> None:
    """Enable the zone if nothing is lacking. Raises ``CloudError``."""
    zone = work.made_zone
    ensure_ready(zone_checks(caller=work.caller, zone=zone))
    if zone.allocation_state != AllocationState.ENABLED:
        work.call(COMMAND, id=zone.uuid, allocationstate=AllocationState.ENABLED.value)
    ZoneSetupManager().launched(caller=work.caller, setup=work.setup)


def launch_context(work: Work, *, plan: bool) -> dict[str, Any]:
    """The checks, why the button is disabled, and with ``plan`` what launching would do."""
    zone = work.made_zone
    is_launched = zone.allocation_state == AllocationState.ENABLED and work.setup.launched is not None
    checks = zone_checks(caller=work.caller, zone=zone)
    lacks = [check for check in checks if check.state in (MISSING, WAIT)]
    refusal = f"to be settled first: {', '.join(check.title for check in lacks)}" if lacks else ""
    if not work.allowed(COMMAND):
        refusal = f"your role does not admit {COMMAND}"
    context: dict[str, Any] = {
        "checks": [
            {"check": check, "word": WORDS[check.state], "tone": TONES[check.state], "at": BY_KEY.get(check.step)}
            for check in checks
        ],
        "is_launched": is_launched,
        "refusal": refusal,
        "is_live": not is_launched and any(check.state == WAIT for check in checks),
    }
    if plan and not is_launched and not refusal:
        try:
            answer = work.call(COMMAND, id=zone.uuid, allocationstate=AllocationState.ENABLED.value, plan="true")
            context["plan"] = answer.body["plan"]
        except CloudError as error:
            context["refusal"] = error.message
    return context


def failed_attempt(work: Work, at: Step) -> dict[str, Any] | None:
    """What a step made last, if that is gone again because its job failed; two statements."""
    keys = {section.key for section in at.sections}
    entry = next((one for one in reversed(work.setup.made) if one["section"] in keys), None)
    if entry is None:
        return None
    model: Any = apps.get_model(entry["kind"])
    if model.objects.filter(uuid=entry["uuid"]).exists():
        return None
    job = AsyncJob.objects.filter(resource_uuid=entry["uuid"], status=AsyncJob.Status.FAILED).order_by("-pk").first()
    if job is None:
        return None
    return {"name": entry["name"], "says": job.error_text, "job": job_link(job.uuid, "its job")}
