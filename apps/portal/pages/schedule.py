"""All periodic jobs, also those that have not run yet."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin.panels import span, took, when
from apps.portal.admin.schedule import outcome_of
from apps.portal.pages.access import unrestricted_caller
from cloudstack.framework.errors import CloudError
from cloudstack.framework.scheduler import registry
from cloudstack.framework.scheduler.control import ScheduleManager
from cloudstack.framework.scheduler.models import ScheduledRun


def schedule(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST with ``name`` has a worker run one now."""
    caller = unrestricted_caller(request)
    if request.method == "POST":
        name = request.POST.get("name", "")
        try:
            ScheduleManager().run_now(caller=caller, name=name)
        except CloudError as error:
            messages.error(request, f"{name}: {error.message}")
        else:
            messages.success(request, f"A worker was asked to run {name}.")
        return HttpResponseRedirect(reverse("admin:cloud_schedule"))
    runs = {run.name: run for run in ScheduledRun.objects.all()}
    rows = []
    for job in registry.all_jobs():
        run = runs.get(job.name)
        rows.append(
            {
                "job": job,
                "every": span(job.every_s),
                "outcome": outcome_of(run) if run else "",
                "last": when(run.started) if run else "–",
                "took": took(run.started, run.finished) if run and run.busy_until is None else "–",
                "runs": run.runs if run else 0,
                "error": run.error if run else "",
            }
        )
    context = {**admin.site.each_context(request), "title": "Schedule", "rows": rows}
    return TemplateResponse(request, "admin/cloud_schedule.html", context)
