"""The pages: set-ups under way, and one step of one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from apps.accounts.admin.panels import link_to
from apps.infrastructure.models import Zone
from apps.infrastructure.selectors import zones_visible_to
from apps.portal.models import ZoneSetup
from apps.portal.pages.access import caller_allowed
from apps.portal.pages.zone_setup.forms import SectionForm, initial_of
from apps.portal.pages.zone_setup.launch import failed_attempt, launch, launch_context
from apps.portal.pages.zone_setup.sections import Section, Work
from apps.portal.pages.zone_setup.steps import BY_KEY, Step, entries, next_step, resume_at
from apps.portal.selectors.zone_setup import (
    with_progress,
    zone_setup_get,
    zone_setups_visible_to,
    zones_in_no_setup,
)
from apps.portal.services.zone_setup import ZoneSetupManager
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError
from cloudstack.framework.transactions import again_after_deadlock

COMMAND = "createZone"
"""Whose role admits it may set zones up."""
MOST_SETUPS = 50
LIVE_PARTS = {"1": "admin/zone_setup/live.html", "steps": "admin/zone_setup/steps.html"}
"""What the address asks for → the part of the page that is answered alone."""


def setups(request: HttpRequest) -> HttpResponse:
    """The zones being set up, and where each goes on; four statements whatever their number."""
    caller = caller_allowed(request, COMMAND)
    found = list(zone_setups_visible_to(caller=caller).filter(launched__isnull=True).order_by("-updated")[:MOST_SETUPS])
    zones = {zone.pk: zone for zone in with_progress(Zone.objects.filter(pk__in=[one.zone_id for one in found]))}
    rows = []
    for setup in found:
        zone = zones.get(setup.zone_id) if setup.zone_id else None
        at = BY_KEY.get(setup.step, resume_at(zone)) if zone is None else resume_at(zone)
        rows.append(
            {
                "setup": setup,
                "zone": link_to(zone, zone.name) if zone else None,
                "is_gone": setup.zone_id is not None and zone is None,
                "done": sum(entry.state == "done" for entry in entries(zone)),
                "at": at,
                "url": _url(setup.uuid, at),
            }
        )
    context = {
        **admin.site.each_context(request),
        "title": "Set up a zone",
        "rows": rows,
        "steps": len(BY_KEY),
        "waiting": list(zones_in_no_setup(caller=caller).order_by("-pk")[:MOST_SETUPS]),
    }
    return TemplateResponse(request, "admin/zone_setup/setups.html", context)


def begin(request: HttpRequest) -> HttpResponse:
    """A new set-up: nothing is stored before the first form is sent."""
    caller_allowed(request, COMMAND)
    return HttpResponseRedirect(_url(uuid4(), BY_KEY["zone"]))


def step(request: HttpRequest, uuid: UUID, key: str) -> HttpResponse:
    """One step: its form, what it has made, and with ``live=1`` only the part that changes."""
    caller = caller_allowed(request, COMMAND)
    at = BY_KEY.get(key)
    if at is None:
        raise Http404(f"a set-up has no step {key}")
    setup = zone_setup_get(caller=caller, uuid=uuid)
    if setup is None and (at.key != "zone" or request.GET.get("live")):
        messages.warning(request, "That set-up is not there (any more); what it made stays in the cloud.")
        return HttpResponseRedirect(reverse("admin:cloud_zone_setups"))
    work = _work(caller, setup or ZoneSetup(uuid=uuid), request.GET.dict())
    if setup is not None and setup.zone_id and work.zone is None:
        messages.warning(request, f"Zone {setup.name} was deleted meanwhile; forget its set-up or begin another.")
        return HttpResponseRedirect(reverse("admin:cloud_zone_setups"))
    if refusal := at.refusal(work.zone):
        messages.info(request, f"{at.title}: {refusal}.")
        return HttpResponseRedirect(_url(uuid, resume_at(work.zone)))
    if request.method == "POST":
        return _post(request, caller, uuid, at)
    return _page(request, work, at)


def take_up(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Go on with a zone that was made elsewhere, by the API or in a set-up that is forgotten."""
    caller = caller_allowed(request, COMMAND)
    zone = zones_visible_to(caller=caller).filter(uuid=uuid).first()
    if request.method != "POST" or zone is None:
        return HttpResponseRedirect(reverse("admin:cloud_zone_setups"))
    setup = ZoneSetupManager().take_up(caller=caller, zone=zone)
    return HttpResponseRedirect(_url(setup.uuid, resume_at(with_progress(Zone.objects.filter(pk=zone.pk)).get())))


def forget(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take a set-up out of the list; what it made stays."""
    caller = caller_allowed(request, COMMAND)
    setup = zone_setup_get(caller=caller, uuid=uuid)
    if request.method == "POST" and setup is not None:
        ZoneSetupManager().forget(caller=caller, setup=setup)
        messages.success(request, f"The set-up of {setup} is forgotten; what it made stays in the cloud.")
    return HttpResponseRedirect(reverse("admin:cloud_zone_setups"))


# -- sending --------------------------------------------------------------------------------------


def _post(request: HttpRequest, caller: Caller, uuid: UUID, at: Step) -> HttpResponse:
    if at.key == "launch":
        return again_after_deadlock(lambda: _launch(request, caller, uuid))
    return again_after_deadlock(lambda: _make(request, caller, uuid, at))


def _make(request: HttpRequest, caller: Caller, uuid: UUID, at: Step) -> HttpResponse:
    """Have the section that was sent made. One at a time for each set-up: the second of two clicks finds it made."""
    manager = ZoneSetupManager()
    with transaction.atomic():
        work = _work(caller, manager.opened(caller=caller, uuid=uuid), request.POST.dict())
        section = next((one for one in at.sections if one.key == request.POST.get("section")), None)
        if section is None:
            raise Http404("the step has no such section")
        form = section.form(work)(request.POST)
        if "leave" in request.POST:
            return _leave(request, work, at, section, form)
        is_valid = form.is_valid()
        asked = form.answers()
        if is_valid and section.once:
            known = manager.already_made(caller=caller, setup=work.setup, section=section.key, asked=asked)
            if known is not None:
                messages.info(request, format_html("{} is there already; nothing was made twice.", link_to(known)))
                return HttpResponseRedirect(_after(uuid, at, section))
        if work.zone is not None and section.key == "zone":
            messages.info(request, format_html("The zone is there already: {}.", link_to(work.zone)))
            return HttpResponseRedirect(_after(uuid, at, section))
        if is_valid and (refusal := section.refused(work)):
            form.add_error(None, refusal)
        if form.errors:
            return _again(request, work, at, section, form)
        try:
            with transaction.atomic():
                obj = section.make(work, form)
        except CloudError as error:
            form.blame(error)
            return _again(request, work, at, section, form)
        manager.made(caller=caller, setup=work.setup, step=at.key, section=section.key, asked=asked, obj=obj)
    text = "{}: another try has begun." if section.key == "mend" else "{} is added."
    messages.success(request, format_html(text, link_to(obj)))
    return HttpResponseRedirect(_after(uuid, at, section))


def _again(request: HttpRequest, work: Work, at: Step, section: Section, form: SectionForm) -> HttpResponse:
    """The page with what was wrong; what was typed is kept, also for another day."""
    ZoneSetupManager().note(
        caller=work.caller, setup=work.setup, step=at.key, section=section.key, answers=form.answers()
    )
    return _page(request, work, at, sent=(section, form)).render()


def _leave(request: HttpRequest, work: Work, at: Step, section: Section, form: SectionForm) -> HttpResponse:
    ZoneSetupManager().note(
        caller=work.caller, setup=work.setup, step=at.key, section=section.key, answers=form.answers()
    )
    messages.success(request, f"What you filled in for {work.setup} is kept, passwords excepted. Go on when you like.")
    return HttpResponseRedirect(reverse("admin:cloud_zone_setups"))


def _launch(request: HttpRequest, caller: Caller, uuid: UUID) -> HttpResponse:
    with transaction.atomic():
        work = _work(caller, ZoneSetupManager().opened(caller=caller, uuid=uuid), {})
        try:
            with transaction.atomic():
                launch(work)
        except CloudError as error:
            messages.error(request, f"Not launched: {error.message}")
        else:
            messages.success(request, f"Zone {work.zone} is launched: it takes machines.")
    return HttpResponseRedirect(_url(uuid, BY_KEY["launch"]))


# -- showing --------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, work: Work, at: Step, *, sent: tuple[Section, SectionForm] | None = None
) -> TemplateResponse:
    shown = at.shown(work)
    context: dict[str, Any] = {
        "setup": work.setup,
        "zone": work.zone,
        "step": at,
        "panels": shown.panels,
        "cards": shown.cards,
        "is_live": shown.is_live,
        "failed": failed_attempt(work, at),
    }
    if at.key == "launch":
        context |= launch_context(work, plan="live" not in request.GET)
    listed = [(entry, _url(work.setup.uuid, entry.step)) for entry in entries(work.zone)]
    part = LIVE_PARTS.get(request.GET.get("live", ""))
    if part is not None:
        response = TemplateResponse(request, part, context | {"entries": listed})
        response["X-Live"] = "1" if context["is_live"] else "0"
        response["Cache-Control"] = "no-store"
        return response
    following = next_step(at)
    present = [section for section in at.sections if section.when is None or section.when(work)]
    context |= {
        **admin.site.each_context(request),
        "title": f"{at.title} – {work.setup}" if work.setup.name else "Set up a zone",
        "crumb": {"url": reverse("admin:cloud_zone_setups"), "title": "Zones being set up"},
        "entries": listed,
        "sections": [_section(work, section, sent, is_alone=len(present) == 1) for section in present],
        "following": following,
        "following_url": _url(work.setup.uuid, following) if following else "",
        "following_refusal": following.refusal(work.zone) if following else "",
    }
    status = 400 if sent is not None else 200
    return TemplateResponse(request, "admin/zone_setup/step.html", context, status=status)


def _section(
    work: Work, section: Section, sent: tuple[Section, SectionForm] | None, *, is_alone: bool
) -> dict[str, Any]:
    """A form of the page. It is open while nothing was made with it, or when there is something to say in it."""
    kept = work.setup.answers.get(section.key, {})
    if sent is not None and sent[0] is section:
        form = sent[1]
    else:
        form = section.form(work)(initial=initial_of(kept), prefix=None)
    refusal = section.refused(work)
    is_needed = not any(entry["section"] == section.key for entry in work.setup.made) and (is_alone or not refusal)
    return {
        "section": section,
        "form": form,
        "refusal": refusal,
        "is_open": is_needed or bool(kept) or form.is_bound or section.key == "mend",
    }


def _work(caller: Caller, setup: ZoneSetup, query: Mapping[str, str]) -> Work:
    zones = with_progress(zones_visible_to(caller=caller))
    zone = zones.filter(pk=setup.zone_id).first() if setup.zone_id else None
    return Work(caller, setup, zone, query)


def _after(uuid: UUID, at: Step, section: Section) -> str:
    following = next_step(at)
    return _url(uuid, at if section.stays or following is None else following)


def _url(uuid: UUID, at: Step) -> str:
    return reverse("admin:cloud_zone_setup", args=[uuid, at.key])
