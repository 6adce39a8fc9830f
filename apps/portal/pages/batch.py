"""One view of all that a bulk operation started: how far each job is, and what was refused and why."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from apps.accounts.admin.badges import badge
from apps.accounts.admin.commands import BATCHES, admin_caller
from apps.accounts.admin.panels import job_link, took
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.jobs.models import AsyncJob


def batch(request: HttpRequest, key: str) -> HttpResponse:
    """The page, or with ``live=1`` the part of it that changes; ``X-Live: 0`` when nothing will change any more."""
    known = request.session.get(BATCHES, {}).get(key)
    if known is None:
        raise Http404("this session knows no such operation any more")
    state = _state(request, known)
    if request.GET.get("live") == "1":
        response: HttpResponse = TemplateResponse(request, "admin/cloud_batch_live.html", state)
        response["X-Live"] = "1" if state["is_live"] else "0"
        response["Cache-Control"] = "no-store"
        return response
    context = {
        **admin.site.each_context(request),
        "title": known["title"],
        "crumb": {"url": known["back"], "title": capfirst(known["noun"])},
        **state,
    }
    return TemplateResponse(request, "admin/cloud_batch.html", context)


def _state(request: HttpRequest, known: dict[str, Any]) -> dict[str, Any]:
    """One statement whatever the number of jobs."""
    uuids = [job for _, job, _ in known["outcomes"] if job]
    jobs = jobs_visible_to(caller=admin_caller(request)).filter(uuid__in=uuids).defer("data", "arguments")
    found = {str(job.uuid): job for job in jobs} if uuids else {}
    rows = [_row(about, found.get(job), job, refusal) for about, job, refusal in known["outcomes"]]
    ended = sum(row["ended"] for row in rows)
    return {
        "rows": rows,
        "total": len(rows),
        "ended": ended,
        "failed": sum(row["failed"] for row in rows),
        "is_live": any(job.is_live for job in found.values()),
        "percent": sum(row["progress"] for row in rows) // len(rows) if rows else 100,
    }


def _row(about: str, job: AsyncJob | None, job_uuid: str, refusal: str) -> dict[str, Any]:
    if refusal:
        return _shown(about, badge("error", label="refused"), "–", refusal, failed=True)
    if job is None:
        state = badge("done") if not job_uuid else badge("off", label="gone")
        return _shown(about, state, "–", "")
    return _shown(
        about,
        badge(job.status, job=True),
        took(job.started, job.completed),
        job.error_text or job.progress_text,
        failed=job.status == AsyncJob.Status.FAILED,
        ended=not job.is_live,
        progress=job.progress if job.is_live else 100,
        link=job_link(job.uuid, "job"),
    )


def _shown(about: str, state: Any, duration: str, says: str, **more: Any) -> dict[str, Any]:
    known = {"failed": False, "ended": True, "progress": 100, "link": ""}
    return {"about": about, "badge": state, "took": duration, "says": says, **known, **more}
