"""What kinds of guest networks are on offer, and who gives which service in them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.network.states import GuestType, OfferingAvailability, OfferingState, TrafficType
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class NetworkOffering(CloudModel):
    """A kind of guest network. ``network_rate`` is in Mbit/s; empty means no limit."""

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=255, blank=True)
    guest_type = models.CharField(max_length=16, choices=GuestType.choices)
    traffic_type = models.CharField(max_length=16, choices=TrafficType.choices, default=TrafficType.GUEST)
    specify_vlan = models.BooleanField(default=False)
    specify_ip_ranges = models.BooleanField(default=False)
    conserve_mode = models.BooleanField(default=True)
    is_persistent = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    egress_default_policy = models.BooleanField(default=True)
    availability = models.CharField(
        max_length=16, choices=OfferingAvailability.choices, default=OfferingAvailability.OPTIONAL
    )
    state = models.CharField(max_length=16, choices=OfferingState.choices, default=OfferingState.DISABLED)
    network_rate = models.PositiveIntegerField(null=True, blank=True)
    tags = models.CharField(max_length=255, blank=True)
    sort_key = models.IntegerField(default=0)
    domains = models.ManyToManyField("accounts.Domain", blank=True, related_name="+")
    zones = models.ManyToManyField("infrastructure.Zone", blank=True, related_name="+")

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "network offering"
        indexes = [
            *text_indexes("network_offering", "name"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(removed__isnull=True), name="network_offering_name_is_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name


class NetworkOfferingService(models.Model):
    """One service of an offering and the provider that gives it."""

    offering = models.ForeignKey(NetworkOffering, on_delete=models.CASCADE, related_name="services")
    service = models.CharField(max_length=32)
    provider = models.CharField(max_length=64)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offering", "service", "provider"], name="network_offering_service_once")
        ]

    def __str__(self) -> str:
        return f"{self.service} by {self.provider}"
