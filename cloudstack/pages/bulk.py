"""One operation on several rows of a list: a question first where it is final, then one view of how far all are."""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from cloudstack.api import registry as commands
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.pages.access import page
from cloudstack.pages.calls import call, keyed, one, refusal_of
from cloudstack.pages.frame import fragment, render, url_of
from cloudstack.pages.sections import Section

MOST = 100
REMEMBERED = 5
BATCHES = "portal_batches"


@require_POST
@page
def bulk_page(request: HttpRequest, section: Section) -> HttpResponse:
    """Ask, or do it and lead to the view of all."""
    key = request.POST.get("operation", "")
    operation = next((known for known in section.operations if known.bulk and known.key == key), None)
    if operation is None:
        raise Http404(f"there is no operation {key} on several")
    caller = request.caller  # type: ignore[attr-defined]
    if not commands.allowed(caller, operation.command):
        raise PermissionDenied
    chosen = list(dict.fromkeys(request.POST.getlist("chosen")))[:MOST]
    if not chosen:
        return HttpResponseRedirect(url_of(section))
    rows = [one(request, section.lists, section.one(uuid)) for uuid in chosen]
    if operation.is_dangerous and request.POST.get("confirmed") != "1":
        objects = [
            {
                "title": section.title_of(row),
                "uuid": str(row[section.lookup]),
                "refusal": refusal_of(operation.command, operation.named(row), caller),
            }
            for row in rows
        ]
        context = {"section": section, "operation": operation, "objects": objects, "key": uuid.uuid4().hex}
        return render(request, "portal/bulk.html", {**context, "back": url_of(section), "title": operation.label})
    press = request.POST.get("key", "")
    outcomes = []
    for row in rows:
        own_key = f"{press}{str(row[section.lookup])[:8]}" if press else ""
        try:
            result = call(request, operation.command, keyed(operation.command, operation.named(row), own_key))
            outcomes.append([section.title_of(row), result.job_uuid, ""])
        except CloudError as error:
            outcomes.append([section.title_of(row), "", error.message])
    batch = _remember(request, {"title": str(operation.label), "outcomes": outcomes, "back": url_of(section)})
    return HttpResponseRedirect(reverse("portal:batch", args=[batch]))


def _remember(request: HttpRequest, batch: dict[str, Any]) -> str:
    kept = request.session.get(BATCHES, {})
    while len(kept) >= REMEMBERED:
        del kept[next(iter(kept))]
    key = uuid.uuid4().hex[:12]
    kept[key] = batch
    request.session[BATCHES] = kept
    return key


@page
def batch_page(request: HttpRequest, key: str) -> HttpResponse:
    """How far each of them is; ``part=rows`` is what changes."""
    batch = request.session.get(BATCHES, {}).get(key)
    if batch is None:
        raise Http404("this session knows no such operation any more")
    uuids = [job for _, job, _ in batch["outcomes"] if job]
    visible = jobs_visible_to(caller=request.caller)  # type: ignore[attr-defined]
    jobs = {str(job.uuid): job for job in visible.filter(uuid__in=uuids).defer("data", "arguments")} if uuids else {}
    rows = [{"title": title, "job": jobs.get(job), "refusal": refusal} for title, job, refusal in batch["outcomes"]]
    ended = sum(1 for row in rows if row["job"] is None or not row["job"].is_live)
    context = {
        "title": batch["title"],
        "back": batch["back"],
        "rows": rows,
        "ended": ended,
        "bad": sum(1 for row in rows if row["refusal"] or (row["job"] and row["job"].status == AsyncJob.Status.FAILED)),
    }
    if request.GET.get("part") == "rows":
        return fragment(request, "portal/batch_rows.html", context)
    return render(request, "portal/batch.html", context)
