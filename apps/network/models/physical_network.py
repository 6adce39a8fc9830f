"""What a zone's guest networks are made on."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.network.states import IsolationMethod, PhysicalNetworkState, ProviderState, TrafficType
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class PhysicalNetwork(CloudModel):
    """A wired network of a zone: which links of the hosts carry guests, and the VXLAN numbers there."""

    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="physical_networks")
    name = models.CharField(max_length=255)
    isolation_method = models.CharField(max_length=32, choices=IsolationMethod.choices, default=IsolationMethod.VXLAN)
    broadcast_domain_range = models.CharField(max_length=16, default="ZONE", editable=False)
    network_speed = models.CharField(max_length=32, blank=True)
    tags = models.CharField(max_length=255, blank=True, help_text="Comma list; offerings ask for them.")
    state = models.CharField(max_length=16, choices=PhysicalNetworkState.choices, default=PhysicalNetworkState.DISABLED)

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "physical network"
        indexes: ClassVar = [
            models.Index(fields=["zone", "state"], condition=Q(removed__isnull=True), name="physnet_live_by_zone"),
            *text_indexes("physical_network", "name"),
        ]

    def __str__(self) -> str:
        return self.name


class VnetRange(models.Model):
    """Numbers of virtual networks that a physical network may give out; both ends are included."""

    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.CASCADE, related_name="vnet_ranges")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta:
        ordering = ("start",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(start__gte=1, end__gte=F("start"), end__lte=2**24 - 1), name="vnet_range_is_a_vxlan_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


class PhysicalNetworkTrafficType(CloudModel):
    """One kind of traffic on a physical network, and the link of the hosts that carries it."""

    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="traffic_types")
    traffic_type = models.CharField(max_length=16, choices=TrafficType.choices)
    kvm_label = models.CharField(
        max_length=255, blank=True, help_text="Name of the link on KVM hosts; the agent's default when empty."
    )

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "traffic type"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["physical_network", "traffic_type"],
                condition=Q(removed__isnull=True),
                name="one_row_per_traffic_type",
            )
        ]

    def __str__(self) -> str:
        return f"{self.traffic_type} on {self.physical_network_id}"


class NetworkServiceProvider(CloudModel):
    """A network element that may give services on a physical network."""

    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="providers")
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=ProviderState.choices, default=ProviderState.DISABLED)
    services = models.JSONField(null=True, blank=True, editable=False)
    """Services that it gives there, of those that it can; empty for all."""
    element_enabled = models.BooleanField("element enabled", default=True)
    """Whether its element may be used there at all: only then can the provider be enabled."""

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "network service provider"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["physical_network", "name"],
                condition=Q(removed__isnull=True),
                name="one_row_per_provider",
            )
        ]

    def __str__(self) -> str:
        return self.name
