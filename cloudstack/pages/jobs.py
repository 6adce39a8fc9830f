"""The reader's jobs: which there are, how far each is, step by step."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cloudstack.api import registry as commands
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs.models import AsyncJob, JobStep
from cloudstack.pages.access import page
from cloudstack.pages.calls import call
from cloudstack.pages.columns import span
from cloudstack.pages.frame import fragment, render
from cloudstack.pages.job_secrets import LABELS, remember, told_by

PAGE = 25
CANCEL = "cancelAsyncJob"


@page
def jobs_page(request: HttpRequest) -> HttpResponse:
    """The newest first. ``part=rows``: only the table."""
    if not commands.allowed(request.caller, "listAsyncJobs"):  # type: ignore[attr-defined]
        raise PermissionDenied
    visible = jobs_visible_to(caller=request.caller).defer("data", "arguments").order_by("-pk")  # type: ignore[attr-defined]
    status = request.GET.get("status", "")
    if status in AsyncJob.Status.values:
        visible = visible.filter(status=status)
    pages = Paginator(visible, PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {"jobs": [_about(job) for job in shown], "page": shown, "status": status, "statuses": AsyncJob.Status}
    if request.GET.get("part") == "rows":
        return fragment(request, "portal/jobs_rows.html", context)
    return render(request, "portal/jobs.html", {**context, "title": _("Jobs")})


@page
def job_page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One job. ``part=live``: what changes while it runs."""
    job = jobs_visible_to(caller=request.caller).defer("data", "arguments").filter(uuid=uuid).first()  # type: ignore[attr-defined]
    if job is None or not commands.allowed(request.caller, "queryAsyncJobResult"):  # type: ignore[attr-defined]
        raise Http404("there is no such job, or it is not yours")
    told = told_by(request, job)
    if request.method == "POST" and told:
        return _told(request, job, told)
    steps = JobStep.objects.filter(job=job).order_by("position")
    context = {
        **_about(job),
        "steps": [_step(step) for step in steps],
        "title": job.description or job.name,
        "tells": bool(told),
        **_cancelling(request.caller, job),  # type: ignore[attr-defined]
    }
    if request.GET.get("part") == "live":
        return fragment(request, "portal/job_live.html", context)
    return render(request, "portal/job.html", context)


@page
def cancel_page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The button that stops a job; back to its page, which says what became of it."""
    if request.method == "POST":
        try:
            call(request, CANCEL, {"jobid": str(uuid)})
        except CloudError as error:
            messages.error(request, error.message)
    return HttpResponseRedirect(reverse("portal:job", args=[uuid]))


def _cancelling(caller: Caller, job: AsyncJob) -> dict[str, Any]:
    """Whether there is something to stop, and what is in the way of stopping it."""
    if not job.is_live or job.phase != AsyncJob.Phase.FORWARD or not commands.allowed(caller, CANCEL):
        return {}
    why_not = ""
    if job.cancel_requested:
        why_not = _("It stops at the end of its present step and undoes what it did.")
    elif not jobs_visible_to(caller=caller, access=Access.OPERATE).filter(pk=job.pk).exists():
        started = job.user_id is not None  # type: ignore[attr-defined]
        why_not = (
            _("An administrator started it, and can cancel it.")
            if started
            else _("No user started it; an administrator can cancel it.")
        )
    return {"cancels": True, "why_not_cancel": why_not}


def _told(request: HttpRequest, job: AsyncJob, told: Mapping[str, Any]) -> HttpResponse:
    """What is told this once, on a page that no cache keeps."""
    remember(request, job)
    context = {
        "title": job.description or job.name,
        "once": [(LABELS.get(name, name), value) for name, value in told.items()],
        "once_help": _("Copy it now and keep it safe; this page does not come again."),
        "back": reverse("portal:job", args=[job.uuid]),
    }
    response = render(request, "portal/once.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _about(job: AsyncJob) -> dict[str, Any]:
    begun, ended = job.started, job.completed
    took = ((ended or timezone.now()) - begun).total_seconds() if begun else None
    return {"job": job, "took": span(took) if took is not None else "", "live": job.is_live}


def _step(step: JobStep) -> dict[str, Any]:
    took = (step.finished - step.started).total_seconds() if step.started and step.finished else None
    return {"step": step, "took": span(took) if took is not None else ""}
