"""Numbers of guest networks that are kept for one account."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import OwnedModel
from apps.network.models.physical_network import PhysicalNetwork


class GuestVlanRange(OwnedModel):
    """Numbers of a physical network that only networks of the account get; both ends are included."""

    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="dedicated_ranges")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta(OwnedModel.Meta):
        abstract = False
        verbose_name = "dedicated guest vlan range"
        indexes: ClassVar = [
            *OwnedModel.Meta.indexes,
            models.Index(
                fields=["physical_network", "start"], condition=Q(removed__isnull=True), name="guest_vlan_range_by_net"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="guest_vlan_range_not_reversed"),
        ]

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"
