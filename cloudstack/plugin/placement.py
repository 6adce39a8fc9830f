"""Where machines go: filters, weighers and types of affinity groups."""

from cloudstack.contracts.placement import (
    AffinityRule,
    AffinityType,
    HostCandidate,
    HostFilter,
    HostWeigher,
    PlacementRequest,
)

__all__ = ["AffinityRule", "AffinityType", "HostCandidate", "HostFilter", "HostWeigher", "PlacementRequest"]
