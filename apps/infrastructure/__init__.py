"""Zones, pods, clusters and hosts: what the cloud is made of, how full it is, and where a machine goes."""
