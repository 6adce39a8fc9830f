"""Public entities of compute and who may touch them."""

from apps.compute.models import (
    AffinityGroup,
    ClusterDrsPlan,
    ConsoleSession,
    InstanceGroup,
    Nic,
    ServiceOffering,
    SshKeyPair,
    UserData,
    VirtualMachine,
    VirtualMachinePlacement,
    VmSchedule,
)
from apps.compute.selectors import (
    affinity_groups_visible_to,
    instance_groups_visible_to,
    nics_visible_to,
    secondary_ips_visible_to,
    service_offerings_visible_to,
    ssh_key_pairs_visible_to,
    user_data_visible_to,
    vms_visible_to,
)
from apps.compute.selectors.console_sessions import console_sessions_visible_to
from apps.compute.selectors.drs_plans import drs_plans_visible_to
from apps.compute.selectors.placements import placements_visible_to
from apps.compute.selectors.schedules import vm_schedules_visible_to
from apps.metadata.kinds import HUNG, register_kind
from apps.network.models import IpAllocation
from cloudstack.api import register_entity

register_entity(VirtualMachine, scope=vms_visible_to)
register_entity(Nic, scope=nics_visible_to)
register_entity(ServiceOffering, scope=service_offerings_visible_to)
register_entity(SshKeyPair, scope=ssh_key_pairs_visible_to)
register_entity(IpAllocation, scope=secondary_ips_visible_to, noun="secondary ip address")
register_entity(AffinityGroup, scope=affinity_groups_visible_to)
register_entity(InstanceGroup, scope=instance_groups_visible_to)
register_entity(VmSchedule, scope=vm_schedules_visible_to)
register_entity(UserData, scope=user_data_visible_to)
register_entity(ClusterDrsPlan, scope=drs_plans_visible_to)
register_entity(VirtualMachinePlacement, scope=placements_visible_to, noun="placement")
register_entity(ConsoleSession, scope=console_sessions_visible_to)

register_kind(
    VirtualMachine, "UserVm", tags=True, icon=True, icon_from="template", note="VM", users_note=True,
    details="details", detail_options=lambda vm: {"boot_type": ["BIOS"]},
)  # fmt: skip
register_kind(Nic, "Nic", tags=True, owner="vm", title="mac", details=HUNG)
register_kind(ServiceOffering, "ServiceOffering", tags=True, note="SERVICE_OFFERING", details="details")
register_kind(SshKeyPair, "SSHKeyPair", note="SSH_KEYPAIR", users_note=True)
register_kind(InstanceGroup, "InstanceGroup", note="INSTANCE_GROUP", users_note=True)
register_kind(UserData, "UserData", note="USER_DATA", users_note=True)
