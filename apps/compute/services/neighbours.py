"""What the apps below want to know of machines, registered with them at start."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from apps.accounts.models import Account, Domain
from apps.compute.events import VM_MIGRATE
from apps.compute.models import Drive, Nic, VirtualMachine, VolumeAttachment
from apps.compute.specs import disk_spec, guest_nics
from apps.compute.states import VM_HOLDS_HOST, VmState
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services.evacuation import Evacuation
from apps.infrastructure.specs import host_ref
from apps.network.models import Network
from apps.storage.models import StoragePool, Template, Volume
from apps.storage.services.attachments import Machine
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.hypervisor import SupportsDiskHotplug
from cloudstack.contracts.network import GuestNic
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.jobs import AsyncJob, JobContext, dispatch


def nics_in_use(network: Network) -> list[GuestNic]:
    """Cards of machines that run or are on their way up or down."""
    return guest_nics(Nic.objects.filter(network=network, vm__state__in=VM_HOLDS_HOST))


def machines_on(host_pks: Collection[int]) -> Mapping[int, int]:
    """Primary key of a host → machines that take room on it."""
    rows = VirtualMachine.objects.filter(host__in=host_pks, state__in=VM_HOLDS_HOST)
    return dict(rows.order_by().values_list("host").annotate(Count("pk")))


def machine_counts(host_pks: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """Primary key of a host → machines that run there, and all that take room on it."""
    rows = VirtualMachine.objects.filter(host__in=host_pks, state__in=VM_HOLDS_HOST).order_by().values_list("host")
    counted = rows.annotate(running=Count("pk", filter=Q(state=VmState.RUNNING)), held=Count("pk"))
    return {host: (running, held) for host, running, held in counted}


def holders(host: Host) -> set[Any]:
    """UUIDs of the machines that take room on ``host``."""
    return set(VirtualMachine.objects.filter(host=host, state__in=VM_HOLDS_HOST).values_list("uuid", flat=True))


def guests_with(system: Model) -> Iterator[str]:
    """A sentence against deleting a guest operating system that machines have."""
    count = VirtualMachine.objects.filter(guest_os=system.pk).count()
    if count:
        yield f"it has {count} machines"


def strangers(*, hosts: QuerySet[Host], domain: Domain, account: Account | None) -> int:
    """Machines on ``hosts`` that do not belong to the account, or without one to the domain or below."""
    mine = Q(account=account) if account is not None else Q(domain__path__startswith=domain.path)
    return VirtualMachine.objects.filter(~mine, host__in=hosts, state__in=VM_HOLDS_HOST).count()


def evacuate(*, host: Host, caller: Any, job_uuid: Any) -> Evacuation:
    """Have every running machine leave ``host`` by live migration; machines under way are left alone."""
    vms = list(VirtualMachine.objects.select_related("account").filter(host=host, state__in=VM_HOLDS_HOST))
    networks_of: dict[int, list[Any]] = {vm.pk: [] for vm in vms}
    for vm_pk, uuid in Nic.objects.filter(vm__in=vms).values_list("vm", "network__uuid"):
        networks_of[vm_pk].append(uuid)
    stuck = []
    for vm in vms:
        jobs = AsyncJob.objects.filter(resource_uuid=vm.uuid, name="compute.vm.migrate")
        mine = jobs.filter(arguments__evacuation=str(job_uuid)).order_by("-pk").first()
        if mine is not None and not mine.is_live:
            # The machine's owner reads the job's error; who empties the host reads the log, where hosts are named.
            reason = mine.log_lines.order_by("-pk").values_list("text", flat=True).first()
            stuck.append(f"{vm}: {reason or mine.error_text or 'is back'}")
        elif mine is None and vm.state == VmState.RUNNING:
            dispatch(
                "compute.vm.migrate",
                caller=caller,
                exclusive=[f"vm:{vm.uuid}"],
                shared=[f"network:{uuid}" for uuid in networks_of[vm.pk]],
                resource=vm,
                arguments={"vm_uuid": str(vm.uuid), "host_uuid": "", "evacuation": str(job_uuid)},
                description=f"Move {vm} to another host",
                event_type=VM_MIGRATE,
            )
    return Evacuation(left=len(vms), stuck=tuple(stuck))


def machine_of_volume(volume: Volume) -> Machine | None:
    """The machine that a volume is in."""
    attachment = VolumeAttachment.objects.select_related("vm__host").filter(volume=volume).first()
    if attachment is None:
        return None
    vm = attachment.vm
    return Machine(
        uuid=str(vm.uuid),
        name=vm.name,
        state=vm.state,
        running=vm.state in VM_HOLDS_HOST,
        host_uuid=str(vm.host.uuid) if vm.host else "",
    )


def machines_with_disc(iso: Template, pool: StoragePool | None = None) -> list[str]:
    """Names of machines that have ``iso`` in their drive, on ``pool`` if given."""
    drives = Drive.objects.filter(iso=iso, vm__removed__isnull=True)
    if pool is not None:
        drives = drives.filter(pool=pool)
    return list(drives.order_by("pk").values_list("vm__name", flat=True)[:10])


def resize_in_machine(ctx: JobContext, volume: Volume, size_bytes: int) -> None:
    """Grow a disk under a running guest. Raises ``NotSupported`` where the hypervisor cannot."""
    attachment = VolumeAttachment.objects.select_related("vm", "volume__pool").get(volume=volume)
    host = host_for_job(uuid=attachment.vm.host.uuid)
    driver = hypervisor_driver(host_ref(host))
    if not isinstance(driver, SupportsDiskHotplug):
        raise NotSupported(f"hosts of {host.hypervisor} grow disks only while the machine is stopped")
    driver.resize_disk(str(attachment.vm.uuid), replace(disk_spec(attachment), size_bytes=size_bytes))
