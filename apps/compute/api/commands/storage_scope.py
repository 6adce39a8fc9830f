"""What a narrower scope of a storage pool would do to machines."""

from django.db.models import QuerySet

from apps.compute.api.responses.storage_scope import AffectedVmResponse
from apps.compute.models import VirtualMachine
from apps.compute.services.pool_machines import machines_using
from apps.infrastructure.models import Cluster
from apps.storage.models import StoragePool
from cloudstack.api import ROOT, BaseListCmd, Ref


class ListAffectedVmsForStorageScopeChange(BaseListCmd):
    """Lists the machines that must stop before a storage pool is kept for one cluster."""

    roles = ROOT
    response = AffectedVmResponse
    keyword_fields = ("name", "host__name")
    id_filter = None
    ids_filter = None

    cluster = Ref("clusterid", Cluster, required=True, help="the cluster that is to keep the pool")
    pool = Ref("storageid", StoragePool, required=True, help="the pool")

    def queryset(self) -> QuerySet[VirtualMachine]:
        return machines_using(self.pool).exclude(host__cluster=self.cluster)
