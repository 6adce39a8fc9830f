"""A simulated cloud for tests: small, complete, and with its invariants written down."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, UserFactory, root_caller
from apps.accounts.models import Account, ResourceCount, ResourceType
from apps.compute.factories import service_offering
from apps.compute.models import Nic, ServiceOffering, VirtualMachine, VolumeAttachment
from apps.compute.states import VM_HOLDS_HOST, VM_TRANSITIONAL, VmState
from apps.infrastructure.models import CapacityReservation, Host, HostCapacity, Zone
from apps.infrastructure.services.hypervisors import seed_capabilities
from apps.network.models import IpAllocation, MacAllocation, Network
from apps.network.services.bootstrap import seed_network_offerings
from apps.network.states import IpPurpose
from apps.portal.services.first_cloud import carry_out
from apps.portal.services.simulator_zone import seed_simulator_zone
from apps.storage.models import DiskOffering, PoolReservation, StoragePool, Template, TemplatePoolRef, Volume
from apps.storage.services.guest_os import seed_guest_oses
from apps.storage.states import VOLUME_TRANSITIONAL, VolumeState
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.jobs.models import JobLock
from cloudstack.testing.api import ApiClient
from plugins.hypervisors.simulator import world
from tests.support.remembered import remembered


@dataclass
class SimulatedCloud:
    """One zone, its hosts, and a tenant who deploys."""

    root: Caller
    zone: Zone
    hosts: list[Host]
    template: Template
    network: Network
    offering: ServiceOffering
    disk_offering: DiskOffering
    account: Account
    api: ApiClient
    admin: ApiClient

    def deploy(self, api: ApiClient | None = None, **more: Any) -> dict[str, Any]:
        """Ask for a machine; answers ``{id, jobid}``."""
        params = {
            "zoneid": self.zone.uuid,
            "templateid": self.template.uuid,
            "serviceofferingid": self.offering.uuid,
            "networkids": self.network.uuid,
        }
        return (api or self.api).call("deployVirtualMachine", **{**params, **more})


def client_of(account: Account) -> ApiClient:
    """A client with keys of a new user of ``account``."""
    pair = ApiKeyPairFactory(user=UserFactory(account=account))
    return ApiClient(pair.api_key, pair.secret_key)


@remembered
def build_cloud(*, hosts: int = 4, clusters: int = 2) -> SimulatedCloud:
    """Needs the database; runs the few jobs that a new zone has."""
    root = root_caller()
    UserFactory(username="system", account=AccountFactory(name="system", is_system=True, root_admin=True))
    seed_guest_oses()
    seed_capabilities()
    seed_network_offerings(caller=root)
    built, jobs = seed_simulator_zone(caller=root, pods=1, clusters=clusters, hosts=hosts)
    failed = carry_out(jobs)
    assert not failed, [job.error_text for job in failed]
    account = AccountFactory(name="tenant")
    return SimulatedCloud(
        root=root,
        zone=built.zone,
        hosts=built.hosts,
        template=Template.objects.get(),
        network=Network.objects.get(),
        offering=service_offering(),
        disk_offering=DiskOffering.objects.create(name="data", size_gib=5),
        account=account,
        api=client_of(account),
        admin=client_of(Account.objects.get(pk=root.account_id)),
    )


def check_invariants(*, extra_live: Iterable[str] = ()) -> None:
    """What must hold whenever no job is under way. Fails with a sentence."""
    live = AsyncJob.objects.filter(status__in=AsyncJob.LIVE)
    assert not live.exists(), f"jobs still live: {[(job.name, job.progress_text) for job in live]}"
    assert not JobLock.objects.exists(), f"locks left: {list(JobLock.objects.values_list('name', flat=True))}"
    stuck = VirtualMachine.objects.filter(state__in=VM_TRANSITIONAL)
    assert not stuck.exists(), f"machines stuck: {[(vm.name, vm.state) for vm in stuck]}"
    volumes = Volume.objects.filter(state__in=VOLUME_TRANSITIONAL)
    assert not volumes.exists(), f"volumes stuck: {[(volume.name, volume.state) for volume in volumes]}"
    assert world.violations() == []
    _check_domains()
    _check_capacity()
    _check_storage()
    _check_addresses()
    _check_limits()


def _check_domains() -> None:
    """Running machines run where the record says and nowhere else; hosts know no others."""
    on_record = {
        (str(vm), str(host))
        for vm, host in VirtualMachine.objects.filter(state=VmState.RUNNING).values_list("uuid", "host__uuid")
    }
    rows = world.machines().filter(managed=True).values_list("vm_uuid", "host_uuid", "power")
    defined = {(str(vm), str(host)) for vm, host, _ in rows}
    running = {(str(vm), str(host)) for vm, host, power in rows if power == PowerState.ON}
    assert running == on_record, f"running {running - on_record}, on record only {on_record - running}"
    assert defined == running, f"hosts still know {defined - running}"


def _check_capacity() -> None:
    holders = {
        (vm.uuid, vm.host_id, vm.cpus * vm.cpu_mhz, vm.memory_mib)
        for vm in VirtualMachine.objects.filter(state__in=VM_HOLDS_HOST)
    }
    promised = set(CapacityReservation.objects.values_list("holder_uuid", "host_id", "cpu_mhz", "memory_mib"))
    assert promised == holders
    for row in HostCapacity.objects.all():
        sums = CapacityReservation.objects.filter(host=row.host_id).aggregate(c=Sum("cpu_mhz"), m=Sum("memory_mib"))
        assert (row.cpu_used_mhz, row.memory_used_mib) == (sums["c"] or 0, sums["m"] or 0)


def _check_storage() -> None:
    there = Volume.objects.filter(state__in=(VolumeState.READY, VolumeState.DESTROY))
    on_pools = {(str(pool), path) for pool, path in there.values_list("pool__uuid", "path")}
    made = {(str(pool), path) for pool, path in world.volumes().values_list("pool_uuid", "path")}
    for others in world.machines().filter(managed=False).values_list("disks", flat=True):
        made -= {(disk["pool"], disk["path"]) for disk in others.values()}
    assert made == on_pools, "volumes and storage differ"
    holders = {volume.uuid for volume in Volume.objects.exclude(pool=None)}
    holders |= {ref.template.uuid for ref in TemplatePoolRef.objects.select_related("template")}
    promised = set(PoolReservation.objects.values_list("holder_uuid", flat=True))
    assert promised == holders, "promises of storage and their holders differ"
    for pool in StoragePool.objects.all():
        total = PoolReservation.objects.filter(pool=pool).aggregate(s=Sum("size_bytes"))["s"] or 0
        assert pool.allocated_bytes == total
    assert not VolumeAttachment.objects.filter(volume__removed__isnull=False, vm__removed__isnull=True).exists()


def _check_addresses() -> None:
    cards = {nic.uuid: nic.ipv4 for nic in Nic.objects.all()}
    given = dict(IpAllocation.objects.filter(purpose=IpPurpose.NIC).values_list("holder_uuid", "address"))
    assert given == {uuid: ipv4 for uuid, ipv4 in cards.items() if ipv4}, "addresses and cards differ"
    shown = {(entry["id"], entry["ipaddress"]) for nic in Nic.objects.all() for entry in nic.secondary}
    further = IpAllocation.objects.filter(purpose=IpPurpose.SECONDARY).values_list("uuid", "address")
    assert shown == {(str(uuid), address) for uuid, address in further}, "further addresses and cards differ"
    assert set(MacAllocation.objects.values_list("holder_uuid", flat=True)) == set(cards)


def _check_limits() -> None:
    counted = {
        (row.account_id, row.type): row.count
        for row in ResourceCount.objects.filter(account__isnull=False, tag="")
        if row.count
    }
    expected: dict[tuple[int, int], int] = {}

    def add(account_id: int, kind: ResourceType, amount: int) -> None:
        expected[account_id, int(kind)] = expected.get((account_id, int(kind)), 0) + amount

    for vm in VirtualMachine.objects.exclude(state__in=(VmState.ERROR, VmState.DESTROYED, VmState.EXPUNGING)):
        add(vm.account_id, ResourceType.USER_VM, 1)
        add(vm.account_id, ResourceType.CPU, vm.cpus)
        add(vm.account_id, ResourceType.MEMORY, vm.memory_mib)
    for volume in Volume.objects.exclude(state__in=(VolumeState.DESTROY, VolumeState.EXPUNGING)):
        add(volume.account_id, ResourceType.VOLUME, 1)
        add(volume.account_id, ResourceType.PRIMARY_STORAGE, volume.size_bytes)
    kinds = {int(kind) for _, kind in expected} | {
        int(kind)
        for kind in (
            ResourceType.USER_VM,
            ResourceType.CPU,
            ResourceType.MEMORY,
            ResourceType.VOLUME,
            ResourceType.PRIMARY_STORAGE,
        )
    }
    assert {key: count for key, count in counted.items() if key[1] in kinds} == expected, "limits count something else"
