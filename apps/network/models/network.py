"""The guest network, and the hosts that it reaches at the moment."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import OwnedModel
from apps.network.models.offering import NetworkOffering
from apps.network.models.physical_network import PhysicalNetwork
from apps.network.states import AclType, GuestType, NetworkState
from cloudstack.framework.search import text_indexes


class Network(OwnedModel):
    """A layer 2 segment for guests; isolated and shared ones give addresses.

    ``account`` owns it. With ``acl_type`` ``Domain`` everybody in ``access_domain`` (and beneath, with
    ``subdomain_access``) may use it.
    """

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=255, blank=True)
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="networks")
    physical_network = models.ForeignKey(PhysicalNetwork, on_delete=models.PROTECT, related_name="networks")
    offering = models.ForeignKey(NetworkOffering, on_delete=models.PROTECT, related_name="networks")
    guest_type = models.CharField(max_length=16, choices=GuestType.choices)
    state = models.CharField(
        max_length=16, choices=NetworkState.choices, default=NetworkState.ALLOCATED, editable=False
    )

    vni = models.PositiveIntegerField(null=True, blank=True, editable=False)
    """VXLAN number; an isolated network holds one while it is implemented only."""
    vni_is_fixed = models.BooleanField(default=False, editable=False)
    """The number was named at creation, or belongs to a shared network: it stays until deletion."""
    broadcast_uri = models.CharField(max_length=64, blank=True, editable=False)

    cidr = models.CharField(max_length=18, blank=True)
    guest_vm_cidr = models.CharField(max_length=18, blank=True)
    """Part of an isolated network's CIDR that machines get addresses of; the rest is for others' use."""
    gateway = models.CharField(max_length=15, blank=True)
    netmask = models.CharField(max_length=15, blank=True)
    dhcp_server = models.CharField(max_length=15, blank=True, editable=False)
    """Address kept for the network's own DHCP and DNS server; empty when the offering has neither."""
    dns1 = models.CharField(max_length=15, blank=True)
    dns2 = models.CharField(max_length=15, blank=True)
    network_domain = models.CharField(max_length=255, blank=True)
    mtu = models.PositiveIntegerField(default=1450)

    acl_type = models.CharField(max_length=16, choices=AclType.choices, default=AclType.ACCOUNT)
    access_domain = models.ForeignKey(
        "accounts.Domain", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    external_id = models.CharField(max_length=255, blank=True)
    """Name of the network in a system outside."""
    subdomain_access = models.BooleanField(default=True)
    display_network = models.BooleanField(default=True)
    restart_required = models.BooleanField(default=False, editable=False)

    service_host = models.ForeignKey(
        "infrastructure.Host", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    """Host that carries the network's services now."""
    services_up = models.BooleanField(default=False, editable=False)
    """The services run on ``service_host``. Needed beside ``state`` because a shared network is always ``Setup``."""
    implementing_job = models.UUIDField(null=True, blank=True, editable=False)
    """Job that is bringing the network up, or moving its services, at this moment."""
    idle_since = models.DateTimeField(null=True, blank=True, editable=False)
    """When the collector first saw the implemented network without guests."""

    class Meta(OwnedModel.Meta):
        abstract = False
        indexes: ClassVar = [
            *OwnedModel.Meta.indexes,
            models.Index(fields=["id"], condition=Q(removed__isnull=True), name="network_alive"),
            models.Index(fields=["name"], condition=Q(removed__isnull=True), name="network_name"),
            models.Index(fields=["zone", "guest_type"], condition=Q(removed__isnull=True), name="network_live_by_zone"),
            models.Index(
                fields=["access_domain", "acl_type"], condition=Q(removed__isnull=True), name="network_live_by_access"
            ),
            models.Index(fields=["state"], condition=Q(removed__isnull=True), name="network_live_by_state"),
            models.Index(fields=["service_host"], condition=Q(removed__isnull=True), name="network_by_service_host"),
            *text_indexes("network", "name", "display_text"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(acl_type=AclType.ACCOUNT) | Q(access_domain__isnull=False),
                name="network_for_a_domain_names_it",
            )
        ]
        permissions: ClassVar = [("use_network", "May attach machines to the network")]

    def __str__(self) -> str:
        return self.name


class NetworkHost(models.Model):
    """A host on which the network's bridge stands, or is about to. Written before the host is asked."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="host_links")
    host = models.ForeignKey("infrastructure.Host", on_delete=models.CASCADE, related_name="+")
    bridge = models.CharField(max_length=15, blank=True)
    serves = models.BooleanField(default=False)
    """Services of the network run there, or were left there when the host could not be reached."""
    idle_since = models.DateTimeField(null=True, blank=True)
    """When the last guest is thought to have left; the collector takes the bridge away some time later."""
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["network", "host"], name="network_once_per_host")]

    def __str__(self) -> str:
        return f"{self.network_id} on {self.host_id}"
