"""Rules of networks: what is let in and out, and what is sent to which guest."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import OwnedModel
from apps.network.models.network import Network
from apps.network.models.public_ip import PublicIpAddress
from apps.network.states import RuleState
from cloudstack.contracts.network import RuleKind


class NetworkRule(OwnedModel):
    """One rule. ``account`` is the network's. A rule on traffic out of the network has no ``address``."""

    kind = models.CharField(max_length=16, choices=[(str(kind), str(kind)) for kind in RuleKind], editable=False)
    state = models.CharField(max_length=8, choices=RuleState.choices, default=RuleState.ADD, editable=False)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="rules", editable=False)
    address = models.ForeignKey(
        PublicIpAddress, null=True, blank=True, on_delete=models.PROTECT, related_name="rules", editable=False
    )
    opened_for = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="openings", editable=False
    )
    """The forwarding that this one opens the firewall for; it goes with it."""
    protocol = models.CharField(max_length=8, editable=False)
    start_port = models.PositiveIntegerField(null=True, blank=True, editable=False)
    end_port = models.PositiveIntegerField(null=True, blank=True, editable=False)
    private_start_port = models.PositiveIntegerField(null=True, blank=True, editable=False)
    private_end_port = models.PositiveIntegerField(null=True, blank=True, editable=False)
    icmp_type = models.SmallIntegerField(null=True, blank=True, editable=False)
    icmp_code = models.SmallIntegerField(null=True, blank=True, editable=False)
    sources = models.JSONField(default=list, editable=False)
    destinations = models.JSONField(default=list, editable=False)
    vm_uuid = models.UUIDField(null=True, blank=True, editable=False)
    guest_ip = models.CharField(max_length=15, blank=True, editable=False)
    for_display = models.BooleanField(default=True)

    class Meta(OwnedModel.Meta):
        abstract = False
        verbose_name = "network rule"
        indexes: ClassVar = [
            *OwnedModel.Meta.indexes,
            models.Index(fields=["network", "kind"], condition=Q(removed__isnull=True), name="rule_live_by_network"),
            models.Index(fields=["address", "kind"], condition=Q(removed__isnull=True), name="rule_live_by_address"),
            models.Index(fields=["vm_uuid"], condition=Q(removed__isnull=True), name="rule_live_by_machine"),
        ]

    def __str__(self) -> str:
        ports = "" if self.start_port is None else f" {self.start_port}-{self.end_port}"
        where = self.address.address if self.address is not None else f"out of {self.network}"
        return f"{self.kind} {self.protocol}{ports} {where}"
