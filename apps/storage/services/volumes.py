"""Volumes: create, destroy, recover, resize, rename. Data disks take room on a pool when they are first attached."""

from typing import Any

from django.db import transaction

from apps.accounts.models import Account
from apps.accounts.services.limits import LimitManager
from apps.accounts.states import AccountState
from apps.infrastructure.models import Zone
from apps.infrastructure.states import AllocationState
from apps.metadata.services.owners import follow
from apps.storage import events
from apps.storage.config import USERS_EXPUNGE_VOLUMES
from apps.storage.models import DiskOffering, StoragePool, Volume
from apps.storage.services.attachments import machine_of
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_sizes import GIB, size_for, within_maximum
from apps.storage.services.volume_states import amounts_of, newly_counted, retire, revive
from apps.storage.states import OfferingState, PoolState, VolumeState, VolumeType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch

EVENTS = {
    "storage.volume.destroy": events.VOLUME_DESTROY,
    "storage.volume.expunge": events.VOLUME_DELETE,
    "storage.volume.update": events.VOLUME_UPDATE,
}
"""Jobs and what they are in the list of events."""


class VolumeManager:
    """What users and operators do with volumes."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        owner: Account,
        name: str,
        zone: Zone,
        offering: DiskOffering,
        size_gib: int | None = None,
        pool: StoragePool | None = None,
        displayed: bool = True,
        min_iops: int | None = None,
        max_iops: int | None = None,
    ) -> tuple[Volume, AsyncJob]:
        """A data disk of ``owner``. Without ``pool`` (root admins only) nothing is made before it is attached."""
        if zone.allocation_state != AllocationState.ENABLED and not caller.is_root_admin:
            raise PermissionDenied(f"zone {zone} is disabled at the moment", parameter="zoneid")
        check_offering(offering, zone)
        _check_iops(offering, min_iops, max_iops)
        if pool is not None:
            _check_pool(caller, pool, zone)
        size_bytes = size_for(offering, size_gib)
        LimitManager().reserve(owner, amounts_of(size_bytes, of=offering))
        volume = Volume(
            account=owner,
            domain=owner.domain,
            name=name.strip() or "DATA",
            type=VolumeType.DATADISK,
            size_bytes=size_bytes,
            zone=zone,
            disk_offering=offering,
            provisioning=offering.provisioning,
            min_iops=min_iops if min_iops is not None else offering.min_iops,
            max_iops=max_iops if max_iops is not None else offering.max_iops,
            is_displayed=displayed,
        )
        volume.save()
        job = dispatch(
            "storage.volume.create",
            caller=caller,
            exclusive=[f"volume:{volume.uuid}"],
            resource=volume,
            arguments={"volume_uuid": str(volume.uuid), "pool_uuid": str(pool.uuid) if pool else ""},
            description=f"creating volume {volume.name}",
            event_type=events.VOLUME_CREATE,
        )
        return volume, job

    @transaction.atomic
    def delete(self, *, caller: Caller, volume: Volume) -> AsyncJob:
        """Remove a detached volume for good, without a time to recover it."""
        return self.destroy(caller=caller, volume=volume, expunge=True)

    @transaction.atomic
    def destroy(self, *, caller: Caller, volume: Volume, expunge: bool = False) -> AsyncJob:
        """Put a detached volume aside; with ``expunge`` remove it for good at once.

        Raises ``ResourceInUse`` while it is attached.
        """
        if expunge and not caller.is_admin and not USERS_EXPUNGE_VOLUMES.value(volume.account.uuid):
            raise PermissionDenied("You may not expunge volumes; leave expunge out", parameter="expunge")
        if volume.delete_protection:
            raise InvalidParameter(f"volume {volume} is protected against deletion", parameter="id")
        _refuse_attached(volume, "destroyed")
        if VOLUME_FSM.can(volume, "destroy_requested"):
            retire(volume)
        elif volume.state != VolumeState.DESTROY:
            raise InvalidParameter(f"volume {volume} is {volume.state} and cannot be destroyed now", parameter="id")
        return self._dispatch_on("storage.volume.expunge" if expunge else "storage.volume.destroy", caller, volume)

    @transaction.atomic
    def recover(self, *, caller: Caller, volume: Volume) -> Volume:
        """Take a destroyed volume back, if the limits of its owner allow."""
        if not caller.is_admin and not USERS_EXPUNGE_VOLUMES.value(volume.account.uuid):
            raise PermissionDenied("You may not recover volumes")
        if volume.state != VolumeState.DESTROY:
            raise InvalidParameter(f"volume {volume} is {volume.state}, not destroyed", parameter="id")
        if AsyncJob.objects.filter(
            resource_uuid=volume.uuid, name="storage.volume.expunge", status__in=AsyncJob.LIVE
        ).exists():
            raise ResourceInUse(f"volume {volume} is being expunged")
        revive(volume)
        publish(events.VOLUME_RECOVER, caller=caller, description=f"recovered volume {volume}", resource=volume)
        return volume

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        volume: Volume,
        name: str | None = None,
        displayed: bool | None = None,
        delete_protection: bool | None = None,
    ) -> AsyncJob:
        """Rename, show or protect a volume; what the storage calls it cannot be set from outside."""
        changes: dict[str, Any] = {}
        if name is not None:
            if not name.strip():
                raise InvalidParameter("name is empty", parameter="name")
            changes["name"] = name.strip()
        if displayed is not None:
            changes["is_displayed"] = displayed
        if delete_protection is not None:
            changes["delete_protection"] = delete_protection
        if changes:
            Volume.objects.filter(pk=volume.pk).update(**changes)
            volume.refresh_from_db()
            publish(events.VOLUME_UPDATE, caller=caller, description=f"changed volume {volume}", resource=volume)
        return self._dispatch_on("storage.volume.update", caller, volume)

    @transaction.atomic
    def resize(
        self,
        *,
        caller: Caller,
        volume: Volume,
        size_gib: int | None = None,
        offering: DiskOffering | None = None,
        shrink_ok: bool = False,
        min_iops: int | None = None,
        max_iops: int | None = None,
    ) -> AsyncJob:
        """Grow a volume, in a running machine too. Shrinking destroys data and is not done.

        The difference is taken from the owner's limits at once and given back if the resize fails.
        """
        if offering is not None and volume.type == VolumeType.ROOT:
            raise InvalidParameter(
                "a root disk grows by size; changeOfferingForVolume gives it another offering",
                parameter="diskofferingid",
            )
        if (min_iops is not None or max_iops is not None) and size_gib is None and offering is None:
            size_gib = volume.size_bytes // GIB
        return self._resize(caller, volume, size_gib, offering, shrink_ok, (min_iops, max_iops), events.VOLUME_RESIZE)

    @transaction.atomic
    def change_offering(
        self,
        *,
        caller: Caller,
        volume: Volume,
        offering: DiskOffering,
        size_gib: int | None = None,
        shrink_ok: bool = False,
        min_iops: int | None = None,
        max_iops: int | None = None,
    ) -> AsyncJob:
        """Give a volume another offering that its pool can carry; it grows to the offering's size, if it has one.

        What the offering allows the disk per second holds from the next start of its machine.
        """
        if offering.pk == volume.disk_offering_id:
            raise InvalidParameter(f"volume {volume} has disk offering {offering} already", parameter="diskofferingid")
        iops = (min_iops, max_iops)
        return self._resize(caller, volume, size_gib, offering, shrink_ok, iops, events.VOLUME_OFFERING)

    def _resize(
        self,
        caller: Caller,
        volume: Volume,
        size_gib: int | None,
        offering: DiskOffering | None,
        shrink_ok: bool,
        iops: tuple[int | None, int | None],
        event_type: str,
    ) -> AsyncJob:
        _check_iops(offering or volume.disk_offering, *iops)
        if offering is not None:
            check_offering(offering, volume.zone)
            check_fits(offering, volume, volume.pool)
        if volume.state not in (VolumeState.ALLOCATED, VolumeState.READY):
            raise InvalidParameter(f"volume {volume} is {volume.state} and cannot be resized now", parameter="id")
        size_bytes = _new_size(volume, offering, size_gib)
        if size_bytes < volume.size_bytes:
            hint = "" if shrink_ok else " (shrinkok is not given either)"
            raise InvalidParameter(
                f"volume {volume} has {volume.size_bytes} bytes; it can grow but not shrink to {size_bytes}{hint}",
                parameter="size",
            )
        machine = machine_of(volume)
        if offering is not None:
            gained = newly_counted(size_bytes, before=volume.disk_offering, after=offering)
            LimitManager().ensure_room(volume.account, gained)
        more = size_bytes - volume.size_bytes
        if more:
            LimitManager().reserve(volume.account, amounts_of(more, pieces=0, of=volume))
        return dispatch(
            "storage.volume.resize",
            caller=caller,
            exclusive=[f"volume:{volume.uuid}"] + ([machine.lock] if machine else []),
            resource=volume,
            arguments={
                "volume_uuid": str(volume.uuid),
                "size_bytes": size_bytes,
                "reserved_bytes": more,
                "offering_uuid": str(offering.uuid) if offering else "",
                "min_iops": iops[0],
                "max_iops": iops[1],
            },
            description=f"resizing volume {volume.name} to {size_bytes} bytes",
            event_type=event_type,
        )

    @transaction.atomic
    def assign(self, *, caller: Caller, volume: Volume, account: Account) -> Volume:
        """Give a detached volume to another account, which it counts against from then on.

        Raises ``LimitExceeded``, ``ResourceInUse``, ``InvalidParameter``; changes nothing then.
        """
        if account.pk == volume.account_id:
            raise InvalidParameter(f"volume {volume} belongs to account {account.name} already", parameter="accountid")
        if account.state != AccountState.ENABLED:
            raise InvalidParameter(f"account {account.name} is {account.state}", parameter="accountid")
        if volume.state not in (VolumeState.ALLOCATED, VolumeState.READY):
            raise InvalidParameter(f"volume {volume} is {volume.state}", parameter="volumeid")
        _refuse_attached(volume, "assigned")
        if AsyncJob.objects.filter(resource_uuid=volume.uuid, status__in=AsyncJob.LIVE).exists():
            raise ResourceInUse(f"a job works on volume {volume}; try again when it has ended", parameter="volumeid")
        owner, amounts = volume.account, amounts_of(volume.size_bytes, of=volume)
        LimitManager().hold(owner, account)
        LimitManager().reserve(account, amounts)
        mine = Volume.objects.filter(pk=volume.pk, account=owner, state=volume.state, size_bytes=volume.size_bytes)
        if mine.update(account=account, domain=account.domain) != 1:
            raise ResourceInUse(f"volume {volume} has changed in the meantime", parameter="volumeid")
        LimitManager().release(owner, amounts)
        volume.refresh_from_db()
        follow(volume, account)
        text = f"gave volume {volume} of account {owner.name} to account {account.name}"
        publish(events.VOLUME_UPDATE, caller=caller, description=text, resource=volume)
        return volume

    def _dispatch_on(self, name: str, caller: Caller, volume: Volume) -> AsyncJob:
        return dispatch(
            name,
            caller=caller,
            exclusive=[f"volume:{volume.uuid}"],
            resource=volume,
            arguments={"volume_uuid": str(volume.uuid)},
            description=f"{name.rpartition('.')[2]} volume {volume.name}",
            event_type=EVENTS[name],
        )


def check_offering(offering: DiskOffering, zone: Zone) -> None:
    if offering.state != OfferingState.ACTIVE:
        raise InvalidParameter(f"disk offering {offering} is no longer offered", parameter="diskofferingid")
    zones = set(offering.zones.values_list("pk", flat=True))
    if zones and zone.pk not in zones:
        raise InvalidParameter(f"disk offering {offering} is not offered in zone {zone}", parameter="diskofferingid")


def _check_iops(offering: DiskOffering | None, min_iops: int | None, max_iops: int | None) -> None:
    if min_iops is None and max_iops is None:
        return
    if offering is None or not offering.is_custom_iops:
        raise InvalidParameter(f"disk offering {offering} fixes the operations per second", parameter="miniops")
    if min_iops is not None and max_iops is not None and min_iops > max_iops:
        raise InvalidParameter(f"miniops {min_iops} is above maxiops {max_iops}", parameter="miniops")


def check_fits(
    offering: DiskOffering, volume: Volume, pool: StoragePool | None, *, parameter: str = "diskofferingid"
) -> None:
    """Raises ``InvalidParameter`` unless the offering goes on ``pool``, where the volume is or shall be."""
    if pool is None:
        return
    if offering.local_storage != pool.is_local:
        kind = "storage of one host" if offering.local_storage else "shared storage"
        raise InvalidParameter(
            f"disk offering {offering} of volume {volume} is for {kind}, which its pool is not", parameter=parameter
        )
    if missing := offering.tag_set - pool.tag_set:
        raise InvalidParameter(
            f"the pool of volume {volume} lacks the tag {', '.join(sorted(missing))} of disk offering {offering}",
            parameter=parameter,
        )


def _check_pool(caller: Caller, pool: StoragePool, zone: Zone) -> None:
    if not caller.is_root_admin:
        raise PermissionDenied("only root admins may choose a pool; leave storageid out", parameter="storageid")
    if pool.zone_id != zone.pk:
        raise InvalidParameter(f"pool {pool} is not in zone {zone}", parameter="storageid")
    if pool.state != PoolState.UP:
        raise InvalidParameter(f"pool {pool} is {pool.state}", parameter="storageid")


def _refuse_attached(volume: Volume, what: str) -> None:
    machine = machine_of(volume)
    if machine is not None:
        raise ResourceInUse(
            f"volume {volume} is attached to machine {machine.name}; it can be {what} only after it was detached",
            parameter="id",
        )


def _new_size(volume: Volume, offering: DiskOffering | None, size_gib: int | None) -> int:
    """What the volume will have, in bytes. Root disks keep their offering and follow ``size_gib`` alone."""
    if offering is not None:
        return size_for(offering, size_gib if offering.is_custom else None)
    if size_gib is None:
        raise InvalidParameter("give size, in GiB, or another diskofferingid", parameter="size")
    own = volume.disk_offering
    if own is not None and not own.is_custom and volume.type == VolumeType.DATADISK:
        raise InvalidParameter(
            f"disk offering {own} of the volume fixes its size; name another offering", parameter="diskofferingid"
        )
    if own is not None and own.size_is_strict:
        raise InvalidParameter(f"disk offering {own} does not allow another size", parameter="size")
    return size_for(own, size_gib) if own is not None and own.is_custom else within_maximum(size_gib)
