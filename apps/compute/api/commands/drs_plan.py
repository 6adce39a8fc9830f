"""Commands that even out clusters."""

from django.db.models import QuerySet

from apps.compute.api.responses.drs_plan import ClusterDrsPlanResponse
from apps.compute.events import CLUSTER_DRS
from apps.compute.models import ClusterDrsPlan, VirtualMachine
from apps.compute.selectors.drs_plans import drs_plans_visible_to
from apps.compute.services.drs import DrsManager
from apps.infrastructure.models import Cluster, Host
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseCmd, BaseListCmd, Int, MapList, Ref, entity_for
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class GenerateClusterDrsPlan(BaseCmd):
    """Works out which machines to move so that the hosts of a cluster carry alike; moves none."""

    roles = ROOT
    response = ClusterDrsPlanResponse

    cluster = Ref("id", Cluster, access=Access.OPERATE, required=True, help="the cluster")
    most = Int("migrations", minimum=1, maximum=500, help="moves at most; drs.vm.migrations if left out")

    def execute(self) -> ClusterDrsPlan:
        return DrsManager().generate(caller=self.caller, cluster=self.cluster, most=self.most)


class ListClusterDrsPlan(BaseListCmd):
    """Lists plans that even out clusters, the newest first."""

    roles = ROOT
    response = ClusterDrsPlanResponse
    keyword_fields = ("cluster__name",)
    ordering = ("-id",)

    cluster = Ref("clusterid", Cluster, lookup="cluster", help="plans of this cluster")

    def queryset(self) -> QuerySet[ClusterDrsPlan]:
        return drs_plans_visible_to(caller=self.caller)


class ExecuteClusterDrsPlan(BaseAsyncCmd):
    """Moves machines to even out a cluster: those named, or those of a new plan."""

    roles = ROOT
    response = ClusterDrsPlanResponse
    event_type = CLUSTER_DRS

    cluster = Ref("id", Cluster, access=Access.OPERATE, required=True, help="the cluster")
    moves = MapList("migrateto", help="machines (vm) and the hosts (host) that they go to; a new plan if left out")

    def execute(self) -> AsyncJob:
        wanted = [(self._named("vm", VirtualMachine, row), self._named("host", Host, row)) for row in self.moves or []]
        return DrsManager().execute(caller=self.caller, cluster=self.cluster, wanted=wanted)

    def _named(self, key: str, model: type, row: dict[str, str]) -> VirtualMachine | Host:
        if not row.get(key):
            raise InvalidParameter(f"migrateto needs vm and host in each entry: no {key}", parameter="migrateto")
        found: VirtualMachine | Host = entity_for(model).get(
            caller=self.caller,
            uuid=row[key],
            access=Access.OPERATE,
            parameter="migrateto",
            select_related=("host",) if model is VirtualMachine else (),
        )
        return found
