"""Volumes in simulated pools, templates in simulated image stores."""

from django.db import models


class SimulatedVolume(models.Model):
    """A volume, or a cached template (``is_template``), in one pool; ``path`` is unique in it."""

    pool_uuid = models.UUIDField()
    path = models.CharField(max_length=512)
    volume_uuid = models.UUIDField(db_index=True)
    size_bytes = models.PositiveBigIntegerField()
    format = models.CharField(max_length=16, default="qcow2")
    is_template = models.BooleanField(default=False)
    template_path = models.CharField(max_length=512, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool_uuid", "path"], name="simulated_path_once_a_pool")]

    def __str__(self) -> str:
        return self.path


class SimulatedTemplate(models.Model):
    """A template in an image store of the provider ``Simulator``."""

    store_uuid = models.UUIDField()
    template_uuid = models.UUIDField()
    url = models.CharField(max_length=2048, blank=True, default="")
    format = models.CharField(max_length=16)
    virtual_size_bytes = models.PositiveBigIntegerField()
    physical_size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store_uuid", "template_uuid"], name="simulated_template_once_a_store")
        ]

    def __str__(self) -> str:
        return str(self.template_uuid)
