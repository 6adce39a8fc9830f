"""Disk offerings: the kinds of disk that users choose from."""

from django.db import models

from apps.storage.states import OfferingState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class DiskOffering(CloudModel):
    """A kind of disk. Public unless it is kept for ``domains`` (and those below them).

    ``size_gib`` is 0 for a custom offering, where the user gives the size. ``tags`` is a comma list without
    blanks; only pools that carry all of them are used. ``is_compute_only`` marks the disk half of a service
    offering, which no list shows. Rates are bytes or operations per second; null is unlimited. A ``…_max`` is
    what a burst may reach, for ``…_max_length`` seconds.
    """

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=4096, blank=True, default="")
    size_gib = models.PositiveIntegerField(default=0)
    is_custom = models.BooleanField(default=False)
    is_custom_iops = models.BooleanField(default=False)
    min_iops = models.PositiveBigIntegerField(null=True, blank=True)
    max_iops = models.PositiveBigIntegerField(null=True, blank=True)
    local_storage = models.BooleanField(default=False)
    provisioning = models.CharField(max_length=16, default="thin")
    cache_mode = models.CharField(max_length=16, default="none")
    tags = models.CharField(max_length=1024, blank=True, default="")
    bytes_read_rate = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_write_rate = models.PositiveBigIntegerField(null=True, blank=True)
    iops_read_rate = models.PositiveBigIntegerField(null=True, blank=True)
    iops_write_rate = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_read_rate_max = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_read_rate_max_length = models.PositiveIntegerField(null=True, blank=True)
    bytes_write_rate_max = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_write_rate_max_length = models.PositiveIntegerField(null=True, blank=True)
    iops_read_rate_max = models.PositiveBigIntegerField(null=True, blank=True)
    iops_read_rate_max_length = models.PositiveIntegerField(null=True, blank=True)
    iops_write_rate_max = models.PositiveBigIntegerField(null=True, blank=True)
    iops_write_rate_max_length = models.PositiveIntegerField(null=True, blank=True)
    size_is_strict = models.BooleanField(default=False)
    is_displayed = models.BooleanField(default=True)
    is_compute_only = models.BooleanField(default=False, editable=False)
    state = models.CharField(max_length=16, choices=OfferingState, default=OfferingState.ACTIVE)
    sort_key = models.IntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)
    domains = models.ManyToManyField("accounts.Domain", blank=True, related_name="disk_offerings")
    zones = models.ManyToManyField("infrastructure.Zone", blank=True, related_name="disk_offerings")

    class Meta(CloudModel.Meta):
        indexes = [
            models.Index(
                fields=["sort_key", "id"], condition=models.Q(removed__isnull=True), name="disk_offering_order"
            ),
            *text_indexes("disk_offering", "name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_set(self) -> frozenset[str]:
        return frozenset(self.tags.split(",")) if self.tags else frozenset()
