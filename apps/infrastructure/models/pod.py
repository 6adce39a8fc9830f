"""Pod: a rack or row inside a zone, one management subnet."""

from django.db import models

from apps.infrastructure.models.zone import Zone
from apps.infrastructure.states import AllocationState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class Pod(CloudModel):
    """Part of a zone; ``start_ip`` to ``end_ip`` are addresses that the platform may use for itself."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="pods")
    name = models.CharField(max_length=255)
    gateway = models.CharField(max_length=64, blank=True, default="")
    netmask = models.CharField(max_length=64, blank=True, default="")
    start_ip = models.CharField(max_length=64, blank=True, default="")
    end_ip = models.CharField(max_length=64, blank=True, default="")
    allocation_state = models.CharField(max_length=16, choices=AllocationState, default=AllocationState.ENABLED)

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("pod", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name"], condition=models.Q(removed__isnull=True), name="pod_name_once_in_zone"
            )
        ]

    def __str__(self) -> str:
        return self.name
