"""What of the machines stands and falls with a plugin."""

from apps.compute.models import AffinityGroup, VirtualMachine
from cloudstack.framework.plugins.uses import Given, counted, register_uses


def uses(given: Given) -> list[str]:
    """Machines on its hypervisors, and affinity groups of its types."""
    found = []
    kinds = given.get("register_hypervisor_drivers", frozenset())
    if kinds:
        machines = VirtualMachine.objects.filter(hypervisor__in=kinds)
        found += counted(machines.count(), "virtual machine", f"of the hypervisor {', '.join(sorted(kinds))}")
    types = given.get("register_affinity_types", frozenset())
    if types:
        groups = AffinityGroup.objects.filter(type__in=types)
        found += counted(groups.count(), "affinity group", f"of the type {', '.join(sorted(types))}")
    return found


def register() -> None:
    register_uses(uses)
