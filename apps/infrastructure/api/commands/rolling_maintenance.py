"""Maintenance of many hosts, one after the other."""

from typing import Any

from apps.infrastructure.api.responses.rolling_maintenance import RollingMaintenanceResponse
from apps.infrastructure.config import ROLLING_TIMEOUT
from apps.infrastructure.events import HOST_ROLLING_MAINTENANCE
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.services.maintenance import RollingMaintenanceManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, Flag, Int, RefList, Str
from cloudstack.framework.errors import InvalidParameter


class StartRollingMaintenance(BaseAsyncCmd):
    """Maintains hosts one after the other: each is emptied, worked on by plugins, and brought back.

    Hosts that could not be emptied are found before anything is moved.
    """

    roles = ROOT
    response = RollingMaintenanceResponse
    event_type = HOST_ROLLING_MAINTENANCE

    zones = RefList("zoneids", Zone, access=Access.OPERATE, help="the hosts of these zones")
    pods = RefList("podids", Pod, access=Access.OPERATE, help="the hosts of these pods")
    clusters = RefList("clusterids", Cluster, access=Access.OPERATE, help="the hosts of these clusters")
    hosts = RefList("hostids", Host, access=Access.OPERATE, help="these hosts")
    forced = Flag("forced", default=False, help="go on with the next host when one cannot be maintained")
    payload = Str("payload", default="", max_length=4096, help="text for the plugins that work on the hosts")
    timeout = Int("timeout", minimum=1, help="seconds for each stage on a host; rolling.maintenance.stage.timeout")

    def execute(self) -> Any:
        named = {"zoneids": self.zones, "podids": self.pods, "clusterids": self.clusters, "hostids": self.hosts}
        given = {wire: places for wire, places in named.items() if places}
        if len(given) != 1:
            raise InvalidParameter(
                "give one of zoneids, podids, clusterids and hostids", parameter=next(iter(given), "hostids")
            )
        [(parameter, places)] = given.items()
        return RollingMaintenanceManager().start(
            caller=self.caller,
            parameter=parameter,
            places=places,
            forced=self.forced,
            payload=self.payload,
            timeout_s=self.timeout or int(ROLLING_TIMEOUT.value()),
        )

    @classmethod
    def job_result(cls, job: Any, *, caller: Any) -> dict[str, Any] | None:
        return {cls.object_name: job.result} if job.result and caller.is_root_admin else None
