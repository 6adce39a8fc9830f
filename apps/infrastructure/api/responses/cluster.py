"""Clusters on the wire."""

from apps.accounts.api.attached import Annotated, details_on
from apps.infrastructure.api.responses.capacity import CapacityResponse, capacity_loader
from apps.infrastructure.models import Cluster
from apps.infrastructure.selectors.overprovisioning import factors
from cloudstack.api import LIST, STRING, Field, Loaded


class ClusterResponse(Annotated):
    """A cluster."""

    object_name = "cluster"
    model = Cluster

    id = Field("uuid")
    name = Field()
    resourcedetails = details_on(Cluster, help="what operators have noted for their tools")
    podid = Field("pod__uuid")
    podname = Field("pod__name")
    zoneid = Field("pod__zone__uuid")
    zonename = Field("pod__zone__name")
    hypervisortype = Field("hypervisor")
    clustertype = Field("cluster_type")
    allocationstate = Field("allocation_state")
    managedstate = Field("managed_state")
    arch = Field("architecture")
    cpuovercommitratio = Field(compute=lambda row: str(factors(row["uuid"]).cpu), needs=("uuid",), type=STRING)
    memoryovercommitratio = Field(compute=lambda row: str(factors(row["uuid"]).memory), needs=("uuid",), type=STRING)
    capacity = Loaded(capacity_loader("cluster"), type=LIST, response=CapacityResponse, help="with showcapacities only")
