"""Many hosts at once, in a handful of statements: for the first start, for tests and for measurements."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.infrastructure.models import Cluster, Host, HostCapacity, Pod, Zone
from apps.infrastructure.states import AllocationState, HostStatus

GUEST_LINK = "guest0"
"""The link that carries guests on simulated hosts: virtual networks want to know one."""


@dataclass(frozen=True)
class BuiltZone:
    """A zone with what is in it, in order of creation."""

    zone: Zone
    pods: list[Pod]
    clusters: list[Cluster]
    hosts: list[Host]


@transaction.atomic
def simulated_zone(
    name: str = "simulator",
    *,
    pods: int = 2,
    clusters: int = 4,
    hosts: int = 40,
    cpus: int = 16,
    cpu_mhz: int = 2000,
    memory_mib: int = 65536,
    hypervisor: str = "Simulator",
    **zone_fields: Any,
) -> BuiltZone:
    """A zone of simulated hosts that are Up; ``clusters`` and ``hosts`` count for the whole zone.

    A zone of that name that is there already is answered as it is.
    """
    known = Zone.objects.filter(name=name).first()
    if known is not None:
        return built_zone(known)
    fields = {
        "dns1": "192.0.2.53",
        "internal_dns1": "192.0.2.53",
        "guest_cidr": "10.1.1.0/24",
        "network_domain": "cloud.internal",
        "allocation_state": AllocationState.ENABLED,
    }
    zone = Zone.objects.create(name=name, **{**fields, **zone_fields})
    new_pods = Pod.objects.bulk_create(
        Pod(
            zone=zone,
            name=f"{name}-pod-{number + 1}",
            gateway=f"172.31.{number % 256}.1",
            netmask="255.255.255.0",
            start_ip=f"172.31.{number % 256}.10",
            end_ip=f"172.31.{number % 256}.250",
        )
        for number in range(pods)
    )
    new_clusters = Cluster.objects.bulk_create(
        Cluster(pod=new_pods[number % pods], name=f"{name}-cluster-{number + 1}", hypervisor=hypervisor)
        for number in range(clusters)
    )
    now = timezone.now()
    new_hosts = Host.objects.bulk_create(
        (
            Host(
                zone=zone,
                pod=new_clusters[number % clusters].pod,
                cluster=new_clusters[number % clusters],
                name=f"{name}-host-{number + 1}",
                hypervisor=hypervisor,
                url=f"sim://{zone.uuid}/host-{number + 1}",
                private_ip=f"172.31.{number % pods % 256}.{10 + number // pods % 240}",
                status=HostStatus.UP,
                cpus=cpus,
                cpu_mhz=cpu_mhz,
                memory_mib=memory_mib,
                hypervisor_version="simulator 1.0",
                last_ping=now,
                details={
                    "cpus": str(cpus),
                    "cpu_mhz": str(cpu_mhz),
                    "memory_mib": str(memory_mib),
                    "guest_link": GUEST_LINK,
                },
            )
            for number in range(hosts)
        ),
        batch_size=500,
    )
    HostCapacity.objects.bulk_create(
        (HostCapacity(host=host, cpu_total_mhz=cpus * cpu_mhz, memory_total_mib=memory_mib) for host in new_hosts),
        batch_size=500,
    )
    return BuiltZone(zone, new_pods, new_clusters, new_hosts)


def built_zone(zone: Zone) -> BuiltZone:
    """What is in a zone that is there already."""
    return BuiltZone(
        zone=zone,
        pods=list(Pod.objects.filter(zone=zone).order_by("pk")),
        clusters=list(Cluster.objects.filter(pod__zone=zone).order_by("pk")),
        hosts=list(Host.objects.filter(zone=zone).select_related("zone", "pod", "cluster").order_by("pk")),
    )
