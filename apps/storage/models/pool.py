"""Primary storage: where volumes live, which hosts see it, and how much of it is promised."""

import uuid

from django.db import models
from django.utils import timezone

from apps.storage.states import PoolScope, PoolState, PoolType
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class StoragePool(CloudModel):
    """A pool of primary storage. All sizes in bytes.

    ``cluster`` and ``pod`` are empty for a pool of the whole zone; ``host`` is set for storage of one host.
    ``capacity_bytes`` and ``used_bytes`` are what the storage says, ``allocated_bytes`` what is promised to
    volumes and cached templates (written only by conditional UPDATEs). ``tags`` is a comma list.
    """

    name = models.CharField(max_length=255)
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="pools")
    pod = models.ForeignKey("infrastructure.Pod", null=True, blank=True, on_delete=models.PROTECT, related_name="pools")
    cluster = models.ForeignKey(
        "infrastructure.Cluster", null=True, blank=True, on_delete=models.PROTECT, related_name="pools"
    )
    host = models.ForeignKey(
        "infrastructure.Host", null=True, blank=True, on_delete=models.PROTECT, related_name="local_pools"
    )
    hypervisor = models.CharField(max_length=32)
    type = models.CharField(max_length=32, choices=PoolType)
    scope = models.CharField(max_length=16, choices=PoolScope, default=PoolScope.CLUSTER)
    path = models.CharField(max_length=1024)
    host_address = models.CharField(max_length=255, blank=True, default="")
    provider = models.CharField(max_length=64, default="DefaultPrimary")
    state = models.CharField(max_length=32, choices=PoolState, default=PoolState.INITIALIZED, editable=False)
    capacity_bytes = models.PositiveBigIntegerField(default=0)
    used_bytes = models.PositiveBigIntegerField(default=0)
    allocated_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    capacity_is_given = models.BooleanField(default=False)
    """The operator set the capacity; what the storage says does not replace it."""
    tags = models.CharField(max_length=1024, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    credentials = EncryptedField(null=True, blank=True)
    facts_at = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.CharField(max_length=1024, blank=True, default="", editable=False)
    """Why the pool could not be connected, in the driver's words."""

    class Meta(CloudModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name"], condition=models.Q(removed__isnull=True), name="pool_name_once_in_zone"
            )
        ]
        indexes = [
            models.Index(
                fields=["zone", "hypervisor"], condition=models.Q(removed__isnull=True), name="pool_alive_in_zone"
            ),
            *text_indexes("pool", "name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_set(self) -> frozenset[str]:
        return frozenset(self.tags.split(",")) if self.tags else frozenset()

    @property
    def is_local(self) -> bool:
        return self.scope == PoolScope.HOST


class PoolHost(models.Model):
    """A host that sees a pool; ``path`` is where it is on that host."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pool = models.ForeignKey(StoragePool, on_delete=models.CASCADE, related_name="pool_hosts")
    host = models.ForeignKey("infrastructure.Host", on_delete=models.CASCADE, related_name="pool_hosts")
    path = models.CharField(max_length=1024)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "host"], name="pool_once_per_host")]

    def __str__(self) -> str:
        return f"{self.pool} on {self.host}"


class PoolReservation(models.Model):
    """One holder's (a volume's or a cached template's) share of one pool, in bytes.

    The sum of a pool's reservations is its ``allocated_bytes``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pool = models.ForeignKey(StoragePool, on_delete=models.CASCADE, related_name="reservations")
    holder_uuid = models.UUIDField()
    size_bytes = models.PositiveBigIntegerField()
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder_uuid", "pool"], name="one_share_of_a_pool_per_holder")]

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes of {self.pool} for {self.holder_uuid}"


class StoppedForPool(models.Model):
    """A machine that was stopped because its pool went into maintenance; it is started again afterwards."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pool = models.ForeignKey(StoragePool, on_delete=models.CASCADE, related_name="stopped_machines")
    machine_uuid = models.UUIDField()
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "machine stopped for maintenance"
        verbose_name_plural = "machines stopped for maintenance"
        constraints = [models.UniqueConstraint(fields=["pool", "machine_uuid"], name="machine_stopped_once_per_pool")]

    def __str__(self) -> str:
        return f"{self.machine_uuid}, stopped for {self.pool}"
