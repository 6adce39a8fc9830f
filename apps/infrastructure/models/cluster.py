"""Cluster: hosts of one hypervisor that share storage and can exchange machines."""

from django.db import models

from apps.infrastructure.models.pod import Pod
from apps.infrastructure.states import AllocationState, ManagedState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class Cluster(CloudModel):
    """Hosts of one hypervisor; the unit of live migration and of over-provisioning."""

    pod = models.ForeignKey(Pod, on_delete=models.PROTECT, related_name="clusters")
    name = models.CharField(max_length=255)
    hypervisor = models.CharField(max_length=32)
    cluster_type = models.CharField(max_length=32, default="CloudManaged")
    allocation_state = models.CharField(max_length=16, choices=AllocationState, default=AllocationState.ENABLED)
    managed_state = models.CharField(max_length=16, choices=ManagedState, default=ManagedState.MANAGED)
    architecture = models.CharField(max_length=16, default="x86_64")
    url = models.CharField(max_length=1024, blank=True, default="")
    """Where its manager has it; empty where hosts are reached one by one."""
    credentials = EncryptedField(null=True, blank=True)
    """As those of a host, for all hosts that have none of their own."""
    details = models.JSONField(default=dict, blank=True)
    """Options of the operator for all of its hosts; a host's own come first."""

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
