"""Factories of zones, pods, clusters and hosts: for tests and for the demo alike."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.infrastructure.models import Cluster, Host, HostCapacity, Pod, Zone
from apps.infrastructure.services.bulk import BuiltZone, built_zone, simulated_zone
from apps.infrastructure.states import HostStatus

__all__ = ["BuiltZone", "ClusterFactory", "HostFactory", "PodFactory", "ZoneFactory", "built_zone", "simulated_zone"]


class ZoneFactory(DjangoModelFactory):
    class Meta:
        model = Zone

    name = factory.Sequence(lambda n: f"zone-{n}")
    dns1 = "192.0.2.53"
    internal_dns1 = "192.0.2.53"
    guest_cidr = "10.1.1.0/24"


class PodFactory(DjangoModelFactory):
    class Meta:
        model = Pod

    zone = factory.SubFactory(ZoneFactory)
    name = factory.Sequence(lambda n: f"pod-{n}")
    gateway = "172.31.0.1"
    netmask = "255.255.255.0"


class ClusterFactory(DjangoModelFactory):
    class Meta:
        model = Cluster

    pod = factory.SubFactory(PodFactory)
    name = factory.Sequence(lambda n: f"cluster-{n}")
    hypervisor = "Simulator"


class HostFactory(DjangoModelFactory):
    """A simulated host that is Up, with its capacity; zone and pod follow the cluster."""

    class Meta:
        model = Host
        skip_postgeneration_save = True

    cluster = factory.SubFactory(ClusterFactory)
    pod = factory.SelfAttribute("cluster.pod")
    zone = factory.SelfAttribute("cluster.pod.zone")
    name = factory.Sequence(lambda n: f"host-{n}")
    hypervisor = factory.SelfAttribute("cluster.hypervisor")
    url = factory.Sequence(lambda n: f"sim://factory/host-{n}")
    status = HostStatus.UP
    cpus = 16
    cpu_mhz = 2000
    memory_mib = 65536
    last_ping = factory.LazyFunction(timezone.now)
    details = factory.LazyAttribute(
        lambda host: {
            "cpus": str(host.cpus),
            "cpu_mhz": str(host.cpu_mhz),
            "memory_mib": str(host.memory_mib),
            "guest_link": "guest0",
        }
    )

    @factory.post_generation
    def capacity(self, create, extracted, **kwargs):
        """The capacity row, filled from the host's own columns."""
        if create:
            HostCapacity.objects.create(
                host=self, cpu_total_mhz=self.cpus * self.cpu_mhz, memory_total_mib=self.memory_mib, **kwargs
            )
