"""Commands on disk offerings."""

from collections.abc import Sequence

from django.db.models import Case, Q, QuerySet, Value, When

from apps.accounts.api.listing import DomainScopedListCmd
from apps.accounts.models import Domain, Project
from apps.accounts.selectors import accounts_visible_to
from apps.infrastructure.models import Zone
from apps.storage.api.refused import Refused, RefusedFlag
from apps.storage.api.responses.disk_offering import DiskOfferingForMachineResponse, DiskOfferingResponse
from apps.storage.models import DiskOffering, StoragePool, Volume
from apps.storage.selectors import disk_offerings_visible_to, kept_for_domain, volumes_visible_to
from apps.storage.services.offerings import LIMITS, DiskOfferingManager
from apps.storage.states import OfferingState, PoolState, VolumeType
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseCmd,
    Choice,
    Flag,
    Int,
    Long,
    Map,
    Ref,
    RefList,
    Str,
    Uuid,
    entity_for,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

ALL = "all"
PUBLIC = "public"


class ListDiskOfferings(DomainScopedListCmd):
    """Lists the kinds of disk that can be chosen."""

    response = DiskOfferingResponse
    keyword_fields = ("name", "display_text")
    ordering = ("sort_key", "id")

    offering_name = Str("name", lookup="name", help="exact name")
    zone = Ref("zoneid", Zone, help="offerings that can be used in this zone")
    volume = Ref("volumeid", Volume, select_related=["zone"], help="offerings that this volume could change to")
    pool = Ref("storageid", StoragePool, help="offerings whose disks could be on this pool")
    storage_type = Choice("storagetype", ("shared", "local"), help="shared or local")
    vm = Uuid("virtualmachineid", help="offerings of this machine's zone, and of each whether its storage can carry it")
    account = Str("account", help="offerings that this account can choose; it is looked for in domainid or your domain")
    project = Ref(
        "projectid", Project, access=Access.OPERATE, select_related=["domain"], help="offerings of this project"
    )
    encrypt = Flag("encrypt", help="offerings whose disks are encrypted; there are none")
    state = Choice("state", (*OfferingState.values, ALL), help="Active (if left out), Inactive or all; administrators")

    def queryset(self) -> QuerySet[DiskOffering]:
        rows = disk_offerings_visible_to(caller=self.caller)
        root_disk = self._root_disk() if self.vm is not None else None
        if self.account and self.project is not None:
            raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")
        if self.project is not None:
            rows = rows.filter(kept_for_domain(self.project.domain))
        elif self.account:
            rows = rows.filter(kept_for_domain(self._domain_of_account()))
        elif self.domain is not None:
            rows = rows.filter(pk__in=self.in_domains(DiskOffering.domains.through.objects).values("diskoffering"))
        zone = self.zone or next((disk.zone for disk in (self.volume, root_disk) if disk is not None), None)
        if zone is not None:
            kept = DiskOffering.zones.through.objects
            in_zone = Q(pk__in=kept.filter(zone=zone).values("diskoffering"))
            rows = rows.filter(in_zone | ~Q(pk__in=kept.values("diskoffering")))
        if self.pool is not None:
            fitting = [pk for pk, tags in rows.values_list("pk", "tags") if _fits(tags, self.pool)]
            rows = rows.filter(pk__in=fitting, local_storage=self.pool.is_local)
        if self.volume is not None and self.volume.disk_offering_id:
            rows = rows.exclude(pk=self.volume.disk_offering_id)
        if self.storage_type:
            rows = rows.filter(local_storage=self.storage_type == "local")
        if self.encrypt:
            rows = rows.none()
        if self.state != ALL:
            rows = rows.filter(state=self.state or OfferingState.ACTIVE)
        return rows if root_disk is None else rows.annotate(_suitable=self._suitable(rows, root_disk))

    def response_class(self) -> type[DiskOfferingResponse]:
        return DiskOfferingResponse if self.vm is None else DiskOfferingForMachineResponse

    def _domain_of_account(self) -> Domain:
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        accounts = accounts_visible_to(caller=self.caller, access=Access.USE).select_related("domain")
        account = accounts.filter(name=self.account, domain_id=domain_id).first()
        if account is None:
            raise InvalidParameter(f"could not find account {self.account} in that domain", parameter="account")
        return account.domain

    def _root_disk(self) -> Volume:
        """The machine itself is known above this app; what counts here is where its root disk lies."""
        disks = volumes_visible_to(caller=self.caller).select_related("zone", "pool")
        disk = disks.filter(attachment__vm__uuid=self.vm, type=VolumeType.ROOT).first()
        if disk is None:
            raise InvalidParameter(
                f'Unable to find virtual machine with id "{self.vm}" (parameter virtualmachineid)',
                parameter="virtualmachineid",
            )
        return disk

    def _suitable(self, rows: QuerySet[DiskOffering], disk: Volume) -> Case:
        pools = [
            pool
            for pool in StoragePool.objects.filter(zone=disk.zone, state=PoolState.UP)
            if disk.pool is None or _seen_together(pool, disk.pool)
        ]
        fitting = [
            pk
            for pk, tags, local in rows.values_list("pk", "tags", "local_storage")
            if any(pool.is_local == local and _fits(tags, pool) for pool in pools)
        ]
        return Case(When(pk__in=fitting, then=Value(True)), default=Value(False))


def _seen_together(pool: StoragePool, other: StoragePool) -> bool:
    """Whether hosts that see one pool can see the other."""
    same_host = None in (pool.host_id, other.host_id) or pool.host_id == other.host_id
    return same_host and (None in (pool.cluster_id, other.cluster_id) or pool.cluster_id == other.cluster_id)


def _fits(tags: str, pool: StoragePool) -> bool:
    return set(filter(None, tags.split(","))) <= pool.tag_set


class RatesCmd(BaseCmd):
    """What bounds the disks of an offering; the hypervisor sees to it."""

    abstract = True

    bytes_read_rate = Long("bytesreadrate", minimum=0, help="bytes read per second at most")
    bytes_write_rate = Long("byteswriterate", minimum=0, help="bytes written per second at most")
    iops_read_rate = Long("iopsreadrate", minimum=0, help="reads per second at most")
    iops_write_rate = Long("iopswriterate", minimum=0, help="writes per second at most")
    bytes_read_rate_max = Long("bytesreadratemax", minimum=0, help="bytes read per second in a burst")
    bytes_read_rate_max_length = Int("bytesreadratemaxlength", minimum=1, help="seconds that such a burst may last")
    bytes_write_rate_max = Long("byteswriteratemax", minimum=0, help="bytes written per second in a burst")
    bytes_write_rate_max_length = Int("byteswriteratemaxlength", minimum=1, help="seconds that such a burst may last")
    iops_read_rate_max = Long("iopsreadratemax", minimum=0, help="reads per second in a burst")
    iops_read_rate_max_length = Int("iopsreadratemaxlength", minimum=1, help="seconds that such a burst may last")
    iops_write_rate_max = Long("iopswriteratemax", minimum=0, help="writes per second in a burst")
    iops_write_rate_max_length = Int("iopswriteratemaxlength", minimum=1, help="seconds that such a burst may last")

    def rates(self) -> dict[str, int | None]:
        return {name: getattr(self, name) for name in LIMITS}


class CreateDiskOffering(RatesCmd):
    """Creates a kind of disk. Domain administrators create it for their domains."""

    roles = ADMINS
    response = DiskOfferingResponse

    offering_name = Str("name", required=True, help="name of the offering")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    size_gib = Long("disksize", minimum=1, help="GiB of its disks")
    customized = Flag("customized", default=False, help="whether the user says the size")
    customized_iops = Flag("customizediops", help="whether the user says the operations per second")
    domains = RefList("domainid", Domain, help="domains that it is kept for; all if left out (root admins only)")
    zones = RefList("zoneid", Zone, help="zones that it is kept for; all if left out")
    tags = Str("tags", max_length=1024, roles=ROOT, help="tags that pools must have")
    storage_type = Choice("storagetype", ("shared", "local"), default="shared", help="shared or local")
    provisioning = Str("provisioningtype", help="thin")
    cache_mode = Str("cachemode", help="none, writeback or writethrough")
    displayed = Flag("displayoffering", roles=ROOT, help="whether users see it")
    min_iops = Long("miniops", minimum=0, help="operations per second at least")
    max_iops = Long("maxiops", minimum=0, help="operations per second at most")
    strict = Flag("disksizestrictness", help="whether its disks keep their size")
    encrypt = RefusedFlag("encrypt")
    policy = Refused("storagepolicy")
    details = Map("details", help="options of the offering")

    def execute(self) -> DiskOffering:
        return DiskOfferingManager().create(
            caller=self.caller,
            name=self.offering_name,
            display_text=self.display_text or "",
            size_gib=self.size_gib,
            is_custom=self.customized,
            domains=self.domains or (),
            zones=self.zones or (),
            tags=self.tags or "",
            details=self.details,
            is_custom_iops=self.customized_iops,
            local_storage=self.storage_type == "local",
            provisioning=self.provisioning,
            cache_mode=self.cache_mode,
            is_displayed=self.displayed,
            min_iops=self.min_iops,
            max_iops=self.max_iops,
            **self.rates(),
            size_is_strict=self.strict,
        )


class UpdateDiskOffering(RatesCmd):
    """Changes an offering for the disks that are made from now on."""

    roles = ADMINS
    response = DiskOfferingResponse

    offering = Ref("id", DiskOffering, access=Access.MODIFY, required=True, help="the offering")
    offering_name = Str("name", help="new name")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    sort_key = Int("sortkey", help="place in lists, smallest first")
    displayed = Flag("displayoffering", roles=ROOT, help="whether users see it")
    state = Choice("state", OfferingState, help="Active or Inactive")
    domains = Str("domainid", max_length=40000, help="domains that it is kept for, or public")
    zones = Str("zoneid", max_length=40000, help="zones that it is kept for, or all")
    tags = Str("tags", max_length=1024, roles=ROOT, help="tags that pools must have")
    cache_mode = Str("cachemode", help="none, writeback or writethrough")

    def execute(self) -> DiskOffering:
        return DiskOfferingManager().update(
            caller=self.caller,
            offering=self.offering,
            domains=named(self.domains, Domain, "domainid", PUBLIC, caller=self.caller),
            zones=named(self.zones, Zone, "zoneid", ALL, caller=self.caller),
            tags=self.tags,
            name=self.offering_name,
            display_text=self.display_text,
            sort_key=self.sort_key,
            is_displayed=self.displayed,
            state=self.state,
            cache_mode=self.cache_mode,
            **self.rates(),
        )


def named(text: str | None, model: type, parameter: str, nobody: str, *, caller: Caller) -> Sequence | None:
    """The objects that a comma list names; none of them when it is the word for "no restriction"."""
    if text is None:
        return None
    if text.strip().lower() == nobody:
        return []
    uuids = [part.strip() for part in text.split(",") if part.strip()]
    return entity_for(model).get_many(caller=caller, uuids=uuids, parameter=parameter)


class DeleteDiskOffering(BaseCmd):
    """Takes an offering away; disks made from it stay as they are."""

    roles = ADMINS

    offering = Ref("id", DiskOffering, access=Access.MODIFY, required=True, help="the offering")

    def execute(self) -> None:
        DiskOfferingManager().delete(caller=self.caller, offering=self.offering)
