"""Machines as drivers see them."""

import base64
import ipaddress
from collections.abc import Iterable, Mapping

from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, SeedSpec, VmSpec
from cloudstack.contracts.network import GuestNic


def vm_spec(vm: VirtualMachine, bridges: Mapping[str, str]) -> VmSpec:
    """The whole machine; load it with ``vm_for_job``.

    ``bridges`` maps UUIDs of networks to the connection that the network element prepared on the host.
    """
    return VmSpec(
        uuid=str(vm.uuid),
        name=vm.instance_name,
        display_name=vm.display_name or vm.name,
        cpus=vm.cpus,
        cpu_mhz=vm.cpu_mhz,
        memory_mib=vm.memory_mib,
        disks=tuple(disk_spec(attachment) for attachment in vm.live_attachments),
        nics=tuple(nic_spec(nic, bridges.get(str(nic.network.uuid), "")) for nic in vm.live_nics),
        seed=seed_spec(vm),
        architecture=vm.template.architecture,
        details={str(key): str(value) for key, value in vm.details.items()},
    )


def disk_spec(attachment: VolumeAttachment) -> DiskSpec:
    """A volume in its slot; the volume must lie on a pool already."""
    volume = attachment.volume
    return DiskSpec(
        uuid=str(volume.uuid),
        pool_uuid=str(volume.pool.uuid) if volume.pool else "",
        pool_type=volume.pool.type if volume.pool else "",
        path=volume.path,
        format=volume.format,
        size_bytes=volume.size_bytes,
        device_id=attachment.device_id,
        boot=attachment.device_id == 0,
    )


def nic_spec(nic: Nic, bridge: str) -> NicSpec:
    network = nic.network
    return NicSpec(
        uuid=str(nic.uuid),
        mac=nic.mac,
        bridge=bridge,
        network_uuid=str(network.uuid),
        ipv4=nic.ipv4,
        prefix=ipaddress.IPv4Network(network.cidr).prefixlen if network.cidr else 0,
        gateway=network.gateway,
        device_id=nic.device_id,
        mtu=network.mtu,
    )


def seed_spec(vm: VirtualMachine) -> SeedSpec:
    """What the guest reads at boot. The user data is opened here and nowhere else."""
    encoded = vm.user_data.reveal() if vm.user_data else ""
    return SeedSpec(
        instance_id=str(vm.uuid),
        hostname=vm.name,
        user_data=base64.b64decode(encoded),
        public_keys=tuple(vm.public_keys),
    )


def guest_nic(nic: Nic) -> GuestNic:
    return GuestNic(mac=nic.mac, ipv4=nic.ipv4, hostname=nic.hostname)


def guest_nics(nics: Iterable[Nic]) -> list[GuestNic]:
    """Cards that have an address; others need nothing from a DHCP server."""
    return [guest_nic(nic) for nic in nics if nic.ipv4]
