"""Volumes go to other pools while no machine runs with them, and their data is looked over."""

from django.db import transaction

from apps.storage import events
from apps.storage.models import DiskOffering, StoragePool, Volume
from apps.storage.selectors import hosts_of_pool
from apps.storage.services.downloads import locks_of_idle
from apps.storage.services.volumes import check_fits, check_offering
from apps.storage.states import PoolState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceUnavailable
from cloudstack.framework.jobs import AsyncJob, dispatch

REPAIRS = ("leaks", "all")


class VolumeMoveManager:
    """What operators do with the data of volumes where it lies."""

    @transaction.atomic
    def migrate(
        self, *, caller: Caller, volume: Volume, pool: StoragePool, offering: DiskOffering | None = None
    ) -> AsyncJob:
        """Move a volume to ``pool`` by a host that sees both pools; with another ``offering`` of the same size, too.

        Raises ``ResourceInUse`` while a machine runs with it.
        """
        locks = locks_of_idle(volume, "moved")
        if pool.pk == volume.pool_id:
            raise InvalidParameter(f"volume {volume} is on pool {pool} already", parameter="storageid")
        if pool.zone_id != volume.zone_id:
            raise InvalidParameter(f"pool {pool} is not in the zone of volume {volume}", parameter="storageid")
        if pool.state != PoolState.UP:
            raise InvalidParameter(f"pool {pool} is {pool.state}", parameter="storageid")
        if offering is not None:
            check_offering(offering, volume.zone)
            if not offering.is_custom and offering.size_gib << 30 != volume.size_bytes:
                raise InvalidParameter(
                    f"disk offering {offering} has another size than volume {volume}; change it by "
                    "changeOfferingForVolume",
                    parameter="newdiskofferingid",
                )
        wanted = offering or volume.disk_offering
        if wanted is not None:
            check_fits(wanted, volume, pool, parameter="newdiskofferingid" if offering else "storageid")
        if not hosts_of_pool(pool).filter(pool_hosts__pool=volume.pool).exists():
            raise ResourceUnavailable(f"no host that is Up sees both pool {volume.pool} and pool {pool}")
        return dispatch(
            "storage.volume.migrate",
            caller=caller,
            exclusive=locks,
            resource=volume,
            arguments={
                "volume_uuid": str(volume.uuid),
                "pool_uuid": str(pool.uuid),
                "offering_uuid": str(offering.uuid) if offering else "",
            },
            description=f"moving volume {volume.name} to pool {pool.name}",
            event_type=events.VOLUME_MIGRATE,
        )

    @transaction.atomic
    def check(self, *, caller: Caller, volume: Volume, repair: str = "") -> AsyncJob:
        """Have the storage look for errors in a volume that no running machine uses, and mend them if asked to."""
        return dispatch(
            "storage.volume.check",
            caller=caller,
            exclusive=locks_of_idle(volume, "checked"),
            resource=volume,
            arguments={"volume_uuid": str(volume.uuid), "repair": repair},
            description=f"checking volume {volume.name}",
            event_type=events.VOLUME_CHECK,
        )
