"""Reads of the infrastructure."""

from apps.infrastructure.selectors.infrastructure import (
    cluster_for_job,
    clusters_visible_to,
    host_for_job,
    host_tags,
    hosts_visible_to,
    hypervisor_capabilities_visible_to,
    hypervisors_in_use,
    pods_visible_to,
    zones_visible_to,
)

__all__ = [
    "cluster_for_job",
    "clusters_visible_to",
    "host_for_job",
    "host_tags",
    "hosts_visible_to",
    "hypervisor_capabilities_visible_to",
    "hypervisors_in_use",
    "pods_visible_to",
    "zones_visible_to",
]
