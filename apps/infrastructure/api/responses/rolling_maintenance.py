"""What came of a rolling maintenance."""

from cloudstack.api import BOOL, LIST, STRING, Field, Response


class RollingMaintenanceResponse(Response):
    """Hosts that were maintained, and those that were not."""

    object_name = "rollingmaintenance"

    success = Field(type=BOOL, help="whether all hosts were maintained")
    details = Field(type=STRING, help="in a sentence")
    hostsupdated = Field(type=LIST, help="hostid, hostname, startdate, enddate, and output of the plugins")
    hostsskipped = Field(type=LIST, help="hostid, hostname, and reason")
