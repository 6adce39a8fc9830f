"""Cluster: hosts of one hypervisor that share storage and can exchange machines."""

from django.db import models

from apps.infrastructure.models.pod import Pod
from apps.infrastructure.states import AllocationState, ManagedState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class Cluster(CloudModel):
    """Hosts of one hypervisor; the unit of live migration and of over-provisioning."""

    pod = models.ForeignKey(Pod, on_delete=models.PROTECT, related_name="clusters")
    name = models.CharField(max_length=255)
    hypervisor = models.CharField(max_length=32)
    cluster_type = models.CharField(max_length=32, default="CloudManaged")
    allocation_state = models.CharField(max_length=16, choices=AllocationState, default=AllocationState.ENABLED)
    managed_state = models.CharField(max_length=16, choices=ManagedState, default=ManagedState.MANAGED)
    architecture = models.CharField(max_length=16, default="x86_64")

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("cluster", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pod", "name"], condition=models.Q(removed__isnull=True), name="cluster_name_once_in_pod"
            )
        ]

    def __str__(self) -> str:
        return self.name
