"""Templates, from which root volumes are cloned, and ISOs, which lie in the CD-ROM drive of machines."""

import uuid
from typing import ClassVar, Self

from django.db import models

from apps.accounts.models import OwnedModel
from apps.storage.models.guest_os import GuestOs
from apps.storage.states import TemplateState, TemplateType
from cloudstack.framework.models import LiveManager
from cloudstack.framework.search import text_indexes

ISO = "ISO"
"""The format that makes an image a disc."""


class Template(OwnedModel):
    """An image that its owner registered or uploaded; sizes in bytes, known once it was checked.

    With the format ``ISO`` it is a disc, which needs no hypervisor.

    ``checksum`` is the one that the owner gave (``{SHA-256}…``).
    ``error`` says in words why the template is not usable. With ``is_cross_zone`` it is kept in every zone.
    """

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=4096, blank=True, default="")
    hypervisor = models.CharField(max_length=32, blank=True, default="")
    format = models.CharField(max_length=16)
    guest_os = models.ForeignKey(
        GuestOs, null=True, blank=True, on_delete=models.PROTECT, related_name="templates", verbose_name="guest OS"
    )
    source_template = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    """The template of the volume that it was made from."""
    url = models.CharField(max_length=2048, blank=True, default="")
    checksum = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    """Of the file that was checked; whoever copies it compares."""
    virtual_size_bytes = models.PositiveBigIntegerField(default=0)
    physical_size_bytes = models.PositiveBigIntegerField(default=0)
    is_public = models.BooleanField(default=False)
    is_featured = models.BooleanField(default=False)
    is_extractable = models.BooleanField(default=False)
    is_cross_zone = models.BooleanField(default=False)
    bootable = models.BooleanField(default=True)
    password_enabled = models.BooleanField(default=False)
    ssh_key_enabled = models.BooleanField(default=False)
    requires_hvm = models.BooleanField(default=True)
    dynamically_scalable = models.BooleanField(default=False)
    direct_download = models.BooleanField(default=False, editable=False)
    bits = models.PositiveSmallIntegerField(default=64)
    architecture = models.CharField(max_length=16, default="x86_64")
    type = models.CharField(max_length=16, choices=TemplateType, default=TemplateType.USER)
    tag = models.CharField(max_length=255, blank=True, default="")
    """Hosts must carry this tag to run machines of the template."""
    sort_key = models.IntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=32, choices=TemplateState, default=TemplateState.CREATING, editable=False)
    error = models.CharField(max_length=1024, blank=True, default="", editable=False)

    class Meta(OwnedModel.Meta):
        permissions = [("use_template", "Can make machines from the template")]
        indexes = [
            *OwnedModel.Meta.indexes,
            models.Index(
                fields=["is_public", "id"],
                condition=models.Q(removed__isnull=True, is_public=True),
                name="template_public",
            ),
            models.Index(fields=["sort_key", "id"], condition=models.Q(removed__isnull=True), name="template_order"),
            *text_indexes("template", "name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_iso(self) -> bool:
        return self.format == ISO


class IsoManager(LiveManager):
    """Discs that are not removed."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(format=ISO)


class AllIsoManager(models.Manager):
    """Discs, removed ones too."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(format=ISO)


class Iso(Template):
    """A template that is a disc, as an entity of its own: what names an ISO never reaches anything else."""

    objects: ClassVar[models.Manager[Self]] = IsoManager()
    all_objects: ClassVar[models.Manager[Self]] = AllIsoManager()

    class Meta:
        proxy = True
        verbose_name = "ISO"
        verbose_name_plural = "ISOs"


class TemplateZone(models.Model):
    """A zone in which the template is offered."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="template_zones")
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.CASCADE, related_name="template_zones")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "zone"], name="template_once_in_zone")]

    def __str__(self) -> str:
        return f"{self.template} in {self.zone}"
