"""Zone: a data centre, the largest unit of a cloud."""

from django.db import models

from apps.infrastructure.states import AllocationState, NetworkType
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class Zone(CloudModel):
    """A data centre with its own networks, hosts and storage.

    ``domain`` is set when the zone is kept for one domain and those below it. ``network_domain`` is the
    DNS suffix of its guests, ``guest_cidr`` what isolated networks are cut from by default.
    """

    name = models.CharField(max_length=255)
    network_type = models.CharField(max_length=16, choices=NetworkType, default=NetworkType.ADVANCED)
    allocation_state = models.CharField(
        max_length=16, choices=AllocationState, default=AllocationState.ENABLED, db_index=True
    )
    dns1 = models.CharField(max_length=64)
    dns2 = models.CharField(max_length=64, blank=True, default="")
    internal_dns1 = models.CharField(max_length=64)
    internal_dns2 = models.CharField(max_length=64, blank=True, default="")
    guest_cidr = models.CharField(max_length=64, blank=True, default="")
    network_domain = models.CharField(max_length=255, blank=True, default="")
    domain = models.ForeignKey(
        "accounts.Domain", null=True, blank=True, on_delete=models.PROTECT, related_name="dedicated_zones"
    )
    local_storage_enabled = models.BooleanField(default=False)
    security_groups_enabled = models.BooleanField(default=False)
    dhcp_provider = models.CharField(max_length=64, default="VirtualRouter")
    sort_key = models.IntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("zone", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(removed__isnull=True), name="zone_name_once_alive"
            )
        ]

    def __str__(self) -> str:
        return self.name
