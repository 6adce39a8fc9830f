"""Service offerings: the sizes of machines that users choose from."""

from django.db import models

from apps.compute.states import LeaseAction, OfferingState
from apps.storage.models import DiskOffering
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class ServiceOffering(CloudModel):
    """CPU and memory of a machine, and through ``disk_offering`` the kind of its root disk.

    Public unless kept for ``domains`` (and those below) or ``zones``. A custom offering
    (``is_customized``) leaves size to the user, within its bounds. ``cpu_mhz`` is the promised speed of one
    virtual CPU; ``host_tags`` is a comma list without blanks.
    """

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=4096, blank=True, default="")
    cpus = models.PositiveSmallIntegerField(null=True, blank=True)
    cpu_mhz = models.PositiveIntegerField(null=True, blank=True)
    memory_mib = models.PositiveIntegerField(null=True, blank=True)
    is_customized = models.BooleanField(default=False)
    min_cpus = models.PositiveSmallIntegerField(null=True, blank=True)
    max_cpus = models.PositiveSmallIntegerField(null=True, blank=True)
    min_memory_mib = models.PositiveIntegerField(null=True, blank=True)
    max_memory_mib = models.PositiveIntegerField(null=True, blank=True)
    offer_ha = models.BooleanField(default=False)
    limit_cpu_use = models.BooleanField(default=False)
    is_volatile = models.BooleanField(default=False)
    dynamic_scaling = models.BooleanField(default=False)
    host_tags = models.CharField(max_length=1024, blank=True, default="")
    network_rate_mbps = models.PositiveIntegerField(null=True, blank=True)
    disk_offering = models.ForeignKey(DiskOffering, on_delete=models.PROTECT, related_name="service_offerings")
    root_disk_gib = models.PositiveIntegerField(null=True, blank=True)
    lease_days = models.PositiveIntegerField(null=True, blank=True)
    """How long machines may exist; for ever if None."""
    lease_action = models.CharField(max_length=16, choices=LeaseAction, blank=True, default="")
    state = models.CharField(max_length=16, choices=OfferingState, default=OfferingState.ACTIVE)
    sort_key = models.IntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)
    domains = models.ManyToManyField("accounts.Domain", blank=True, related_name="service_offerings")
    zones = models.ManyToManyField("infrastructure.Zone", blank=True, related_name="service_offerings")

    class Meta(CloudModel.Meta):
        indexes = [
            models.Index(
                fields=["sort_key", "id"], condition=models.Q(removed__isnull=True), name="service_offering_order"
            ),
            *text_indexes("service_offering", "name"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_customized=True) | models.Q(cpus__gte=1, cpu_mhz__gte=1, memory_mib__gte=1),
                name="fixed_offering_has_a_size",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host_tag_tuple(self) -> tuple[str, ...]:
        return tuple(self.host_tags.split(",")) if self.host_tags else ()
