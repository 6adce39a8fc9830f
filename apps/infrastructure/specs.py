"""Hosts as drivers see them."""

import json
from collections.abc import Mapping

from apps.infrastructure.models import Cluster, Host
from cloudstack.contracts.clusters import ClusterRef
from cloudstack.contracts.host import HostRef


def credentials_of(place: Host | Cluster) -> Mapping[str, str]:
    """User name, password or key, in clear; never log or store what this answers. A host's own come first."""
    if place.credentials:
        return {str(key): str(value) for key, value in json.loads(place.credentials.reveal()).items()}
    return credentials_of(place.cluster) if isinstance(place, Host) else {}


def cluster_ref(cluster: Cluster) -> ClusterRef:
    """The driver's name for ``cluster``; load it with ``select_related("pod__zone")``."""
    return ClusterRef(
        uuid=str(cluster.uuid),
        name=cluster.name,
        hypervisor=cluster.hypervisor,
        url=cluster.url,
        zone_uuid=str(cluster.pod.zone.uuid),
        pod_uuid=str(cluster.pod.uuid),
        details={str(key): str(value) for key, value in cluster.details.items()},
        secrets=credentials_of(cluster),
    )


def host_ref(host: Host) -> HostRef:
    """The driver's name for ``host``; load it with ``select_related("zone", "pod", "cluster")``."""
    return HostRef(
        uuid=str(host.uuid),
        name=host.name,
        hypervisor=host.hypervisor,
        url=host.url,
        address=host.private_ip,
        zone_uuid=str(host.zone.uuid),
        pod_uuid=str(host.pod.uuid),
        cluster_uuid=str(host.cluster.uuid),
        details={str(key): str(value) for key, value in {**host.cluster.details, **host.details}.items()},
        secrets=credentials_of(host),
    )
