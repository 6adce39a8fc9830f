"""When periodic jobs ran last, and running them now."""

from django.contrib import admin

from apps.accounts.admin.badges import badge
from apps.accounts.admin.base import AdminCommand, CloudAdmin
from apps.accounts.admin.panels import took, when
from cloudstack.framework.context import Caller
from cloudstack.framework.scheduler.control import ScheduleManager
from cloudstack.framework.scheduler.models import ScheduledRun


def run_now(*, caller: Caller, obj: ScheduledRun) -> str:
    ScheduleManager().run_now(caller=caller, name=obj.name)
    return ""


@admin.register(ScheduledRun)
class ScheduledRunAdmin(CloudAdmin):
    plural = "Last runs"
    list_display = ("name", "outcome", "last_run", "duration", "runs", "owner", "error")
    search_fields = ("name", "error")
    ordering = ("name",)
    has_job_panels = False
    commands = (AdminCommand(command="run_now", label="Run now", call=run_now),)

    @admin.display(description="outcome")
    def outcome(self, row: ScheduledRun) -> str:
        return outcome_of(row)

    @admin.display(description="last run", ordering="started")
    def last_run(self, row: ScheduledRun) -> str:
        return when(row.started)

    @admin.display(description="took")
    def duration(self, row: ScheduledRun) -> str:
        return took(row.started, row.finished) if row.busy_until is None else "–"


def outcome_of(row: ScheduledRun) -> str:
    """A badge: running, failed, done, or nothing yet."""
    if row.busy_until is not None:
        return badge("running", job=True)
    if row.error:
        return badge("failed")
    return badge("done" if row.finished else None)
