"""Volumes: the disks of machines."""

from django.db import models

from apps.accounts.models import OwnedModel
from apps.storage.models.offering import DiskOffering
from apps.storage.models.pool import StoragePool
from apps.storage.models.template import Template
from apps.storage.states import VolumeState, VolumeType
from cloudstack.framework.search import text_indexes


class Volume(OwnedModel):
    """A disk. It takes room on ``pool`` from the moment that one is chosen; ``path`` is the driver's answer.

    Which machine it belongs to is written in the compute app (``attachment``). ``path`` and ``pool`` are
    never taken from a client.
    """

    name = models.CharField(max_length=255)
    type = models.CharField(max_length=16, choices=VolumeType, default=VolumeType.DATADISK)
    size_bytes = models.PositiveBigIntegerField()
    physical_size_bytes = models.PositiveBigIntegerField(default=0)
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="volumes")
    pool = models.ForeignKey(StoragePool, null=True, blank=True, on_delete=models.PROTECT, related_name="volumes")
    path = models.CharField(max_length=1024, blank=True, default="", editable=False)
    format = models.CharField(max_length=16, default="qcow2")
    template = models.ForeignKey(Template, null=True, blank=True, on_delete=models.PROTECT, related_name="volumes")
    disk_offering = models.ForeignKey(
        DiskOffering, null=True, blank=True, on_delete=models.PROTECT, related_name="volumes"
    )
    source_image = models.ForeignKey(
        Template, null=True, blank=True, on_delete=models.SET_NULL, related_name="brought_volumes", editable=False
    )
    """The file that it is made of, where its owner brought one; a template that nobody sees."""
    state = models.CharField(max_length=16, choices=VolumeState, default=VolumeState.ALLOCATED, editable=False)
    provisioning = models.CharField(max_length=16, default="thin")
    min_iops = models.PositiveBigIntegerField(null=True, blank=True)
    max_iops = models.PositiveBigIntegerField(null=True, blank=True)
    is_displayed = models.BooleanField(default=True)
    delete_protection = models.BooleanField(default=False)
    destroyed_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it went to Destroy; it is expunged ``expunge.delay`` seconds later."""

    class Meta(OwnedModel.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(size_bytes__gt=0), name="volume_has_a_size"),
        ]
        indexes = [
            *OwnedModel.Meta.indexes,
            models.Index(fields=["id"], condition=models.Q(removed__isnull=True), name="volume_alive"),
            models.Index(fields=["name"], condition=models.Q(removed__isnull=True), name="volume_name"),
            models.Index(fields=["state", "id"], condition=models.Q(removed__isnull=True), name="volume_in_state"),
            models.Index(
                fields=["state", "destroyed_at"],
                condition=models.Q(removed__isnull=True, state=VolumeState.DESTROY),
                name="volume_to_expunge",
            ),
            *text_indexes("volume", "name"),
        ]

    def __str__(self) -> str:
        return self.name
