"""What a machine counts against the limits of its owner."""

from apps.accounts.models import ResourceType
from apps.compute.models import VirtualMachine


def amounts_of_vm(vm: VirtualMachine) -> dict[ResourceType, int]:
    """Pieces, virtual CPUs and MiB of one machine; its volumes count by themselves."""
    return {ResourceType.USER_VM: 1, ResourceType.CPU: vm.cpus, ResourceType.MEMORY: vm.memory_mib}
