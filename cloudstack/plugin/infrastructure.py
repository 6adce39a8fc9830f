"""Zones, pods, clusters and hosts, for the ``Ref`` parameters of plugins' commands. Import it when apps are ready."""

from apps.infrastructure.models import Cluster, Host, Pod, Zone

__all__ = ["Cluster", "Host", "Pod", "Zone"]
