"""Plans that even out clusters, on the wire."""

from apps.compute.models import ClusterDrsMigration, ClusterDrsPlan
from cloudstack.api import FLOAT, STRING, Children, Field, Response


class DrsMigrationResponse(Response):
    """One move of a plan."""

    object_name = "migration"
    model = ClusterDrsMigration

    virtualmachineid = Field("vm__uuid", help="the machine")
    virtualmachinename = Field("vm__name", help="its name")
    sourcehostid = Field("source__uuid", help="host that it leaves")
    sourcehostname = Field("source__name", help="name of that host")
    destinationhostid = Field("destination__uuid", help="host that it goes to")
    destinationhostname = Field("destination__name", help="name of that host")
    jobid = Field("job_uuid", help="job that moves it, once it is begun")
    outcome = Field(
        compute=lambda row: row["outcome"] or None,
        needs=("outcome",),
        type=STRING,
        help="done, or why it was not moved; left out until then",
    )


class ClusterDrsPlanResponse(Response):
    """A plan with its moves."""

    object_name = "drsPlan"
    model = ClusterDrsPlan

    id = Field("uuid", help="the plan")
    clusterid = Field("cluster__uuid", help="the cluster")
    eventid = Field("event_uuid", help="event that tells of it")
    type = Field(help="MANUAL or AUTOMATED")
    status = Field("state", help="UNDER_REVIEW, READY, IN_PROGRESS or COMPLETED")
    created = Field(help="when it was worked out")
    imbalance = Field(type=FLOAT, help="how unequal the hosts were")
    expectedimbalance = Field("expected", type=FLOAT, help="how unequal they are to be afterwards")
    migrations = Children(
        DrsMigrationResponse,
        parent="plan_id",
        queryset=lambda: ClusterDrsMigration.objects.order_by("id"),
        many=True,
        help="the moves",
    )
