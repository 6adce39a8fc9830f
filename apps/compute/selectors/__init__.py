"""Reads of the compute app."""

from apps.compute.selectors.affinity import affinity_groups_of, affinity_groups_visible_to, affinity_rules
from apps.compute.selectors.groups import instance_groups_visible_to, user_data_visible_to
from apps.compute.selectors.offerings import service_offerings_visible_to, ssh_key_pairs_visible_to
from apps.compute.selectors.virtual_machines import (
    has_key_pair,
    nics_visible_to,
    secondary_ips_visible_to,
    vm_for_job,
    vms_on_host_for_job,
    vms_visible_to,
)

__all__ = [
    "affinity_groups_of",
    "affinity_groups_visible_to",
    "affinity_rules",
    "has_key_pair",
    "instance_groups_visible_to",
    "nics_visible_to",
    "secondary_ips_visible_to",
    "service_offerings_visible_to",
    "ssh_key_pairs_visible_to",
    "user_data_visible_to",
    "vm_for_job",
    "vms_on_host_for_job",
    "vms_visible_to",
]
