"""What operators allow of a hypervisor."""

from django.db import models

from cloudstack.framework.models import PublicModel

DEFAULT_VERSION = "default"


class HypervisorCapabilities(PublicModel):
    """Limits of all hosts of one hypervisor; an empty one is no limit. ``version`` is ``default``: for all versions."""

    hypervisor = models.CharField(max_length=32)
    version = models.CharField(max_length=64, default=DEFAULT_VERSION)
    max_guests = models.PositiveIntegerField(null=True, blank=True)
    """Machines that may be on one host at a time."""
    max_data_volumes = models.PositiveIntegerField(null=True, blank=True)
    """Data disks of one machine."""
    max_hosts_per_cluster = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "hypervisor capabilities"
        verbose_name_plural = "hypervisor capabilities"
        constraints = [models.UniqueConstraint(fields=["hypervisor", "version"], name="capabilities_once_per_version")]

    def __str__(self) -> str:
        return f"{self.hypervisor} {self.version}"
