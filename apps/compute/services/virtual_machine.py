"""Intent on virtual machines: each method is one short transaction that stores what is wanted and a job for it."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.ownership import ensure_active
from apps.compute import events
from apps.compute.config import USER_EXPUNGE
from apps.compute.models import Drive, Nic, VirtualMachine, VolumeAttachment
from apps.compute.services import affinity_group, deployment
from apps.compute.services.deployment import DeployRequest, NicRequest
from apps.compute.services.instance_group import group_named
from apps.compute.services.lease_rules import check_lease, lease_columns
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.services.new_machine import is_name_taken, name_taken, new_cards, new_disks, new_machine
from apps.compute.services.protected_details import keep_protected
from apps.compute.services.quota import amounts_of_vm
from apps.compute.services.restore import RestoreManager
from apps.compute.services.settled import hold_and_dispatch
from apps.compute.services.user_data import chosen_user_data
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.metadata.services.details import replaced
from apps.metadata.services.owners import copy_tags
from apps.storage.models import Volume
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import VolumeState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch


class VirtualMachineManager:
    """The life of machines, as doors ask for it."""

    def deploy(self, *, caller: Caller, request: DeployRequest) -> tuple[VirtualMachine, AsyncJob]:
        """Store a machine with its disks and cards, and the job that brings it up (or only settles it).

        Raises ``LimitExceeded``, ``InvalidParameter``, ``InsufficientAddressCapacity``; leaves nothing then.
        """
        deployment.check(request, caller=caller)
        nics = list(request.nics) or deployment.default_networks(request.owner, request.zone)
        try:
            with transaction.atomic():
                return self._deploy(caller, request, nics)
        except IntegrityError as error:
            if is_name_taken(error):
                raise name_taken(request.name) from None
            raise

    def _deploy(
        self, caller: Caller, request: DeployRequest, nics: list[NicRequest]
    ) -> tuple[VirtualMachine, AsyncJob]:
        vm = new_machine(caller, request)
        disks = new_disks(vm, request)
        volumes = list(disks.values())
        LimitManager().reserve(
            request.owner,
            total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes)),
        )
        vm.save(force_insert=True)
        if request.template.is_iso:
            Drive.objects.create(vm=vm, iso=request.template)
        affinity_group.join(vm, request.affinity_groups)
        Volume.objects.bulk_create(volumes)
        VolumeAttachment.objects.bulk_create(
            VolumeAttachment(volume=volume, vm=vm, device_id=slot) for slot, volume in disks.items()
        )
        new_cards(vm, nics)
        if request.copy_template_tags:
            copy_tags(request.template, vm, owner=request.owner)
        job = dispatch(
            "compute.vm.deploy" if request.start else "compute.vm.create",
            caller=caller,
            exclusive=[f"vm:{vm.uuid}"],
            shared=[f"network:{nic.network.uuid}" for nic in nics] + [f"template:{request.template.uuid}"],
            resource=vm,
            arguments={
                "vm_uuid": str(vm.uuid),
                "host_uuid": str(request.host.uuid) if request.host else "",
                "cluster_uuid": str(request.cluster.uuid) if request.cluster else "",
                "pod_uuid": str(request.pod.uuid) if request.pod else "",
            },
            description=f"Deploy {vm}",
            event_type=events.VM_CREATE,
        )
        if vm.password:
            VirtualMachine.objects.filter(pk=vm.pk).update(password_job=job.uuid)
        return vm, job

    def start(
        self,
        *,
        caller: Caller,
        vm: VirtualMachine,
        host: Host | None = None,
        cluster: Any = None,
        pod: Any = None,
        prefer_last_host: bool = True,
    ) -> AsyncJob:
        """Bring a stopped machine up, where placement or the root admin says."""
        if (host or cluster or pod) and not caller.is_root_admin:
            raise PermissionDenied("only root admins may choose where a machine starts")
        ensure_active(vm.account)
        self._expect(vm, "start_requested", VmState.STOPPED)
        return self._dispatch(
            "compute.vm.start_volatile" if vm.service_offering.is_volatile else "compute.vm.start",
            caller,
            vm,
            events.VM_START,
            f"Start {vm}",
            host_uuid=str(host.uuid) if host else "",
            cluster_uuid=str(cluster.uuid) if cluster else "",
            pod_uuid=str(pod.uuid) if pod else "",
            anywhere=not prefer_last_host,
        )

    def stop(self, *, caller: Caller, vm: VirtualMachine, forced: bool = False) -> AsyncJob:
        """Let the guest power off, and cut its power when it does not in time; at once with ``forced``."""
        self._expect(vm, "stop_requested", VmState.RUNNING)
        return self._dispatch("compute.vm.stop", caller, vm, events.VM_STOP, f"Stop {vm}", forced=forced)

    def reboot(self, *, caller: Caller, vm: VirtualMachine, forced: bool = False) -> AsyncJob:
        """Restart the guest on its host; with ``forced`` by cutting its power."""
        if vm.state != VmState.RUNNING:
            raise InvalidParameter(f"machine {vm} is {vm.state}; only a running one is rebooted", parameter="id")
        if vm.service_offering.is_volatile:
            return RestoreManager().restore(caller=caller, vm=vm, expunge=True, forced=forced)
        return self._dispatch("compute.vm.reboot", caller, vm, events.VM_REBOOT, f"Reboot {vm}", forced=forced)

    def migrate(self, *, caller: Caller, vm: VirtualMachine, host: Host | None = None) -> AsyncJob:
        """Move a running machine to ``host``, or to the best one of its cluster, without stopping it."""
        self._expect(vm, "migrate_requested", VmState.RUNNING)
        if host is not None:
            if host.pk == vm.host_id:
                raise InvalidParameter(f"machine {vm} already runs on host {host}", parameter="hostid")
            if host.hypervisor != vm.hypervisor or host.zone_id != vm.zone_id:
                raise InvalidParameter(
                    f"host {host} is a {host.hypervisor} host of another kind or zone than machine {vm}",
                    parameter="hostid",
                )
        return self._dispatch(
            "compute.vm.migrate",
            caller,
            vm,
            events.VM_MIGRATE,
            f"Migrate {vm}",
            host_uuid=str(host.uuid) if host else "",
        )

    def destroy(
        self, *, caller: Caller, vm: VirtualMachine, expunge: bool = False, volumes: Sequence[Volume] = ()
    ) -> AsyncJob:
        """Stop the machine and put it aside; with ``expunge`` remove it, its root disk and its addresses for good.

        ``volumes``: data disks that go with it; the others are kept.
        """
        self._expect_disks(vm, volumes)
        if vm.delete_protection:
            raise ResourceInUse(f"machine {vm} is protected from deletion; update deleteprotection first")
        if expunge:
            self._may_expunge(caller, vm)
        if vm.state == VmState.DESTROYED and expunge:
            return self.expunge(caller=caller, vm=vm, volumes=volumes)
        if vm.state not in (VmState.RUNNING, VmState.STOPPED, VmState.ERROR):
            raise InvalidParameter(f"machine {vm} is {vm.state} and cannot be destroyed now", parameter="id")
        return self._dispatch(
            "compute.vm.destroy_expunge" if expunge else "compute.vm.destroy",
            caller,
            vm,
            events.VM_DESTROY,
            f"Destroy {vm}",
            volume_uuids=[str(volume.uuid) for volume in volumes],
        )

    def expunge(self, *, caller: Caller, vm: VirtualMachine, volumes: Sequence[Volume] = ()) -> AsyncJob:
        """Remove a destroyed machine for good."""
        self._may_expunge(caller, vm)
        self._expect(vm, "expunge_requested", VmState.DESTROYED)
        return self._dispatch(
            "compute.vm.expunge",
            caller,
            vm,
            events.VM_EXPUNGE,
            f"Expunge {vm}",
            volume_uuids=[str(volume.uuid) for volume in volumes],
        )

    @transaction.atomic
    def recover(self, *, caller: Caller, vm: VirtualMachine) -> VirtualMachine:
        """Take a destroyed machine back; it counts against its owner's limits again."""
        self._may_expunge(caller, vm)
        if AsyncJob.objects.filter(resource_uuid=vm.uuid, status__in=AsyncJob.LIVE).exists():
            raise ResourceInUse(f"a job works on machine {vm}; try again when it has ended")
        self._expect_whole(vm)
        VM_FSM.fire(vm, "recover_requested", destroyed_at=None)
        LimitManager().reserve(vm.account, amounts_of_vm(vm))
        publish(events.VM_RECOVER, caller=caller, description=f"Recover {vm}", resource=vm)
        return vm

    @transaction.atomic
    def update(self, *, caller: Caller, vm: VirtualMachine, changes: dict[str, Any]) -> VirtualMachine:
        """Change properties of the row; size and place have their own verbs.

        ``changes`` holds attribute names; a new ``name`` needs a stopped machine. Raises ``InvalidParameter``.
        """
        if "name" in changes:
            if vm.state != VmState.STOPPED:
                raise InvalidParameter(f"machine {vm} is {vm.state}; only a stopped one is renamed", parameter="name")
            deployment.check_name(changes["name"])
            networks = list(vm.nics(manager="objects").values_list("network_id", flat=True))
            taken = Nic.objects.filter(network_id__in=networks, hostname=changes["name"]).exclude(vm=vm)
            if taken.exists():
                raise name_taken(changes["name"])
            Nic.objects.filter(vm=vm).update(hostname=changes["name"])
        if "details" in changes:
            changes["details"] = keep_protected(vm, replaced(vm, changes["details"], caller=caller), caller=caller)
        if "group" in changes:
            named = changes["group"]
            changes["group"] = group_named(owner=vm.account, name=named) if named else None
        told = {
            name: changes.pop(name) for name in ("user_data", "user_data_source", "user_data_details") & changes.keys()
        }
        if told:
            choice = chosen_user_data(
                template=vm.template,
                owner=vm.account,
                text=told.get("user_data", ""),
                source=told.get("user_data_source"),
                details=told.get("user_data_details", {}),
            )
            changes.update(choice.columns())
        if {"lease_days", "lease_action"} & changes.keys():
            days, action = changes.pop("lease_days", None), changes.pop("lease_action", None)
            check_lease(days, action)
            changes.update(lease_columns(days, action))
            if not changes["lease_expires"]:
                publish(events.VM_LEASE_CANCELLED, caller=caller, description=f"No lease of {vm}", resource=vm)
        for name, value in changes.items():
            setattr(vm, name, value)
        vm.updated = timezone.now()
        vm.save(update_fields=[*changes, "updated"])
        publish(events.VM_UPDATE, caller=caller, description=f"Update {vm}: {', '.join(changes)}", resource=vm)
        return vm

    def _dispatch(
        self, workflow: str, caller: Caller, vm: VirtualMachine, event: str, description: str, **arguments: Any
    ) -> AsyncJob:
        return hold_and_dispatch(workflow, caller, vm, event, description, **arguments)

    def _expect(self, vm: VirtualMachine, event: str, state: str) -> None:
        """Refuse at once what the state does not allow; the job looks again when its turn comes."""
        if vm.state != state and not VM_FSM.can(vm, event):
            raise InvalidParameter(f"machine {vm} is {vm.state}, not {state}", parameter="id")

    def _expect_disks(self, vm: VirtualMachine, volumes: Sequence[Volume]) -> None:
        """Data disks that are to go with the machine must be in it and not protected."""
        slots = dict(vm.attachments.filter(volume__in=volumes).values_list("volume", "device_id"))
        for volume in volumes:
            if slots.get(volume.pk, 0) == 0:
                raise InvalidParameter(f"volume {volume} is no data disk of machine {vm}", parameter="volumeids")
            if volume.delete_protection:
                raise ResourceInUse(f"volume {volume} is protected from deletion", parameter="volumeids")

    def _expect_whole(self, vm: VirtualMachine) -> None:
        """A deployment that failed has nothing any more, and an expunging that did not end has taken part of it."""
        root = VolumeAttachment.objects.filter(
            vm=vm, device_id=0, volume__state__in=(VolumeState.READY, VolumeState.ALLOCATED)
        )
        if not (root.exists() and vm.nics(manager="objects").exists()):
            raise InvalidParameter(
                f"machine {vm} cannot be recovered: its root disk or its cards are gone; it can only be expunged",
                parameter="id",
            )

    def _may_expunge(self, caller: Caller, vm: VirtualMachine) -> None:
        if not caller.is_admin and not USER_EXPUNGE.value(vm.account.uuid):
            raise PermissionDenied("users may not expunge or recover machines here; ask an administrator")
