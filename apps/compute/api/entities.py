"""Public entities of compute and who may touch them."""

from apps.compute.models import Nic, ServiceOffering, SshKeyPair, VirtualMachine
from apps.compute.selectors import (
    nics_visible_to,
    secondary_ips_visible_to,
    service_offerings_visible_to,
    ssh_key_pairs_visible_to,
    vms_visible_to,
)
from apps.metadata.kinds import register_kind
from apps.network.models import IpAllocation
from cloudstack.api import register_entity

register_entity(VirtualMachine, scope=vms_visible_to)
register_entity(Nic, scope=nics_visible_to)
register_entity(ServiceOffering, scope=service_offerings_visible_to)
register_entity(SshKeyPair, scope=ssh_key_pairs_visible_to)
register_entity(IpAllocation, scope=secondary_ips_visible_to, noun="secondary ip address")

register_kind(VirtualMachine, "UserVm", tags=True)
register_kind(Nic, "Nic", tags=True, owner="vm")
register_kind(ServiceOffering, "ServiceOffering", tags=True)
