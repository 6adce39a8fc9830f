"""Hosts as drivers see them."""

import json
from collections.abc import Mapping

from apps.infrastructure.models import Host
from cloudstack.contracts.host import HostRef


def credentials_of(host: Host) -> Mapping[str, str]:
    """User name, password or key of the host, in clear; never log or store what this answers."""
    if not host.credentials:
        return {}
    return {str(key): str(value) for key, value in json.loads(host.credentials.reveal()).items()}


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
        details={str(key): str(value) for key, value in host.details.items()},
        secrets=credentials_of(host),
    )
