"""What agents of simulated hosts have made: bridges, DHCP servers and their entries."""

from django.db import models


class SimulatedBridge(models.Model):
    """A bridge on a host."""

    host_uuid = models.UUIDField()
    name = models.CharField(max_length=15)
    vni = models.PositiveIntegerField(null=True)
    underlay = models.CharField(max_length=15, blank=True, default="")
    mtu = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host_uuid", "name"], name="simulated_bridge_once_a_host")]

    def __str__(self) -> str:
        return self.name


class SimulatedDhcp(models.Model):
    """A DHCP server of a network on a host."""

    host_uuid = models.UUIDField()
    network_uuid = models.UUIDField()
    bridge = models.CharField(max_length=15)
    server_ip = models.CharField(max_length=64)
    prefix = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "simulated DHCP server"
        constraints = [models.UniqueConstraint(fields=["host_uuid", "network_uuid"], name="simulated_dhcp_once_a_host")]

    def __str__(self) -> str:
        return f"{self.server_ip} in {self.network_uuid}"


class SimulatedDhcpHost(models.Model):
    """A card's entry in a DHCP server; the database keeps an address from being given to two cards."""

    host_uuid = models.UUIDField()
    network_uuid = models.UUIDField()
    mac = models.CharField(max_length=17)
    ip = models.CharField(max_length=64)
    hostname = models.CharField(max_length=255)

    class Meta:
        verbose_name = "simulated DHCP entry"
        verbose_name_plural = "simulated DHCP entries"
        constraints = [
            models.UniqueConstraint(fields=["host_uuid", "network_uuid", "mac"], name="simulated_dhcp_card_once"),
            models.UniqueConstraint(fields=["host_uuid", "network_uuid", "ip"], name="simulated_dhcp_address_once"),
        ]

    def __str__(self) -> str:
        return f"{self.mac} → {self.ip}"
