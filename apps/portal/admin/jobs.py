"""Jobs in the admin: how far they are, what they wait for, why they failed; cancelled and retried here."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from apps.accounts.admin.badges import badge
from apps.accounts.admin.base import AdminCommand, CloudAdmin, Panel
from apps.accounts.admin.panels import events_panel, job_link, link_to_resource, span, took, when
from apps.compute.admin.placement import placements_panel
from apps.compute.models import VirtualMachinePlacement
from apps.portal.admin.filters import OccurringFilter, OwnerFilter
from apps.portal.admin.job_timeline import timeline
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs.control import JobManager
from cloudstack.framework.jobs.models import AsyncJob, JobLock, JobLog, JobStep

LOG_LINES = 200
PLACEMENTS = 5


def cancel(*, caller: Caller, obj: AsyncJob) -> str:
    return str(JobManager().cancel(caller=caller, job=obj).uuid)


def retry(*, caller: Caller, obj: AsyncJob) -> str:
    return str(JobManager().retry(caller=caller, job=obj).uuid)


class KindFilter(OccurringFilter):
    title = "kind of object"
    parameter_name = column = "resource_type"


class CommandFilter(OccurringFilter):
    title = parameter_name = column = "command"


class WorkflowFilter(OccurringFilter):
    title = parameter_name = "workflow"
    column = "name"


@admin.register(AsyncJob)
class AsyncJobAdmin(CloudAdmin):
    plural = "Jobs"
    list_display = ("shown_status", "shown_description", "submitted", "duration", "user", "says", "name")
    list_display_links = ("shown_description",)
    list_filter = ("status", KindFilter, CommandFilter, OwnerFilter, "created", WorkflowFilter)
    list_select_related = ("user",)
    search_fields = ("description", "name", "command")
    search_help_text = "words of the description, a workflow, or the UUID of a job or of its object"
    ordering = ("-id",)
    fields = (
        "uuid",
        "name",
        "resource",
        "user",
        "account_uuid",
        "created",
        "started",
        "completed",
        "queue",
        "arguments",
        "shown_locks",
        "command",
        "event_type",
        "correlation_id",
    )
    has_job_panels = False
    noun = "job"
    commands = (
        AdminCommand(
            command="cancel",
            label="Cancel",
            call=cancel,
            suits=lambda job: job.is_live and job.phase == AsyncJob.Phase.FORWARD and not job.cancel_requested,
        ),
        AdminCommand(
            command="retry",
            label="Retry from the failed step",
            call=retry,
            suits=lambda job: job.status in (AsyncJob.Status.FAILED, AsyncJob.Status.CANCELLED),
        ),
    )

    @admin.display(description="status", ordering="status")
    def shown_status(self, job: AsyncJob) -> str:
        return badge(job.status, job=True)

    @admin.display(description="job", ordering="description")
    def shown_description(self, job: AsyncJob) -> str:
        return job.description or job.name

    @admin.display(description="works on")
    def resource(self, job: AsyncJob) -> str:
        return link_to_resource(job.resource_type, job.resource_uuid)

    @admin.display(description="locks")
    def shown_locks(self, job: AsyncJob) -> str:
        return ", ".join(name if alone else f"{name} (shared)" for name, alone in job.lock_names) or "–"

    @admin.display(description="submitted", ordering="id")
    def submitted(self, job: AsyncJob) -> str:
        return when(job.created)

    @admin.display(description="took")
    def duration(self, job: AsyncJob) -> str:
        return took(job.started, job.completed)

    @admin.display(description="says")
    def says(self, job: AsyncJob) -> str:
        return job.error_text or job.progress_text

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AsyncJob], term: str
    ) -> tuple[QuerySet[AsyncJob], bool]:
        known = self.as_uuid(term)
        if known is not None:
            return queryset.filter(Q(uuid=known) | Q(resource_uuid=known)), False
        return super().get_search_results(request, queryset, term)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.live_view)
        return [path("<path:object_id>/live/", view, name="jobs_asyncjob_live"), *super().get_urls()]

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the page that changes while the job runs; ``X-Live: 0`` when it will not change any more."""
        job = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if job is None:
            raise Http404("there is no such job")
        context = {"original": job, **self.live_context(request, job)}
        response = render(request, "admin/jobs/asyncjob/live.html", context)
        response["X-Live"] = "1" if job.is_live else "0"
        response["Cache-Control"] = "no-store"
        return response

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("obj") is not None:
            context.update(self.live_context(request, kwargs["obj"]))
            context["subtitle"] = self.shown_description(kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    def panels(self, request: HttpRequest, obj: AsyncJob) -> list[Panel]:
        panel = events_panel(None, job_uuid=obj.uuid)
        panel.empty = "No event tells of this job."
        placements = placements_by(obj)
        return [placements_panel(placements), panel] if placements else [panel]

    def live_context(self, request: HttpRequest, job: AsyncJob) -> dict[str, Any]:
        """What ``live.html`` shows."""
        lines = list(JobLog.objects.filter(job=job).order_by("-id")[:LOG_LINES])
        return {
            "live_url": reverse("admin:jobs_asyncjob_live", args=[job.uuid]),
            "status": badge(job.status, job=True),
            "waits_for": waits_for(job),
            "timeline": timeline(job, JobStep.objects.filter(job=job).order_by("position"), now=timezone.now()),
            "duration": took(job.started, job.completed),
            "waited": span(((job.started or job.completed or timezone.now()) - job.created).total_seconds()),
            "log_lines": lines[::-1],
            "job_buttons": self.buttons(request, job),
            "placements": placements_by(job) if job.status == AsyncJob.Status.FAILED else [],
        }


def placements_by(job: AsyncJob) -> list[VirtualMachinePlacement]:
    """What placement thought of hosts for the job, the newest first."""
    found = VirtualMachinePlacement.objects.filter(job_uuid=job.uuid).select_related("vm").defer("hosts")
    return list(found.order_by("-id")[:PLACEMENTS])


def waits_for(job: AsyncJob) -> list[Any]:
    """Which locks a queued job waits for, and which jobs stand before it."""
    if job.status != AsyncJob.Status.PENDING:
        return []
    wanted = {lock.name: lock.exclusive for lock in JobLock.objects.filter(job=job, granted=False)}
    if not wanted:
        return []
    before = JobLock.objects.filter(name__in=wanted, job_id__lt=job.pk).select_related("job").order_by("job_id")
    return [
        format_html("{} – {}", lock.name, job_link(lock.job.uuid, lock.job.description or lock.job.name))
        for lock in before
        if lock.exclusive or wanted[lock.name]
    ]


class OfJobAdmin(CloudAdmin):
    """Rows that belong to a job; its page shows them together."""

    list_select_related = ("job",)
    has_job_panels = False


@admin.register(JobStep)
class JobStepAdmin(OfJobAdmin):
    list_display = ("job", "position", "title", "state", "attempts", "started", "finished", "error")
    list_filter = ("state",)
    search_fields = ("title", "name", "job__uuid")
    ordering = ("-job_id", "position")


@admin.register(JobLock)
class JobLockAdmin(OfJobAdmin):
    list_display = ("name", "job", "exclusive", "granted")
    list_filter = ("granted", "exclusive")
    search_fields = ("name", "job__uuid")
    ordering = ("name", "job_id")


@admin.register(JobLog)
class JobLogAdmin(OfJobAdmin):
    list_display = ("created", "job", "text")
    list_filter = ("created",)
    search_fields = ("text", "job__uuid")
    ordering = ("-id",)
