"""What an import asks for, checked against what was seen of the machine: all that can be refused is refused here."""

import ipaddress
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from apps.accounts.models import Account
from apps.compute.models import ServiceOffering, UnmanagedVm, VirtualMachine
from apps.compute.services import deployment
from apps.compute.services.attachment import CDROM_SLOT, MAX_SLOTS
from apps.compute.services.deployment import MAX_NICS, NicRequest
from apps.compute.services.sizing import MIB, Size, machine_size
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.states import HostStatus, ResourceState
from apps.network.models import MacAllocation, Network
from apps.network.selectors.networks import open_to_domain
from apps.network.states import AclType, NetworkState
from apps.storage.models import DiskOffering, StoragePool, Template, Volume
from apps.storage.services.volume_sizes import GIB
from apps.storage.states import PoolState
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.unmanaged import UnmanagedDisk, UnmanagedMachine, UnmanagedNic
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceUnavailable

AUTO = "auto"
"""In place of an address: the network chooses one."""


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """A machine to be taken over: ``name`` is its name or UUID at the hypervisor.

    ``networks``, ``addresses`` and ``disk_offerings`` are by the MAC address of a card and the number of a disk.
    """

    cluster: Cluster
    name: str
    owner: Account
    service_offering: ServiceOffering
    template: Template | None = None
    host_name: str = ""
    display_name: str = ""
    networks: Mapping[str, Network] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    disk_offerings: Mapping[str, DiskOffering] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    forced: bool = False
    """A card of a machine that is off gets another MAC address when its own is taken."""


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """The same, with all that follows from it."""

    host: Host
    machine: UnmanagedMachine
    name: str
    size: Size
    disks: tuple[tuple[int, UnmanagedDisk, StoragePool, DiskOffering | None], ...]
    """Slot, disk, pool and offering; the first one is the root disk, in slot 0."""
    nics: tuple[NicRequest, ...]


def plan_import(request: ImportRequest, *, caller: Caller) -> ImportPlan:
    """Raise what stands against the import; reads only."""
    if not caller.is_root_admin:
        raise PermissionDenied("only root admins take machines over")
    row = find(request.cluster, request.name)
    host, machine = row.host, row.machine
    if host.status != HostStatus.UP:
        raise ResourceUnavailable(f"host {host}, on which machine {row} was seen, is {host.status}")
    if host.resource_state != ResourceState.ENABLED:
        raise ResourceUnavailable(
            f"host {host}, on which machine {row} was seen, is {host.resource_state}; machines are taken over from "
            "hosts that are Enabled"
        )
    if machine.power is PowerState.PAUSED:
        raise InvalidParameter(f"machine {row} is paused: resume it or power it off first", parameter="name")
    if VirtualMachine.objects.filter(uuid=machine.uuid).exists():
        raise InvalidParameter(
            f"the cloud has a machine with the UUID {machine.uuid} of {row} already", parameter="name"
        )
    deployment.check_offering(request.service_offering, zone=host.zone, owner=request.owner)
    if request.template is not None:
        deployment.check_template(request.template, zone=host.zone)
        if request.template.hypervisor != host.hypervisor:
            raise InvalidParameter(
                f"template {request.template} is for {request.template.hypervisor or 'no hypervisor'}, machine {row} "
                f"runs on {host.hypervisor}",
                parameter="templateid",
            )
    disks = tuple(_disks(request, host, machine))
    refuse_disks_in_use((disk.path, pool) for _, disk, pool, _ in disks)
    return ImportPlan(
        host=host,
        machine=machine,
        name=_host_name(request, machine),
        size=_size(request, machine),
        disks=disks,
        nics=tuple(_cards(request, host, machine)),
    )


def find(cluster: Cluster, name: str) -> UnmanagedVm:
    """The machine of ``cluster`` with this name or UUID. Raises ``InvalidParameter`` unless there is exactly one."""
    rows = UnmanagedVm.objects.filter(host__cluster=cluster, host__removed__isnull=True)
    rows = rows.select_related("host__zone", "host__pod", "host__cluster")
    try:
        found = list(rows.filter(machine_uuid=uuid.UUID(name))[:2])
    except ValueError:
        found = list(rows.filter(name=name)[:2])
    if not found:
        raise InvalidParameter(
            f"no machine {name!r} that is not managed was seen in cluster {cluster}; scanUnmanagedInstances looks anew",
            parameter="name",
        )
    if len(found) > 1:
        raise InvalidParameter(
            f"several machines in cluster {cluster} are called {name!r}; give the id of one instead", parameter="name"
        )
    return found[0]


def _host_name(request: ImportRequest, machine: UnmanagedMachine) -> str:
    if request.host_name:
        return deployment.check_name(request.host_name)
    if deployment.HOST_NAME.fullmatch(machine.name):
        return machine.name
    raise InvalidParameter(
        f"the name {machine.name!r} is no host name, so give one with hostname: up to 63 letters, digits and hyphens",
        parameter="hostname",
    )


def _size(request: ImportRequest, machine: UnmanagedMachine) -> Size:
    """The offering must say what the machine has; a custom one takes it over."""
    offering, details = request.service_offering, dict(request.details)
    if offering.is_customized:
        given = {key.lower() for key in details}
        found = {"cpuNumber": machine.cpus, "memory": machine.memory_mib, "cpuSpeed": machine.cpu_mhz}
        for name, value in found.items():
            if value and name.lower() not in given and not (name == "cpuSpeed" and offering.cpu_mhz):
                details[name] = str(value)
    size = machine_size(
        offering, {k: v for k, v in details.items() if k.lower() in ("cpunumber", "cpuspeed", "memory")}
    )
    if (size.cpus, size.memory_mib) != (machine.cpus, machine.memory_mib):
        raise InvalidParameter(
            f"service offering {offering} gives {size.cpus} CPUs and {size.memory_mib} MiB; machine {machine.name} has "
            f"{machine.cpus} and {machine.memory_mib}: name one that fits, or a custom one",
            parameter="serviceofferingid",
        )
    return size


# -- disks ---------------------------------------------------------------------------------------


def _disks(request: ImportRequest, host: Host, machine: UnmanagedMachine) -> Any:
    if not machine.disks:
        raise InvalidParameter(f"machine {machine.name} has no disk", parameter="name")
    disks = sorted(machine.disks, key=lambda disk: disk.device_id)
    _refuse_strangers(
        request.disk_offerings, {str(disk.device_id) for disk in disks[1:]}, "datadiskofferinglist", "disk"
    )
    pools = list(
        StoragePool.objects.filter(pool_hosts__host=host, state=PoolState.UP).select_related("zone").order_by("pk")
    )
    free = [slot for slot in range(1, MAX_SLOTS) if slot != CDROM_SLOT]
    for number, disk in enumerate(disks):
        if disk.obstacle:
            raise InvalidParameter(f"machine {machine.name}: disk {disk.path} {disk.obstacle}", parameter="name")
        offering = (
            request.service_offering.disk_offering if not number else request.disk_offerings.get(str(disk.device_id))
        )
        if offering is not None and number and not offering.is_custom and offering.size_gib * GIB > disk.size_bytes:
            raise InvalidParameter(
                f"disk offering {offering} is of {offering.size_gib} GiB, disk {disk.device_id} has "
                f"{disk.size_bytes // MIB} MiB",
                parameter="datadiskofferinglist",
            )
        yield _slot(number, disk, free, machine), disk, _pool_of(disk, pools, host), offering


def refuse_disks_in_use(disks: Iterable[tuple[str, StoragePool]], *, but: Iterable[Volume] = ()) -> None:
    """One file is one volume: raise ``InvalidParameter`` for two disks of one path, and for a path of the cloud's.

    ``but``: volumes that these disks have become already.
    """
    wanted: set[tuple[str, int]] = set()
    for path, pool in disks:
        if (path, pool.pk) in wanted:
            raise InvalidParameter(f"two disks of the machine are {path}", parameter="name")
        wanted.add((path, pool.pk))
    known = Volume.objects.filter(pool__in={pool for _, pool in wanted}, path__in={path for path, _ in wanted})
    for volume in known.exclude(pk__in=[one.pk for one in but]):
        if (volume.path, volume.pool_id) in wanted:
            raise InvalidParameter(
                f"disk {volume.path} is volume {volume} ({volume.uuid}) of the cloud already", parameter="name"
            )


def _slot(number: int, disk: UnmanagedDisk, free: list[int], machine: UnmanagedMachine) -> int:
    """Its own, where that can be; taken out of ``free``."""
    if number == 0:
        return 0
    if not free:
        raise InvalidParameter(f"machine {machine.name} has more disks than a machine may have", parameter="name")
    slot = disk.device_id if disk.device_id in free else free[0]
    free.remove(slot)
    return slot


def _pool_of(disk: UnmanagedDisk, pools: list[StoragePool], host: Host) -> StoragePool:
    """The pool that is what the hypervisor calls ``disk.storage``."""
    found = [pool for pool in pools if disk.storage in _names_of(pool)]
    if len(found) != 1:
        what = "several pools are" if found else "no pool that is Up and connected to the host is"
        raise InvalidParameter(
            f"disk {disk.path} lies in {disk.storage!r} of host {host}, and {what} that: add it with createStoragePool",
            parameter="name",
        )
    return found[0]


def _names_of(pool: StoragePool) -> set[str]:
    path = pool.path.rstrip("/")
    return {str(pool.uuid), path, path.rpartition("/")[2]} - {""}


# -- cards ---------------------------------------------------------------------------------------


def _cards(request: ImportRequest, host: Host, machine: UnmanagedMachine) -> Any:
    macs = {nic.mac.lower() for nic in machine.nics}
    for given, wire in ((request.networks, "nicnetworklist"), (request.addresses, "nicipaddresslist")):
        _refuse_strangers(given, macs, wire, "nic")
    if len(machine.nics) > MAX_NICS:
        raise InvalidParameter(f"machine {machine.name} has more than {MAX_NICS} network cards", parameter="name")
    if not machine.nics:
        raise InvalidParameter(f"machine {machine.name} has no network card", parameter="name")
    seen: set[int] = set()
    for nic in machine.nics:
        mac = nic.mac.lower()
        network = request.networks.get(mac) or _network_of(nic, request, host)
        deployment.check_network(network, zone=host.zone, owner=request.owner)
        if network.pk in seen:
            raise InvalidParameter(f"two cards would be in network {network}", parameter="nicnetworklist")
        seen.add(network.pk)
        keeps = not MacAllocation.objects.filter(mac=mac).exists()
        if not keeps and not (request.forced and machine.power is PowerState.OFF):
            raise InvalidParameter(
                f"another card of the cloud has the MAC address {mac}; power machine {machine.name} off and give "
                "forced=true: then it gets another one",
                parameter="forced",
            )
        yield NicRequest(network=network, ipv4=_address(nic, network, request), mac=mac if keeps else "")


def _network_of(nic: UnmanagedNic, request: ImportRequest, host: Host) -> Network:
    """The only network of the owner in the card's VLAN."""
    owner = request.owner
    usable = Network.objects.filter(zone=host.zone_id).exclude(state=NetworkState.DESTROY)
    usable = usable.filter(
        Q(account=owner, acl_type=AclType.ACCOUNT)
        | Q(pk__in=usable.filter(open_to_domain(domain_id=owner.domain_id, domain_path=owner.domain.path)).values("pk"))
    )
    found = list(usable.filter(vni=nic.vlan)[:2]) if nic.vlan else []
    if len(found) != 1:
        where = f"VLAN {nic.vlan}" if nic.vlan else f"{nic.network!r}"
        raise InvalidParameter(
            f"card {nic.mac} is in {where}, which {'several networks' if found else 'no network'} of account {owner} "
            "say: name its network in nicnetworklist",
            parameter="nicnetworklist",
        )
    return found[0]


def _address(nic: UnmanagedNic, network: Network, request: ImportRequest) -> str:
    """Named, told by the guest, or (``auto``, empty here) the network's choice."""
    named = request.addresses.get(nic.mac.lower(), "")
    if not network.cidr:
        return ""
    if named and named != AUTO:
        try:
            return str(ipaddress.IPv4Address(named))
        except ValueError:
            raise InvalidParameter(
                f"nicipaddresslist: {named!r} is neither an IPv4 address nor {AUTO}", parameter="nicipaddresslist"
            ) from None
    if named == AUTO or not nic.ipv4:
        return ""
    return nic.ipv4 if ipaddress.ip_address(nic.ipv4) in ipaddress.ip_network(network.cidr) else ""


def _refuse_strangers(given: Mapping[str, Any], known: set[str], wire: str, what: str) -> None:
    strange = sorted(set(given) - known)
    if strange:
        raise InvalidParameter(
            f"{wire} names {what} {strange[0]!r}; there are: {', '.join(sorted(known)) or 'none'}", parameter=wire
        )
