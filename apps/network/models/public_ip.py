"""Public addresses: one row each, so that a free one can be named and reserved."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.network.models.allocation import VlanIpRange
from apps.network.models.network import Network
from apps.network.states import PublicIpState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import BeginsIndex


class PublicIpAddress(CloudModel):
    """An address of a public range, free or in the hands of an account.

    When it is given back its row is closed, as a record of who had it, and a fresh one takes its place: whoever
    gets the address next has nothing in common with the last holder but the number.
    """

    ip_range = models.ForeignKey(VlanIpRange, on_delete=models.PROTECT, related_name="addresses")
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="+")
    number = models.BigIntegerField(editable=False)
    address = models.CharField(max_length=15, editable=False)
    state = models.CharField(max_length=16, choices=PublicIpState.choices, default=PublicIpState.FREE, editable=False)
    account = models.ForeignKey(
        "accounts.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    domain = models.ForeignKey(
        "accounts.Domain", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    network = models.ForeignKey(
        Network, null=True, blank=True, on_delete=models.PROTECT, related_name="public_addresses", editable=False
    )
    """Guest network that it was acquired for."""
    allocated = models.DateTimeField(null=True, blank=True, editable=False)
    for_display = models.BooleanField(default=True)

    class Meta(CloudModel.Meta):
        abstract = False
        verbose_name = "public address"
        verbose_name_plural = "public addresses"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["zone", "number"], condition=Q(removed__isnull=True), name="public_address_once_per_zone"
            ),
            models.CheckConstraint(
                condition=Q(state=PublicIpState.FREE) ^ Q(account__isnull=False), name="public_address_has_a_holder"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "id"], condition=Q(removed__isnull=True), name="public_ip_acct"),
            models.Index(fields=["domain", "id"], condition=Q(removed__isnull=True), name="public_ip_dom"),
            models.Index(fields=["ip_range", "state"], condition=Q(removed__isnull=True), name="public_ip_by_range"),
            models.Index(fields=["zone", "state"], condition=Q(removed__isnull=True), name="public_ip_by_zone"),
            models.Index(fields=["network"], condition=Q(removed__isnull=True), name="public_ip_by_network"),
            models.Index(fields=["address"], condition=Q(removed__isnull=True), name="public_ip_by_address"),
            BeginsIndex(fields=["address"], condition=Q(removed__isnull=True), name="public_ip_begins"),
        ]

    def __str__(self) -> str:
        return self.address
