"""The CD-ROM drives of machines."""

import uuid

from django.db import models
from django.utils import timezone

from apps.compute.models.virtual_machine import VirtualMachine
from apps.storage.models import StoragePool, Template


class Drive(models.Model):
    """A disc in the drive of a machine; a machine without a row has an empty one.

    ``pool`` and ``path`` say where the disc lies for the machine's hosts, once it was brought there: on the pool
    of the root disk, which every host sees that the machine can run on.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    vm = models.OneToOneField(VirtualMachine, on_delete=models.CASCADE, related_name="drive")
    iso = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="drives", verbose_name="ISO")
    pool = models.ForeignKey(StoragePool, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    path = models.CharField(max_length=1024, blank=True, default="", editable=False)
    inserted = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "CD-ROM drive"

    def __str__(self) -> str:
        return f"{self.iso} in {self.vm}"
