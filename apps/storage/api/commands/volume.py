"""Commands on volumes; attaching and detaching are the compute app's."""

from django.db.models import QuerySet

from apps.accounts.api.attached import TagFilter
from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import OwnedCmd, project_ref
from apps.accounts.models import Account
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.storage import events
from apps.storage.api.refused import Refused, RefusedFlag
from apps.storage.api.responses.volume import VolumeMetricsResponse, VolumePathResponse, VolumeResponse
from apps.storage.models import DiskOffering, StoragePool, Volume
from apps.storage.services.volume_moves import REPAIRS, VolumeMoveManager
from apps.storage.services.volumes import VolumeManager
from apps.storage.states import VolumeState, VolumeType
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    Choice,
    Flag,
    Long,
    Ref,
    Str,
    Uuid,
)
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

VOLUME = ["account__domain", "zone", "pool", "disk_offering"]


class ListVolumes(TagFilter, AccountScopedListCmd):
    """Lists volumes: your own, or with listall all that you administer."""

    response = VolumeResponse

    volume_name = Str("name", lookup="name", help="exact name")
    kind = Choice("type", VolumeType, lookup="type", help="ROOT or DATADISK")
    state = Choice("state", VolumeState, lookup="state", help="Allocated, Ready, Destroy…")
    zone = Ref("zoneid", Zone, lookup="zone", help="volumes of this zone")
    pod = Ref("podid", Pod, lookup="pool__pod", help="volumes on pools of this pod")
    cluster = Ref("clusterid", Cluster, lookup="pool__cluster", help="volumes on pools of this cluster")
    pool = Ref("storageid", StoragePool, lookup="pool", help="volumes on this pool")
    host = Ref("hostid", Host, lookup="attachment__vm__host", help="volumes of machines that run on this host")
    vm = Uuid("virtualmachineid", lookup="attachment__vm__uuid", help="volumes of this machine")
    service_offering = Uuid(
        "serviceofferingid",
        lookup="attachment__vm__service_offering__uuid",
        help="volumes of machines of this service offering",
    )
    disk_offering = Ref("diskofferingid", DiskOffering, lookup="disk_offering", help="volumes of this disk offering")
    displayed = Flag("displayvolume", roles=ROOT, lookup="is_displayed", help="volumes that users see, or the others")
    count_only = Flag("retrieveonlyresourcecount", default=False, help="answer the number of volumes and none of them")
    encrypted = Flag("isencrypted", help="volumes that are encrypted; there are none")

    def queryset(self) -> QuerySet[Volume]:
        volumes = self.owned(Volume.objects.all())
        if self.encrypted:
            volumes = volumes.none()
        return volumes if self.caller.is_root_admin else volumes.filter(is_displayed=True)

    def execute(self) -> Page:
        if self.count_only:
            return Page([], self.narrow(self.queryset()).count())
        return super().execute()


class ListVolumesMetrics(ListVolumes):
    """Lists volumes with their figures."""

    response = VolumeMetricsResponse


class CreateVolume(OwnedCmd, BaseAsyncCreateCmd):
    """Creates a data disk. It takes room on a pool when it is attached for the first time."""

    response = VolumeResponse
    event_type = events.VOLUME_CREATE

    volume_name = Str("name", help="name of the volume; made up if left out")
    offering = Ref("diskofferingid", DiskOffering, required=True, help="what kind of disk")
    size_gib = Long("size", minimum=1, help="GiB, for a custom disk offering")
    zone = Ref("zoneid", Zone, required=True, help="where it is made")
    pool = Ref("storageid", StoragePool, help="make it on this pool at once; root admins only")
    displayed = Flag("displayvolume", roles=ROOT, default=True, help="whether users see it")
    min_iops = Long("miniops", minimum=0, help="operations per second at least")
    max_iops = Long("maxiops", minimum=0, help="operations per second at most")
    snapshot = Refused("snapshotid")
    vm = Refused("virtualmachineid")
    custom_id = Refused("customid")

    def execute(self) -> tuple[Volume, AsyncJob]:
        owner = self.owner()
        return VolumeManager().create(
            caller=self.caller,
            owner=owner,
            name=self.volume_name or "",
            zone=self.zone,
            offering=self.offering,
            size_gib=self.size_gib,
            pool=self.pool,
            displayed=self.displayed,
            min_iops=self.min_iops,
            max_iops=self.max_iops,
        )


class DeleteVolume(BaseCmd):
    """Removes a detached volume for good."""

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")

    def execute(self) -> None:
        VolumeManager().delete(caller=self.caller, volume=self.volume)


class DestroyVolume(BaseAsyncCmd):
    """Puts a detached volume aside, to be recovered or expunged later; with expunge it is removed at once."""

    response = VolumeResponse
    event_type = events.VOLUME_DESTROY

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    expunge = Flag("expunge", default=False, help="remove it for good at once")

    def execute(self) -> AsyncJob:
        return VolumeManager().destroy(caller=self.caller, volume=self.volume, expunge=self.expunge)


class RecoverVolume(BaseCmd):
    """Takes a destroyed volume back."""

    response = VolumeResponse

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")

    def execute(self) -> Volume:
        return VolumeManager().recover(caller=self.caller, volume=self.volume)


class UpdateVolume(BaseAsyncCmd):
    """Renames, shows or protects a volume. Where it lies on storage cannot be set."""

    roles = ROOT
    response = VolumeResponse
    event_type = events.VOLUME_UPDATE

    volume = Ref("id", Volume, access=Access.MODIFY, select_related=VOLUME, required=True, help="the volume")
    volume_name = Str("name", help="new name")
    displayed = Flag("displayvolume", roles=ROOT, help="whether users see it")
    delete_protection = Flag("deleteprotection", help="whether it cannot be destroyed")
    path = Refused("path")
    state = Refused("state")
    pool = Refused("storageid")
    chain = Refused("chaininfo")
    custom_id = Refused("customid")

    def execute(self) -> AsyncJob:
        return VolumeManager().update(
            caller=self.caller,
            volume=self.volume,
            name=self.volume_name,
            displayed=self.displayed,
            delete_protection=self.delete_protection,
        )


class ResizeVolume(BaseAsyncCmd):
    """Grows a volume, also while a running machine uses it."""

    response = VolumeResponse
    event_type = events.VOLUME_RESIZE

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    size_gib = Long("size", minimum=1, help="new size in GiB")
    offering = Ref("diskofferingid", DiskOffering, help="another disk offering, for a data disk")
    shrink_ok = Flag("shrinkok", default=False, help="accepted; volumes are never shrunk")
    min_iops = Long("miniops", minimum=0, help="operations per second at least, where the offering leaves them open")
    max_iops = Long("maxiops", minimum=0, help="operations per second at most, where the offering leaves them open")
    move = RefusedFlag("automigrate")

    def execute(self) -> AsyncJob:
        return VolumeManager().resize(
            caller=self.caller,
            volume=self.volume,
            size_gib=self.size_gib,
            offering=self.offering,
            shrink_ok=self.shrink_ok,
            min_iops=self.min_iops,
            max_iops=self.max_iops,
        )


class ChangeOfferingForVolume(BaseAsyncCmd):
    """Gives a volume another disk offering; it grows to the size of the offering."""

    response = VolumeResponse
    event_type = events.VOLUME_OFFERING

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    offering = Ref("diskofferingid", DiskOffering, required=True, help="the other offering")
    size_gib = Long("size", minimum=1, help="new size in GiB, for a custom offering")
    shrink_ok = Flag("shrinkok", default=False, help="accepted; volumes are never shrunk")
    min_iops = Long("miniops", minimum=0, help="operations per second at least, where the offering leaves them open")
    max_iops = Long("maxiops", minimum=0, help="operations per second at most, where the offering leaves them open")
    move = RefusedFlag("automigrate")

    def execute(self) -> AsyncJob:
        return VolumeManager().change_offering(
            caller=self.caller,
            volume=self.volume,
            offering=self.offering,
            size_gib=self.size_gib,
            shrink_ok=self.shrink_ok,
            min_iops=self.min_iops,
            max_iops=self.max_iops,
        )


class MigrateVolume(BaseAsyncCmd):
    """Moves a volume to another pool; its machine must be stopped."""

    response = VolumeResponse
    event_type = events.VOLUME_MIGRATE

    volume = Ref("volumeid", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    pool = Ref("storageid", StoragePool, required=True, help="the pool that it goes to")
    live = RefusedFlag("livemigrate")
    offering = Ref("newdiskofferingid", DiskOffering, help="another offering of the same size")

    def execute(self) -> AsyncJob:
        return VolumeMoveManager().migrate(
            caller=self.caller, volume=self.volume, pool=self.pool, offering=self.offering
        )


class CheckVolume(BaseAsyncCmd):
    """Looks for errors in a volume that no running machine uses; what was found stands in the result."""

    response = VolumeResponse
    event_type = events.VOLUME_CHECK

    volume = Ref("id", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    repair = Choice("repair", REPAIRS, help="leaks: give lost room back; all: mend everything that can be mended")

    def execute(self) -> AsyncJob:
        return VolumeMoveManager().check(caller=self.caller, volume=self.volume, repair=self.repair or "")


class AssignVolume(BaseCmd):
    """Gives a detached volume to another account."""

    roles = ROOT
    response = VolumeResponse

    volume = Ref("volumeid", Volume, access=Access.OPERATE, select_related=VOLUME, required=True, help="the volume")
    account = Ref("accountid", Account, select_related=["domain"], help="its new owner")
    project = project_ref("the project that it shall belong to; not together with an account")

    def execute(self) -> Volume:
        if (self.account is None) == (self.project is None):
            raise InvalidParameter("give accountid or projectid", parameter="accountid")
        account = self.account or resolve_owner(self.caller, project=self.project)
        return VolumeManager().assign(caller=self.caller, volume=self.volume, account=account)


class GetPathForVolume(BaseCmd):
    """Tells where a volume lies on its pool; nothing for one that is not made yet."""

    roles = ROOT
    response = VolumePathResponse

    volume = Ref("volumeid", Volume, required=True, help="the volume")

    def execute(self) -> dict[str, str]:
        return {"path": self.volume.path}
