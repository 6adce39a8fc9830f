"""Intent on schedules of machines, and what is done when one is due."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import system_caller
from apps.compute import events
from apps.compute.models import VirtualMachine, VmSchedule
from apps.compute.services.cron import BadCron, Cron
from apps.compute.services.virtual_machine import VirtualMachineManager
from apps.compute.states import ScheduledAction
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob

log = logging.getLogger(__name__)

LATE = timedelta(hours=1)
"""What is later than this, as after a long outage, is left out: nobody expects it any more."""
BATCH = 500


class VmScheduleManager:
    """Actions on machines at set times."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        vm: VirtualMachine,
        schedule: str,
        zone: str,
        action: str,
        description: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        enabled: bool = True,
    ) -> VmSchedule:
        """Raises ``InvalidParameter`` for what is no cron expression, time zone or span of time."""
        now = timezone.now()
        if start is not None and start < now - timedelta(minutes=1):
            raise InvalidParameter(f"startdate {start:%Y-%m-%d %H:%M:%S%z} is past", parameter="startdate")
        row = VmSchedule(
            vm=vm,
            description=description or f"{action} - {schedule}",
            schedule=schedule,
            timezone=zone,
            action=action,
            enabled=enabled,
            start_date=start or now,
            end_date=end,
        )
        _settle(row, now)
        row.save()
        publish(events.VM_SCHEDULE_CREATE, caller=caller, description=f"Schedule {row}", resource=vm)
        return row

    @transaction.atomic
    def update(self, *, caller: Caller, schedule: VmSchedule, changes: dict[str, Any]) -> VmSchedule:
        """Change anything but the action; it is due anew from now on."""
        for name, value in changes.items():
            setattr(schedule, name, value)
        _settle(schedule, timezone.now())
        schedule.save()
        publish(
            events.VM_SCHEDULE_UPDATE, caller=caller, description=f"Change schedule {schedule}", resource=schedule.vm
        )
        return schedule

    @transaction.atomic
    def delete(self, *, caller: Caller, vm: VirtualMachine, schedules: Sequence[VmSchedule]) -> None:
        for schedule in schedules:
            if schedule.vm_id != vm.pk:
                raise InvalidParameter(f"schedule {schedule.uuid} is not one of machine {vm}", parameter="ids")
            schedule.mark_removed(next_run=None)
            publish(events.VM_SCHEDULE_DELETE, caller=caller, description=f"Delete schedule {schedule}", resource=vm)


def _settle(row: VmSchedule, now: datetime) -> None:
    """Check the row and say when it is due next."""
    if row.timezone not in available_timezones():
        raise InvalidParameter(
            f"timezone {row.timezone!r} is not known; use a name such as Europe/Zurich or UTC", parameter="timezone"
        )
    if row.end_date is not None and row.end_date <= max(row.start_date, now):
        raise InvalidParameter(
            f"enddate {row.end_date:%Y-%m-%d %H:%M:%S%z} is past, or before startdate", parameter="enddate"
        )
    try:
        cron = Cron.parse(row.schedule)
    except BadCron as wrong:
        raise InvalidParameter(f"schedule {row.schedule!r}: {wrong}", parameter="schedule") from None
    after = max(now, row.start_date - timedelta(seconds=1))
    due = cron.next_after(after, ZoneInfo(row.timezone))
    if due is None:
        raise InvalidParameter(f"schedule {row.schedule!r} names a day that never comes", parameter="schedule")
    past = row.end_date is not None and due > row.end_date
    row.next_run = due if row.enabled and not past else None


def run_due(*, now: datetime | None = None) -> list[AsyncJob]:
    """Submit jobs for what is due; each time once, whoever runs this how often."""
    now = now or timezone.now()
    due = VmSchedule.objects.select_related("vm__account", "vm__zone", "vm__service_offering").filter(
        next_run__lte=now, vm__removed__isnull=True
    )
    jobs = []
    for row in due.order_by("next_run", "pk")[:BATCH]:
        was, following = row.next_run, Cron.parse(row.schedule).next_after(now, ZoneInfo(row.timezone))
        if row.end_date is not None and following is not None and following > row.end_date:
            following = None
        with transaction.atomic():
            # Compare and swap: of two that look at once, one acts.
            if not VmSchedule.objects.filter(pk=row.pk, next_run=was).update(next_run=following):
                continue
            if was is None or now - was > LATE:
                log.warning("schedule %s was due at %s and is left out", row.uuid, was)
                continue
        job = _act(row, was)
        if job is not None:
            jobs.append(job)
    return jobs


def _act(row: VmSchedule, due: datetime) -> AsyncJob | None:
    """Do as the schedule says; a machine that is not in a state for it is left alone, and an event says so."""
    manager, vm, caller = VirtualMachineManager(), row.vm, system_caller()
    kind = ScheduledAction(row.action)
    text = f"{kind} of {vm}, due at {due.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    try:
        with transaction.atomic():
            match kind:
                case ScheduledAction.START:
                    job = manager.start(caller=caller, vm=vm)
                case ScheduledAction.STOP | ScheduledAction.FORCE_STOP:
                    job = manager.stop(caller=caller, vm=vm, forced=kind == ScheduledAction.FORCE_STOP)
                case _:
                    job = manager.reboot(caller=caller, vm=vm, forced=kind == ScheduledAction.FORCE_REBOOT)
            publish(EVENTS[kind], caller=caller, description=text, resource=vm, job_uuid=job.uuid)
            return job
    except CloudError as refused:
        publish(EVENTS[kind], description=f"{text}: {refused.message}", level="WARN", resource=vm)
        return None


EVENTS = {
    ScheduledAction.START: events.VM_SCHEDULE_START,
    ScheduledAction.STOP: events.VM_SCHEDULE_STOP,
    ScheduledAction.REBOOT: events.VM_SCHEDULE_REBOOT,
    ScheduledAction.FORCE_STOP: events.VM_SCHEDULE_FORCE_STOP,
    ScheduledAction.FORCE_REBOOT: events.VM_SCHEDULE_FORCE_REBOOT,
}
