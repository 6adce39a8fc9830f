"""Machines as drivers see them."""

import base64
import ipaddress
import json
from collections.abc import Iterable, Mapping

from apps.compute.models import Drive, Nic, VirtualMachine, VolumeAttachment
from apps.storage.models import StoragePool, Volume
from cloudstack.contracts.hypervisor import DiskLimits, DiskSpec, NicSpec, SeedSpec, VmSpec
from cloudstack.contracts.network import GuestNic

DRIVE_SLOT = 3


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
        cpu_limited=vm.service_offering.limit_cpu_use,
        disks=(*(disk_spec(attachment) for attachment in vm.live_attachments), *_disc_of(vm)),
        nics=tuple(nic_spec(nic, bridges.get(str(nic.network.uuid), ""), vm) for nic in vm.live_nics),
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
        cache=_cache_of(volume),
        limits=_limits_of(volume),
    )


def disc_spec(drive: Drive, pool: StoragePool, path: str) -> DiskSpec:
    """The ISO in a machine's drive, where it lies on a pool that the machine's hosts see."""
    return DiskSpec(
        uuid=str(drive.iso.uuid),
        pool_uuid=str(pool.uuid),
        pool_type=pool.type,
        path=path,
        format="iso",
        size_bytes=drive.iso.virtual_size_bytes,
        device_id=DRIVE_SLOT,
        boot=drive.iso.bootable,
        read_only=True,
    )


def _disc_of(vm: VirtualMachine) -> list[DiskSpec]:
    """What is in the drive; nothing as long as it was not brought to a pool."""
    drive: Drive | None = getattr(vm, "drive", None)
    if drive is None or drive.pool is None or not drive.path:
        return []
    return [disc_spec(drive, drive.pool, drive.path)]


def _cache_of(volume: Volume) -> str:
    """``none`` is what hosts do anyway, or what their operator chose in its place."""
    mode = volume.disk_offering.cache_mode if volume.disk_offering else "none"
    return "" if mode == "none" else mode


def _limits_of(volume: Volume) -> DiskLimits | None:
    """What the offering allows the disk; the volume's own ``max_iops`` counts where the offering bounds no kind."""
    offering = volume.disk_offering
    if offering is None:
        return None
    found = {
        f"{way}_{kind}{ours}": getattr(offering, f"{theirs}_{way}_rate{end}") or 0
        for kind, theirs in (("bytes", "bytes"), ("ops", "iops"))
        for way in ("read", "write")
        for ours, end in (("", ""), ("_max", "_max"), ("_max_s", "_max_length"))
    }
    if volume.max_iops and not (found["read_ops"] or found["write_ops"]):
        found["total_ops"] = volume.max_iops
    return DiskLimits(**found) if any(found.values()) else None


def nic_spec(nic: Nic, bridge: str, vm: VirtualMachine) -> NicSpec:
    """A card of ``vm``, to be plugged into ``bridge``."""
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
        rate_mbit=rate_of(nic, vm),
    )


def rate_of(nic: Nic, vm: VirtualMachine) -> int:
    """Mbit/s: the least of what the offerings of the network and, for the default card, of the machine say."""
    rates = [nic.network.offering.network_rate, vm.service_offering.network_rate_mbps if nic.is_default else None]
    return min((rate for rate in rates if rate), default=0)


def seed_spec(vm: VirtualMachine) -> SeedSpec:
    """What the guest reads at boot. Secrets of the machine are opened here for that."""
    encoded = vm.user_data.reveal() if vm.user_data else ""
    return SeedSpec(
        instance_id=vm.seed_id,
        hostname=vm.name,
        user_data=base64.b64decode(encoded),
        public_keys=tuple(vm.public_keys),
        password=vm.password.reveal() if vm.password else "",
        variables=json.loads(vm.user_data_details.reveal()) if vm.user_data_details else {},
    )


def guest_nic(nic: Nic) -> GuestNic:
    return GuestNic(mac=nic.mac, ipv4=nic.ipv4, hostname=nic.hostname)


def guest_nics(nics: Iterable[Nic]) -> list[GuestNic]:
    """Cards that have an address; others need nothing from a DHCP server."""
    return [guest_nic(nic) for nic in nics if nic.ipv4]
