"""Entities of the compute app."""

from apps.compute.models.affinity_group import AffinityGroup, AffinityMembership
from apps.compute.models.attachment import VolumeAttachment
from apps.compute.models.console_session import ConsoleSession
from apps.compute.models.drive import Drive
from apps.compute.models.drs_plan import ClusterDrsMigration, ClusterDrsPlan
from apps.compute.models.history import MachineHistory, MachineStateHistory
from apps.compute.models.instance_group import InstanceGroup
from apps.compute.models.nic import Nic
from apps.compute.models.placement import VirtualMachinePlacement
from apps.compute.models.schedule import VmSchedule
from apps.compute.models.service_offering import ServiceOffering
from apps.compute.models.ssh_key_pair import SshKeyPair
from apps.compute.models.unmanaged import UnmanagedVm
from apps.compute.models.usage import MachineSample, MachineUsage
from apps.compute.models.user_data import TemplateUserData, UserData
from apps.compute.models.virtual_machine import VirtualMachine

__all__ = [
    "ClusterDrsMigration",
    "ClusterDrsPlan",
    "AffinityGroup",
    "AffinityMembership",
    "ConsoleSession",
    "Drive",
    "InstanceGroup",
    "MachineHistory",
    "MachineSample",
    "MachineStateHistory",
    "MachineUsage",
    "Nic",
    "ServiceOffering",
    "SshKeyPair",
    "TemplateUserData",
    "UnmanagedVm",
    "UserData",
    "VirtualMachine",
    "VirtualMachinePlacement",
    "VmSchedule",
    "VolumeAttachment",
]
