"""Zone "lab": real hypervisor hosts of this machine, as ``bin/lab status --json`` tells of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from apps.accounts.models import Account
from apps.infrastructure.models import Cluster, Host, Zone
from apps.infrastructure.services.cluster import ClusterManager
from apps.infrastructure.services.host import HostManager
from apps.infrastructure.services.pod import PodManager
from apps.infrastructure.services.zone import ZoneManager
from apps.network.services.bootstrap import seed_physical_network
from apps.portal.services.first_cloud import carry_out
from apps.portal.services.simulator_zone import seed_shared_network
from apps.storage.models import GuestOs, StoragePool, Template
from apps.storage.services.image_stores import ImageStoreManager
from apps.storage.services.pool_urls import parse_pool_url
from apps.storage.services.pools import StoragePoolManager
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

ZONE = "lab"
TEMPLATE = "Tiny Linux (lab)"
LINK = "mgmt"
"""The link of a lab host that carries VXLAN."""


def seed_lab_zone(*, caller: Caller, lab: Mapping[str, Any]) -> list[AsyncJob]:
    """Zone, hosts, shared storage, template and network of the lab, made or brought up to date.

    Answers the jobs that did not succeed. An operator's later changes stay; addresses of hosts follow the lab.
    """
    zone = Zone.objects.filter(name=ZONE).first()
    if zone is None:
        if Zone.all_objects.filter(name=ZONE).exists():
            return []
        zone = ZoneManager().create(
            caller=caller,
            name=ZONE,
            dns1=lab["gateway"],
            internal_dns1=lab["gateway"],
            guest_cidr="10.1.1.0/24",
            network_domain="lab.internal",
            local_storage_enabled=True,
        )
    failed = carry_out(_hosts(caller, zone, lab))
    failed += carry_out(_storage(caller, zone, lab))
    failed += carry_out(_template(caller, zone, lab))
    seed_physical_network(caller=caller, zone=zone, link=LINK)
    seed_shared_network(caller=caller, zone=zone, name="lab-guests", cidr_prefix="10.80", vlan="vxlan://4000")
    return failed


def _cluster(caller: Caller, zone: Zone) -> Cluster:
    pod = zone.pods(manager="objects").first() or PodManager().create(
        caller=caller,
        zone=zone,
        name="lab-pod",
        gateway="192.0.2.1",
        netmask="255.255.255.0",
        start_ip="192.0.2.10",
        end_ip="192.0.2.50",
    )
    return ClusterManager().find_or_add(caller=caller, pod=pod, name="lab-cluster", hypervisor="KVM")


def _hosts(caller: Caller, zone: Zone, lab: Mapping[str, Any]) -> list[AsyncJob]:
    cluster = _cluster(caller, zone)
    jobs = []
    for entry in lab["hosts"]:
        details = {
            "domain_type": "qemu",
            "libvirt_migrate_uri": entry["migration_uri"],
            # Their libvirt is reached by a socket, which does not tell where the consoles are.
            "console_address": urlsplit(entry["migration_uri"]).hostname or "",
        }
        host = Host.objects.filter(uuid=entry["uuid"]).first()
        if host is None:
            _, job = HostManager().add(
                caller=caller,
                zone=zone,
                pod=cluster.pod,
                cluster=cluster,
                hypervisor="KVM",
                url=entry["libvirt_uri"],
                name=entry["name"],
                details=details,
                uuid=entry["uuid"],
            )
        else:
            if host.url != entry["libvirt_uri"]:
                HostManager().update(caller=caller, host=host, url=entry["libvirt_uri"])
            if "console_address" not in host.details:
                HostManager().update(caller=caller, host=host, details={**details, **host.details})
            job = HostManager().reconnect(caller=caller, host=host)
        jobs.append(job)
    return jobs


def _storage(caller: Caller, zone: Zone, lab: Mapping[str, Any]) -> list[AsyncJob]:
    jobs = []
    cluster = _cluster(caller, zone)
    if not StoragePool.all_objects.filter(zone=zone).exists():
        _, job = StoragePoolManager().add(
            caller=caller,
            name="lab-primary",
            zone=zone,
            cluster=cluster,
            pod=cluster.pod,
            place=parse_pool_url(f"sharedmountpoint://localhost{lab['shared_pool_path']}"),
        )
        jobs.append(job)
    if not zone.image_stores(manager="all_objects").exists():
        images = Path(settings.DATA_DIR) / "images"
        _, job = ImageStoreManager().add(
            caller=caller, provider="Directory", url=f"file://{images}", name="lab-images", zone=zone
        )
        jobs.append(job)
    return jobs


def _template(caller: Caller, zone: Zone, lab: Mapping[str, Any]) -> list[AsyncJob]:
    image = Path(lab["image"]) if lab["image"] else None
    if image is None or Template.all_objects.filter(name=TEMPLATE).exists():
        return []
    request = TemplateRequest(
        owner=Account.objects.get(pk=caller.account_id),
        name=TEMPLATE,
        display_text="A Linux of 20 MB with SSH, built from Debian packages",
        hypervisor="KVM",
        format="QCOW2",
        zones=[zone],
        guest_os=GuestOs.objects.filter(description="Other Linux (64-bit)").first(),
        is_public=True,
        is_featured=True,
        ssh_key_enabled=True,
    )
    return [TemplateManager().import_file(caller=caller, request=request, path=image)[1]]
