"""Commands on clusters."""

from apps.infrastructure.api.commands.pod import OPERATORS
from apps.infrastructure.api.responses.cluster import ClusterResponse
from apps.infrastructure.api.responses.metrics import ClusterMetricsResponse
from apps.infrastructure.models import Cluster, Pod, Zone
from apps.infrastructure.selectors import clusters_visible_to
from apps.infrastructure.services import validation
from apps.infrastructure.services.cluster import CLOUD_MANAGED, EXTERNALLY_MANAGED, ClusterManager
from apps.infrastructure.states import AllocationState, ManagedState
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Choice, Flag, Map, Ref, Secret, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter

CLUSTER_TYPES = (CLOUD_MANAGED, EXTERNALLY_MANAGED)


class ListClusters(BaseListCmd):
    """Lists clusters."""

    roles = OPERATORS
    response = ClusterResponse

    cluster_name = Str("name", lookup="name", help="exact name")
    pod = Ref("podid", Pod, lookup="pod", help="clusters of this pod")
    zone = Ref("zoneid", Zone, lookup="pod__zone", help="clusters of this zone")
    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="clusters of this hypervisor")
    cluster_type = Str("clustertype", lookup="cluster_type__iexact", help="clusters of this type")
    allocation_state = Choice("allocationstate", AllocationState, lookup="allocation_state", help="by this state")
    managed_state = Choice("managedstate", ManagedState, lookup="managed_state", help="managed or not")
    architecture = Str("arch", lookup="architecture", help="clusters of this architecture")
    show_capacities = Flag("showcapacities", default=False, help="also show CPU and memory")

    def queryset(self):
        return clusters_visible_to(caller=self.caller)

    def omitted(self):
        return frozenset() if self.show_capacities else frozenset({"capacity"})


class ListClustersMetrics(ListClusters):
    """Lists clusters with figures on how busy they are."""

    roles = ROOT
    response = ClusterMetricsResponse


class AddCluster(BaseCmd):
    """Adds a cluster to a pod and answers it at once.

    One that has a manager of its own (vCenter) is given with its address and login; a job in the background adds
    the hosts that the manager names.
    """

    roles = ROOT
    response = ClusterResponse
    list_shaped = True

    cluster_name = Str("clustername", required=True, help="name, unique in the pod")
    zone = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="zone of the pod")
    pod = Ref("podid", Pod, access=Access.MODIFY, required=True, help="pod of the cluster")
    hypervisor = Str("hypervisor", required=True, help="hypervisor of its hosts")
    cluster_type = Choice("clustertype", CLUSTER_TYPES, required=True, help="who manages it")
    allocation_state = Choice(
        "allocationstate", AllocationState, default=AllocationState.ENABLED, help="whether it takes machines"
    )
    architecture = Choice("arch", ("x86_64", "aarch64"), default="x86_64", help="architecture of its hosts")
    url = Str("url", max_length=1024, help="its manager's address, such as https://vcenter/datacenter/cluster")
    username = Str("username", default="", max_length=255, help="user to log in to the manager as")
    password = Secret("password", help="password of that user")
    details = Map("externaldetails", default={}, help="options for the driver of all its hosts, such as thumbprint")

    def execute(self):
        if self.pod.zone_id != self.zone.pk:
            raise InvalidParameter(f"pod {self.pod} is not in zone {self.zone}", parameter="podid")
        asked = {
            "caller": self.caller,
            "pod": self.pod,
            "name": self.cluster_name,
            "hypervisor": self.hypervisor,
            "allocation_state": self.allocation_state,
            "architecture": self.architecture,
        }
        if self.cluster_type == EXTERNALLY_MANAGED:
            cluster, _ = ClusterManager().add_managed(
                **asked, url=self.url or "", username=self.username, password=self.password, details=self.details
            )
            return cluster
        for parameter in ("url", "username", "password"):
            if self.given(parameter):
                raise InvalidParameter(
                    f"{parameter} is for clusters with a manager of their own: clustertype={EXTERNALLY_MANAGED}",
                    parameter=parameter,
                )
        return ClusterManager().add(**asked, cluster_type=self.cluster_type, details=validation.details(self.details))

    def omitted(self):
        return frozenset({"capacity"})


class UpdateCluster(BaseCmd):
    """Changes a cluster; what is not given stays. A disabled or unmanaged one takes no new machines."""

    roles = ROOT
    response = ClusterResponse

    cluster = Ref("id", Cluster, access=Access.MODIFY, required=True, help="the cluster")
    new_name = Str("clustername", help="new name")
    hypervisor = Str("hypervisor", help="hypervisor, while no host is in it")
    cluster_type = Choice("clustertype", CLUSTER_TYPES, help="who manages it")
    allocation_state = Choice("allocationstate", AllocationState, help="whether it takes machines")
    managed_state = Choice("managedstate", ManagedState, help="managed or not")
    architecture = Choice("arch", ("x86_64", "aarch64"), help="architecture of its hosts")

    def execute(self):
        columns = ("hypervisor", "cluster_type", "allocation_state", "managed_state", "architecture")
        changes = {name: getattr(self, name) for name in columns if self.given(name)}
        if self.given("new_name"):
            changes["name"] = self.new_name
        return ClusterManager().update(caller=self.caller, cluster=self.cluster, **changes)

    def omitted(self):
        return frozenset({"capacity"})


class DeleteCluster(BaseCmd):
    """Deletes a cluster without hosts."""

    roles = ROOT
    response = SuccessResponse

    cluster = Ref("id", Cluster, access=Access.MODIFY, required=True, help="the cluster")

    def execute(self):
        ClusterManager().delete(caller=self.caller, cluster=self.cluster)
