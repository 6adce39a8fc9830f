"""Which volume belongs to which machine."""

import uuid

from django.db import models
from django.utils import timezone

from apps.compute.models.virtual_machine import VirtualMachine
from apps.storage.models import Volume


class VolumeAttachment(models.Model):
    """A volume in a slot of a machine. Slot 0 is the root disk, slot 3 is kept for the CD-ROM."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    volume = models.OneToOneField(Volume, on_delete=models.CASCADE, related_name="attachment")
    vm = models.ForeignKey(VirtualMachine, on_delete=models.PROTECT, related_name="attachments")
    device_id = models.PositiveSmallIntegerField()
    attached = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["device_id"]
        constraints = [models.UniqueConstraint(fields=["vm", "device_id"], name="one_volume_per_slot")]

    def __str__(self) -> str:
        return f"{self.volume} as disk {self.device_id} of {self.vm}"
