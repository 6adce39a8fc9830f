"""Hosts as one machine sees them."""

from django.db.models import QuerySet

from apps.compute.models import VirtualMachine
from apps.infrastructure.models import Host


def hosts_for_machine(hosts: QuerySet[Host], vm: VirtualMachine) -> QuerySet[Host]:
    """Those of the machine's zone and hypervisor; of its cluster while it runs or has run."""
    hosts = hosts.filter(zone=vm.zone_id, hypervisor=vm.hypervisor)
    near = vm.host_id or vm.last_host_id
    return hosts.filter(cluster__hosts=near) if near else hosts
