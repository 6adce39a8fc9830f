"""Network cards of machines."""

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine
from apps.network.models import Network
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import BeginsIndex


class Nic(CloudModel):
    """A card of a machine in a network. Its addresses are allocated in the network app under its UUID.

    ``hostname`` repeats the machine's name so that the database keeps names in one network distinct.
    """

    vm = models.ForeignKey(VirtualMachine, on_delete=models.PROTECT, related_name="nics")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="nics")
    device_id = models.PositiveSmallIntegerField()
    mac = models.CharField(max_length=17)
    ipv4 = models.CharField(max_length=15, blank=True, default="")
    secondary = models.JSONField(default=list, blank=True, editable=False)
    """Further addresses, as lists show them: ``{"id": …, "ipaddress": …}``; the allocations decide."""
    hostname = models.CharField(max_length=63)
    is_default = models.BooleanField(default=False)

    class Meta(CloudModel.Meta):
        verbose_name = "network card"
        ordering = ["device_id"]
        indexes = [
            BeginsIndex(fields=["ipv4"], condition=models.Q(removed__isnull=True), name="nic_ipv4_begins"),
            BeginsIndex(fields=["mac"], condition=models.Q(removed__isnull=True), name="nic_mac_begins"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["vm", "device_id"], condition=models.Q(removed__isnull=True), name="one_card_per_slot"
            ),
            models.UniqueConstraint(
                fields=["network", "hostname"],
                condition=models.Q(removed__isnull=True),
                name="host_name_once_per_network",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mac} {self.ipv4}".strip()
