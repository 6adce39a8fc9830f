"""Where copies of templates are: in image stores and, as a cache, on primary storage."""

import uuid

from django.db import models
from django.utils import timezone

from apps.storage.models.image_store import ImageStore
from apps.storage.models.pool import StoragePool
from apps.storage.models.template import Template
from apps.storage.states import CacheState, StoreState


class TemplateStoreRef(models.Model):
    """A template's copy in an image store, and how far its download is (percent)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="store_refs")
    store = models.ForeignKey(ImageStore, on_delete=models.PROTECT, related_name="template_refs")
    state = models.CharField(max_length=16, choices=StoreState, default=StoreState.ALLOCATED)
    percent = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=1024, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "store"], name="template_once_in_store")]

    def __str__(self) -> str:
        return f"{self.template} in {self.store}"


class TemplatePoolRef(models.Model):
    """A template cached on a pool; ``job_uuid`` is the job that copies or removes it right now.

    Root volumes on the pool are thin clones of the file at ``path``: it stays as long as one of them does.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="pool_refs")
    pool = models.ForeignKey(StoragePool, on_delete=models.PROTECT, related_name="template_refs")
    state = models.CharField(max_length=16, choices=CacheState, default=CacheState.ALLOCATED)
    path = models.CharField(max_length=1024, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    job_uuid = models.UUIDField(null=True, blank=True, editable=False)
    last_used = models.DateTimeField(default=timezone.now)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "pool"], name="template_once_on_pool")]

    def __str__(self) -> str:
        return f"{self.template} on {self.pool}"
