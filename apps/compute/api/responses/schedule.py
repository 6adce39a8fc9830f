"""A schedule of a machine on the wire."""

from apps.compute.models import VmSchedule
from cloudstack.api import BOOL, DATE, Field, Response


class VmScheduleResponse(Response):
    object_name = "vmschedule"
    model = VmSchedule

    id = Field("uuid", help="UUID of the schedule")
    virtualmachineid = Field("vm__uuid", help="its machine")
    description = Field(help="what it is for")
    schedule = Field(help="when it is due: minute, hour, day of the month, month, day of the week")
    timezone = Field(help="time zone of that")
    action = Field(help="START, STOP, REBOOT, FORCE_STOP or FORCE_REBOOT")
    enabled = Field(type=BOOL, help="whether anything is done")
    startdate = Field("start_date", type=DATE, help="from when on")
    enddate = Field("end_date", type=DATE, help="until when")
    created = Field(type=DATE, help="when it was created")
