"""Commands on capacity and hypervisors."""

from apps.infrastructure.api.commands.pod import OPERATORS
from apps.infrastructure.api.responses.capacity import CapacityResponse, HypervisorResponse, capacity_row
from apps.infrastructure.models import Cluster, Pod, Zone
from apps.infrastructure.selectors import hypervisors_in_use
from apps.infrastructure.selectors.capacities import capacities
from cloudstack.api import EVERYONE, BaseCmd, BaseListCmd, Choice, Flag, Int, Ref, Str
from cloudstack.framework.drivers import hypervisor_types


class ListCapacity(BaseListCmd):
    """Lists how much CPU, memory and more there is and how much of it is promised, by zone, pod or cluster."""

    roles = OPERATORS
    response = CapacityResponse
    keyword_fields = ()

    id_filter = None
    ids_filter = None
    zone = Ref("zoneid", Zone, help="capacity of this zone")
    pod = Ref("podid", Pod, help="capacity of this pod")
    cluster = Ref("clusterid", Cluster, select_related=["pod"], help="capacity of this cluster")
    type = Int(
        "type",
        help="only this kind: 0 memory, 1 CPU, 2 storage in use, 3 storage promised, 4 public addresses, "
        "6 image stores, 7 numbers of networks, 8 addresses of shared networks, 9 local storage in use",
    )
    tag = Str("tag", default="", max_length=255, help="only of hosts and storage pools that carry this tag")
    sort_by = Choice("sortby", ("usage",), help="usage: fullest first")
    fetch_latest = Flag("fetchlatest", help="accepted for compatibility: figures are always the latest")

    def queryset(self):
        found = capacities(caller=self.caller, zone=self.zone, pod=self.pod, cluster=self.cluster, tag=self.tag)
        if self.type is not None:
            found = [one for one in found if one.type == self.type]
        if self.sort_by:
            found = sorted(found, key=lambda one: -one.percent)
        return [capacity_row(one) for one in found]


class ListHypervisors(BaseCmd):
    """Lists the hypervisors of a zone, or all that plugins can drive."""

    roles = EVERYONE
    response = HypervisorResponse
    list_shaped = True

    zone = Ref("zoneid", Zone, help="hypervisors of this zone")

    def execute(self):
        names = hypervisors_in_use(caller=self.caller, zone=self.zone) if self.zone else hypervisor_types()
        return [{"name": name} for name in names]
