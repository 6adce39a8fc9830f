"""What one holder has at a time: addresses, MAC addresses, VXLAN numbers. What is free has no row."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.network.models.network import Network
from apps.network.models.physical_network import PhysicalNetwork
from apps.network.states import IpPurpose, IpState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import BeginsIndex


class VlanIpRange(CloudModel):
    """Addresses that a shared network may give out or, without a network, public addresses of a zone.

    Both ends are included. A public range may be dedicated to an account, or to a domain and all beneath it.
    """

    network = models.ForeignKey(Network, null=True, blank=True, on_delete=models.PROTECT, related_name="ip_ranges")
    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="ip_ranges")
    start_ip = models.CharField(max_length=15)
    end_ip = models.CharField(max_length=15)
    start_number = models.BigIntegerField(editable=False)
    end_number = models.BigIntegerField(editable=False)
    gateway = models.CharField(max_length=15)
    netmask = models.CharField(max_length=15)
    vlan = models.CharField(max_length=64, blank=True)
    for_system_vms = models.BooleanField(default=False)
    """Kept for machines of the platform itself: users get no address of it."""
    dedicated_account = models.ForeignKey(
        "accounts.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dedicated_domain = models.ForeignKey(
        "accounts.Domain", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Domain of the account, or the one whose accounts share the range."""

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "address range"
        indexes: ClassVar = [
            models.Index(fields=["vlan"], condition=Q(removed__isnull=True), name="ip_range_live_by_vlan"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(end_number__gte=F("start_number")), name="ip_range_is_not_reversed"),
            models.CheckConstraint(
                condition=Q(network__isnull=True) | Q(dedicated_domain__isnull=True), name="dedicated_range_is_public"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start_ip}-{self.end_ip}"

    @property
    def is_public(self) -> bool:
        return self.network_id is None


class IpAllocation(models.Model):
    """One address of a network in somebody's hands.

    ``holder_uuid`` is the card's UUID, or the network's own for its service address. ``number`` is the
    address as an integer, so that the next free one is found by the index.
    """

    uuid = models.UUIDField(null=True, unique=True, editable=False)
    """Public name of a secondary address; others are known by their card."""
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="ip_allocations")
    number = models.BigIntegerField(editable=False)
    address = models.CharField(max_length=15, editable=False)
    holder_uuid = models.UUIDField(editable=False)
    purpose = models.CharField(max_length=16, choices=IpPurpose.choices, default=IpPurpose.NIC)
    state = models.CharField(max_length=16, choices=IpState.choices, default=IpState.ALLOCATED)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "address"
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["network", "number"], name="address_once_per_network"),
            models.UniqueConstraint(
                fields=["holder_uuid", "network", "purpose"],
                condition=~Q(purpose=IpPurpose.SECONDARY),
                name="one_address_per_holder_and_purpose",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder_uuid"], name="address_by_holder"),
            BeginsIndex(fields=["address"], name="address_begins"),
        ]

    def __str__(self) -> str:
        return self.address


class MacAllocation(models.Model):
    """One MAC address in the hands of a card; unique in the whole cloud."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="mac_allocations")
    mac = models.CharField(max_length=17, unique=True, editable=False)
    holder_uuid = models.UUIDField(unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "MAC address"
        verbose_name_plural = "MAC addresses"

    def __str__(self) -> str:
        return self.mac


class VniAllocation(models.Model):
    """One VXLAN number in the hands of a network; unique in a zone, since its hosts may carry several networks."""

    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="+")
    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="vni_allocations")
    vni = models.PositiveIntegerField(editable=False)
    network = models.OneToOneField(Network, on_delete=models.PROTECT, related_name="vni_allocation")
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "VXLAN number"
        constraints: ClassVar = [models.UniqueConstraint(fields=["zone", "vni"], name="vni_once_per_zone")]

    def __str__(self) -> str:
        return str(self.vni)
