"""Why a machine is where it is: what placement thought of each host, kept for those who ask later."""

from typing import Any

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine
from apps.compute.states import PlacementPurpose
from apps.infrastructure.models import Host
from cloudstack.framework.models import PublicModel


class VirtualMachinePlacement(PublicModel):
    """One answer of placement, also one that found no host.

    ``hosts`` holds dictionaries, best first, then those refused: ``id``, ``name``, ``verdict`` (``chosen``,
    ``possible``, ``refused``), ``filter`` and ``reason`` of what refused, ``total`` and ``points`` by weigher. Of many
    hosts only some are there; the counters and ``refused_by`` (filter to number of hosts) tell of all.
    """

    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="placements", db_index=False)
    job_uuid = models.UUIDField(db_index=True)
    purpose = models.CharField(max_length=16, choices=PlacementPurpose)
    host = models.ForeignKey(Host, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    """The chosen one; None when none fitted, or the host is gone for good."""
    host_name = models.CharField(max_length=255, blank=True)
    summary = models.CharField(max_length=1024)
    algorithm = models.CharField(max_length=32)
    wanted: "models.JSONField[dict[str, Any]]" = models.JSONField(default=dict)
    """What the machine needed of a host: sizes, tags, and the host, cluster or pod asked for."""
    considered = models.PositiveIntegerField(default=0)
    possible = models.PositiveIntegerField(default=0)
    """How many fitted, the chosen one among them."""
    narrowed = models.BooleanField(default=False)
    """Whether only the emptiest hosts of a large zone were looked at."""
    refused_by: "models.JSONField[dict[str, int]]" = models.JSONField(default=dict)
    hosts: "models.JSONField[list[dict[str, Any]]]" = models.JSONField(default=list)

    class Meta:
        verbose_name = "placement"
        indexes = [
            models.Index(fields=["vm", "-id"], name="placement_of_vm"),
            models.Index(fields=["created"], name="placement_created"),
            models.Index(fields=["host"], condition=models.Q(host__isnull=False), name="placement_on_host"),
        ]

    def __str__(self) -> str:
        return f"{self.vm} on {self.host_name}" if self.host_name else f"{self.vm}: no host"

    @property
    def refused(self) -> int:
        return self.considered - self.possible
