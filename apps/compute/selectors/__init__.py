"""Reads of the compute app."""

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
    "has_key_pair",
    "nics_visible_to",
    "secondary_ips_visible_to",
    "service_offerings_visible_to",
    "ssh_key_pairs_visible_to",
    "vm_for_job",
    "vms_on_host_for_job",
    "vms_visible_to",
]
