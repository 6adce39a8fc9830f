"""Zones, pods, clusters, hosts and capacity on the wire."""
