"""Figures over time: how much of each zone was taken, how busy hosts were."""

from django.db import models

from apps.infrastructure.models.host import Host
from apps.infrastructure.models.zone import Zone
from cloudstack.framework.rollups.models import History


class CapacityHistory(History):
    """How much of one kind a zone had and how much was taken; ``type`` is CloudStack's number of the kind.

    Bytes, MHz or pieces, as the kind counts; added up over ``samples`` looks. Floating point: the sum of a day of a
    zone with petabytes leaves the range of whole numbers.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.PositiveSmallIntegerField()
    used_sum = models.FloatField(default=0)
    total_sum = models.FloatField(default=0)
    used_max = models.FloatField(default=0)

    keys = ("zone", "type")
    sums = ("used_sum", "total_sum")
    peaks = ("used_max",)

    class Meta(History.Meta):
        verbose_name_plural = "capacity histories"
        constraints = [
            models.UniqueConstraint(fields=["zone", "type", "width_s", "began"], name="capacity_once_a_stretch")
        ]


class HostHistory(History):
    """How busy a host was. Its network counters are those it had at the end of the stretch."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="+", db_index=False)
    cpu_percent_sum = models.FloatField(default=0)
    cpu_percent_max = models.FloatField(default=0)
    memory_used_mib_sum = models.PositiveBigIntegerField(default=0)
    memory_used_mib_max = models.PositiveBigIntegerField(default=0)
    net_rx_bytes = models.PositiveBigIntegerField(default=0)
    net_tx_bytes = models.PositiveBigIntegerField(default=0)
    net_seconds = models.PositiveIntegerField(default=0)
    """How many seconds the bytes are of; 0 when there was nothing to compare the counters with."""
    rx_counter = models.PositiveBigIntegerField(null=True)
    tx_counter = models.PositiveBigIntegerField(null=True)

    keys = ("host",)
    sums = ("cpu_percent_sum", "memory_used_mib_sum", "net_rx_bytes", "net_tx_bytes", "net_seconds")
    peaks = ("cpu_percent_max", "memory_used_mib_max", "rx_counter", "tx_counter")

    class Meta(History.Meta):
        verbose_name_plural = "host histories"
        constraints = [models.UniqueConstraint(fields=["host", "width_s", "began"], name="host_once_a_stretch")]
