"""Machines of a storage pool that goes into maintenance: stopped for it, and started again."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.compute.events import VM_START, VM_STOP
from apps.compute.models import Drive, Nic, VirtualMachine, VolumeAttachment
from apps.compute.states import VM_HOLDS_HOST, VmState
from apps.infrastructure.models import Cluster
from apps.storage.models import StoppedForPool, StoragePool
from apps.storage.services.pool_maintenance import Leaving
from cloudstack.framework.jobs import AsyncJob, dispatch


def machines_using(pool: StoragePool) -> QuerySet[VirtualMachine]:
    """Machines that have a volume or a disc of ``pool`` open: they run, or are on their way up or down."""
    disks = VolumeAttachment.objects.filter(vm=OuterRef("pk"), volume__pool=pool, volume__removed__isnull=True)
    discs = Drive.objects.filter(vm=OuterRef("pk"), pool=pool)
    open_there = Q(Exists(disks)) | Q(Exists(discs))
    return VirtualMachine.objects.filter(open_there, state__in=VM_HOLDS_HOST).order_by("pk")


def machines_outside(*, pool: StoragePool, cluster: Cluster) -> int:
    """How many of those are not in ``cluster``."""
    return machines_using(pool).exclude(host__cluster=cluster).count()


def leave_pool(*, pool: StoragePool, job_uuid: Any) -> Leaving:
    """Stop the running machines that have a volume on ``pool``; machines under way are waited for."""
    vms = list(machines_using(pool).select_related("account"))
    stuck = []
    for vm in vms:
        job = _job_of(vm.uuid, "compute.vm.stop", job_uuid)
        if job is not None and not job.is_live:
            stuck.append(f"{vm}: {job.error_text or 'runs again'}")
        elif job is None and vm.state == VmState.RUNNING:
            with transaction.atomic():
                StoppedForPool.objects.get_or_create(pool=pool, machine_uuid=vm.uuid)
                _dispatch("compute.vm.stop", vm, job_uuid, VM_STOP, f"Stop {vm}: its storage goes into maintenance")
    return Leaving(left=len(vms), stuck=tuple(stuck))


def return_to_pool(*, pool: StoragePool, job_uuid: Any) -> Leaving:
    """Start the machines that :func:`leave_pool` stopped; those that are gone or run by now are forgotten."""
    left, stuck = 0, []
    notes = list(StoppedForPool.objects.filter(pool=pool).order_by("pk"))
    vms = {vm.uuid: vm for vm in VirtualMachine.objects.filter(uuid__in=[note.machine_uuid for note in notes])}
    for note in notes:
        vm = vms.get(note.machine_uuid)
        job = _job_of(note.machine_uuid, "compute.vm.start", job_uuid)
        if job is not None and job.is_live:
            left += 1
        elif job is not None and job.status != AsyncJob.Status.SUCCEEDED:
            stuck.append(f"{vm or note.machine_uuid}: {job.error_text}")
        elif job is None and vm is not None and vm.state == VmState.STOPPED:
            _dispatch("compute.vm.start", vm, job_uuid, VM_START, f"Start {vm}: its storage is back")
            left += 1
    if not left:
        StoppedForPool.objects.filter(pk__in=[note.pk for note in notes]).delete()
    return Leaving(left=left, stuck=tuple(stuck))


def _job_of(vm_uuid: Any, name: str, maintenance: Any) -> AsyncJob | None:
    """The job that this maintenance started for the machine."""
    mine = AsyncJob.objects.filter(resource_uuid=vm_uuid, name=name, arguments__maintenance=str(maintenance))
    return mine.order_by("-pk").first()


def _dispatch(name: str, vm: VirtualMachine, maintenance: Any, event: str, text: str) -> None:
    networks = Nic.objects.filter(vm=vm).values_list("network__uuid", flat=True)
    dispatch(
        name,
        exclusive=[f"vm:{vm.uuid}"],
        shared=[f"network:{uuid}" for uuid in networks],
        resource=vm,
        arguments={"vm_uuid": str(vm.uuid), "maintenance": str(maintenance)},
        description=text,
        event_type=event,
    )
