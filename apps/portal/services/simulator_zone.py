"""Zone "simulator": hosts that exist in tables only, so that everything can be tried without a hypervisor."""

from django.utils import timezone

from apps.accounts.models import Account
from apps.infrastructure.models import Zone
from apps.infrastructure.services.bulk import GUEST_LINK, BuiltZone, simulated_zone
from apps.network.models import Network, NetworkOffering
from apps.network.services.bootstrap import seed_physical_network
from apps.network.services.networks import NetworkManager
from apps.storage.models import GuestOs, PoolHost, StoragePool, Template
from apps.storage.services.image_stores import ImageStoreManager
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.states import PoolScope, PoolState, PoolType
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

ZONE = "simulator"
TIB = 1024**4
GUEST_OS = "CentOS 5.6 (64-bit)"
TEMPLATE = "CentOS 5.6 (64-bit) no GUI (Simulator)"
TEMPLATE_URL = "https://images.example.org/centos56-x86_64.qcow2"
"""Never opened: the simulated image store pretends to have fetched it."""


def seed_simulator_zone(
    *, caller: Caller, pods: int = 2, clusters: int = 4, hosts: int = 40, name: str = ZONE
) -> tuple[BuiltZone, list[AsyncJob]]:
    """The zone with pools, an image store, a template and a shared network; answers the jobs still to be run."""
    if Zone.all_objects.filter(name=name, removed__isnull=False).exists():
        zone = Zone.objects.filter(name=name).first()
        return (simulated_zone(name), []) if zone else (BuiltZone(None, [], [], []), [])  # type: ignore[arg-type]
    built = simulated_zone(name, pods=pods, clusters=clusters, hosts=hosts)
    seed_pools(built)
    jobs = _image_store_and_template(caller, built.zone)
    seed_physical_network(caller=caller, zone=built.zone, link=GUEST_LINK)
    seed_shared_network(caller=caller, zone=built.zone, name=f"{name}-guests", cidr_prefix="10.64", vlan="vxlan://4001")
    return built, jobs


def seed_pools(built: BuiltZone) -> list[StoragePool]:
    """One pool a cluster, seen by all its hosts."""
    found = list(StoragePool.objects.filter(zone=built.zone))
    if found:
        return found
    now = timezone.now()
    pools = StoragePool.objects.bulk_create(
        StoragePool(
            name=f"{cluster.name}-primary",
            zone=built.zone,
            pod=cluster.pod,
            cluster=cluster,
            hypervisor=cluster.hypervisor,
            type=PoolType.SIMULATOR,
            scope=PoolScope.CLUSTER,
            path=f"/simulated/{cluster.name}",
            state=PoolState.UP,
            capacity_bytes=100 * TIB,
            capacity_is_given=True,
            facts_at=now,
        )
        for cluster in built.clusters
    )
    by_cluster = {pool.cluster_id: pool for pool in pools}
    PoolHost.objects.bulk_create(
        PoolHost(pool=by_cluster[host.cluster_id], host=host, path=by_cluster[host.cluster_id].path)
        for host in built.hosts
    )
    return pools


def _image_store_and_template(caller: Caller, zone: Zone) -> list[AsyncJob]:
    jobs = []
    if not zone.image_stores(manager="objects").exists():
        _, job = ImageStoreManager().add(
            caller=caller, provider="Simulator", url=f"sim://{zone.name}/images", name=f"{zone.name}-images", zone=zone
        )
        jobs.append(job)
    if not Template.all_objects.filter(name=TEMPLATE, template_zones__zone=zone).exists():
        request = TemplateRequest(
            owner=Account.objects.get(pk=caller.account_id),
            name=TEMPLATE,
            display_text=TEMPLATE,
            hypervisor="Simulator",
            format="QCOW2",
            zones=[zone],
            guest_os=GuestOs.objects.filter(description=GUEST_OS).first(),
            is_public=True,
            is_featured=True,
        )
        _, job = TemplateManager().register(caller=caller, request=request, url=TEMPLATE_URL)
        jobs.append(job)
    return jobs


def seed_shared_network(*, caller: Caller, zone: Zone, name: str, cidr_prefix: str, vlan: str) -> Network:
    """A network that everybody may use, with DHCP: a /20 under ``cidr_prefix`` (``10.64``)."""
    known = Network.all_objects.filter(zone=zone, name=name).first()
    if known is not None:
        return known
    offering = NetworkOffering.objects.get(name="DefaultSharedNetworkOffering")
    return NetworkManager().create(
        caller=caller,
        zone=zone,
        offering=offering,
        name=name,
        display_text=f"Guests of zone {zone}",
        acl_type="Domain",
        gateway=f"{cidr_prefix}.0.1",
        netmask="255.255.240.0",
        start_ip=f"{cidr_prefix}.0.20",
        end_ip=f"{cidr_prefix}.15.250",
        vlan=vlan,
    )
