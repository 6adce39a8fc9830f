"""Entities of the compute app."""

from apps.compute.models.attachment import VolumeAttachment
from apps.compute.models.nic import Nic
from apps.compute.models.service_offering import ServiceOffering
from apps.compute.models.ssh_key_pair import SshKeyPair
from apps.compute.models.virtual_machine import VirtualMachine

__all__ = ["Nic", "ServiceOffering", "SshKeyPair", "VirtualMachine", "VolumeAttachment"]
