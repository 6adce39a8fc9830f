"""Schedules of machines."""

from typing import Any

from django.db.models import QuerySet

from apps.compute import events
from apps.compute.api.responses.schedule import VmScheduleResponse
from apps.compute.models import VirtualMachine, VmSchedule
from apps.compute.selectors.schedules import vm_schedules_visible_to
from apps.compute.services.schedules import VmScheduleManager
from apps.compute.states import ScheduledAction
from cloudstack.api import Access, BaseCmd, BaseListCmd, Choice, Date, Flag, Ref, RefList, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter

CRON = "minute hour day month weekday, such as 0 8 * * mon-fri"


class ListVMSchedule(BaseListCmd):
    """Lists the schedules of a machine."""

    name = "listVMSchedule"
    response = VmScheduleResponse
    keyword_fields = ("description", "schedule")
    ids_filter = None

    vm = Ref("virtualmachineid", VirtualMachine, required=True, lookup="vm", help="the machine")
    action = Choice("action", ScheduledAction, lookup="action", help="schedules that do this")
    enabled = Flag("enabled", lookup="enabled", help="those that are enabled, or the others")

    def queryset(self) -> QuerySet[VmSchedule]:
        return vm_schedules_visible_to(caller=self.caller)


class CreateVMSchedule(BaseCmd):
    """Has something done with a machine at set times."""

    name = "createVMSchedule"
    response = VmScheduleResponse
    event_type = events.VM_SCHEDULE_CREATE

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    schedule = Str("schedule", required=True, help=CRON)
    timezone = Str("timezone", required=True, help="time zone of that, such as Europe/Zurich")
    action = Choice("action", ScheduledAction, required=True, help="what is done")
    description = Str("description", default="", max_length=1024, help="what it is for")
    start = Date("startdate", help="from when on; now if left out")
    end = Date("enddate", help="until when; for ever if left out")
    enabled = Flag("enabled", default=True, help="false: nothing is done before it is enabled")

    def execute(self) -> VmSchedule:
        return VmScheduleManager().create(
            caller=self.caller,
            vm=self.vm,
            schedule=self.schedule,
            zone=self.timezone,
            action=self.action,
            description=self.description,
            start=self.start,
            end=self.end,
            enabled=self.enabled,
        )


class UpdateVMSchedule(BaseCmd):
    """Changes when something is done with a machine."""

    name = "updateVMSchedule"
    response = VmScheduleResponse
    event_type = events.VM_SCHEDULE_UPDATE

    row = Ref("id", VmSchedule, access=Access.OPERATE, required=True, select_related=["vm"], help="the schedule")
    schedule = Str("schedule", help=CRON)
    timezone = Str("timezone", help="time zone of that")
    description = Str("description", max_length=1024, help="what it is for")
    start = Date("startdate", help="from when on")
    end = Date("enddate", help="until when")
    enabled = Flag("enabled", help="whether anything is done")

    def execute(self) -> VmSchedule:
        asked: dict[str, Any] = {
            "schedule": self.schedule,
            "timezone": self.timezone,
            "description": self.description,
            "start_date": self.start,
            "end_date": self.end,
            "enabled": self.enabled,
        }
        changes = {name: value for name, value in asked.items() if value is not None}
        return VmScheduleManager().update(caller=self.caller, schedule=self.row, changes=changes)


class DeleteVMSchedule(BaseCmd):
    """Deletes schedules of a machine."""

    name = "deleteVMSchedule"
    response = SuccessResponse
    event_type = events.VM_SCHEDULE_DELETE

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    row = Ref("id", VmSchedule, access=Access.OPERATE, select_related=["vm"], help="the schedule")
    rows = RefList("ids", VmSchedule, access=Access.OPERATE, select_related=["vm"], help="several schedules")

    def execute(self) -> None:
        chosen = [*([self.row] if self.row is not None else []), *(self.rows or [])]
        if not chosen:
            raise InvalidParameter("give id or ids", parameter="id")
        VmScheduleManager().delete(
            caller=self.caller, vm=self.vm, schedules=list({one.pk: one for one in chosen}.values())
        )
