"""Where machines go: filters, weighers and types of affinity groups."""

from cloudstack.contracts.placement import AffinityRule, AffinityType, HostCandidate, PlacementRequest

__all__ = ["AffinityRule", "AffinityType", "HostCandidate", "PlacementRequest"]
