"""Host: one machine with a hypervisor."""

from django.db import models

from apps.infrastructure.models.cluster import Cluster
from apps.infrastructure.models.pod import Pod
from apps.infrastructure.models.zone import Zone
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import BeginsIndex, text_indexes
from cloudstack.framework.secrets import EncryptedField


class Host(CloudModel):
    """A hypervisor host. ``zone`` and ``pod`` repeat those of the cluster so that indexes can serve lists.

    ``tags`` is a comma list without blanks, sorted. ``details`` are the operator's options, never secret;
    ``memory_mib`` and ``memory_reserved_mib`` in it override what the host reports. ``credentials`` is a
    JSON object, encrypted. ``cpu_mhz`` is the speed of one core. What the host really uses (not what is
    promised) is as of ``last_ping``; empty where nobody tells it.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="hosts")
    pod = models.ForeignKey(Pod, on_delete=models.PROTECT, related_name="hosts")
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="hosts")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=32, default="Routing")
    hypervisor = models.CharField(max_length=32)
    url = models.CharField(max_length=1024)
    private_ip = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=HostStatus, default=HostStatus.CONNECTING)
    resource_state = models.CharField(max_length=32, choices=ResourceState, default=ResourceState.ENABLED)
    cpus = models.PositiveIntegerField(default=0)
    cpu_sockets = models.PositiveIntegerField(null=True, blank=True)
    cpu_mhz = models.PositiveIntegerField(default=0)
    memory_mib = models.PositiveBigIntegerField(default=0)
    architecture = models.CharField(max_length=16, default="x86_64")
    hostname = models.CharField(max_length=255, blank=True, default="")
    version = models.CharField(max_length=64, blank=True, default="")
    hypervisor_version = models.CharField(max_length=64, blank=True, default="")
    capabilities = models.CharField(max_length=1024, blank=True, default="")
    tags = models.CharField(max_length=1024, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    credentials = EncryptedField(null=True, blank=True)
    guest_os_category = models.ForeignKey(
        "storage.GuestOsCategory", null=True, blank=True, on_delete=models.SET_NULL, related_name="hosts"
    )
    """Guests of this category come here first, and others rather elsewhere."""
    last_ping = models.DateTimeField(null=True, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    status_reason = models.CharField(max_length=1024, blank=True, default="")
    """Why the host is not Up, in the words of what found it out."""
    cpu_used_percent = models.FloatField(null=True, blank=True, editable=False)
    memory_used_mib = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    load_average = models.FloatField(null=True, blank=True, editable=False)
    network_rx_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    network_tx_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)

    class Meta(CloudModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name"], condition=models.Q(removed__isnull=True), name="host_name_once_in_zone"
            ),
            models.UniqueConstraint(
                fields=["url"],
                condition=models.Q(removed__isnull=True),
                name="host_url_once_alive",
                violation_error_message="a host with this address is already there",
            ),
        ]
        indexes = [
            models.Index(
                fields=["zone", "hypervisor"], condition=models.Q(removed__isnull=True), name="host_alive_in_zone"
            ),
            models.Index(fields=["status", "last_ping"], name="host_last_ping"),
            *text_indexes("host", "name"),
            BeginsIndex(fields=["private_ip"], condition=models.Q(removed__isnull=True), name="host_address_begins"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_set(self) -> frozenset[str]:
        return frozenset(self.tags.split(",")) if self.tags else frozenset()

    @property
    def cpu_total_mhz(self) -> int:
        return self.cpus * self.cpu_mhz
