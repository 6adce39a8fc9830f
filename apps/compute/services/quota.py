"""What a machine counts against the limits of its owner."""

from apps.accounts.models import ResourceType
from apps.accounts.services.limit_rules import Amounts, by_tags, limited_tags
from apps.compute.models import VirtualMachine


def amounts_of_vm(vm: VirtualMachine) -> Amounts:
    """Pieces, virtual CPUs and MiB of one machine; its volumes count by themselves.

    Also by those host tags of its offering and template for which there are limits.
    """
    amounts = {ResourceType.USER_VM: 1, ResourceType.CPU: vm.cpus, ResourceType.MEMORY: vm.memory_mib}
    if not limited_tags(ResourceType.USER_VM):
        # Most clouds limit nothing by tags: offering and template are not read for nothing.
        return amounts
    return by_tags(amounts, (*vm.service_offering.host_tag_tuple, vm.template.tag))
