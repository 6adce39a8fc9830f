"""Service offerings."""

from django.db.models import Q, QuerySet

from apps.accounts.api.owner import project_ref
from apps.accounts.models import Account, Domain
from apps.accounts.selectors import accounts_visible_to
from apps.compute import events
from apps.compute.api.responses.service_offering import ServiceOfferingResponse
from apps.compute.models import ServiceOffering, VirtualMachine
from apps.compute.selectors import service_offerings_visible_to
from apps.compute.selectors.offerings import offered_to_domain
from apps.compute.services.service_offering import ServiceOfferingManager
from apps.compute.states import LeaseAction, OfferingState
from apps.infrastructure.api.refused import Refused, RefusedFlag
from apps.infrastructure.models import Zone
from apps.storage.api.commands.disk_offering import ALL, PUBLIC, RatesCmd, named
from apps.storage.models import DiskOffering, Template
from apps.storage.services.tags import clean_tags
from apps.storage.services.volume_sizes import GIB
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    Int,
    Long,
    Map,
    Ref,
    RefList,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter


class ListServiceOfferings(BaseListCmd):
    """Lists the sizes of machines that you can choose from."""

    response = ServiceOfferingResponse
    keyword_fields = ("name", "display_text")
    ordering = ("sort_key", "id")

    offering_name = Str("name", lookup="name", help="name of the offering")
    vm = Ref("virtualmachineid", VirtualMachine, help="the offering that this machine has")
    is_system = Flag("issystem", default=False, help="offerings of the platform's own machines: there are none yet")
    zone = Ref("zoneid", Zone, help="offerings of this zone")
    cpus = Int("cpunumber", lookup="cpus", help="with this number of CPUs")
    cpu_mhz = Int("cpuspeed", lookup="cpu_mhz", help="with this speed in MHz")
    memory_mib = Int("memory", lookup="memory_mib", help="with this much memory in MiB")
    state = Choice("state", [*OfferingState.values, "all"], help="Active (default), Inactive or all")
    storage_type = Choice("storagetype", ("shared", "local"), help="offerings with root disks on such storage")
    template = Ref("templateid", Template, help="offerings whose root disk can hold this template")
    encrypt = Flag("encryptroot", help="offerings whose root disks are encrypted; there are none")
    account = Str("account", help="offerings that this account can choose; it is looked for in domainid or your domain")
    project = project_ref("offerings that this project can choose")
    domain = Ref("domainid", Domain, help="offerings that are kept for this domain; with account: where that is")
    recursive = Flag("isrecursive", help="accepted")
    list_all = Flag("listall", help="accepted")

    def queryset(self) -> QuerySet[ServiceOffering]:
        offerings = service_offerings_visible_to(caller=self.caller)
        state = self.state or (None if self.id_filter else OfferingState.ACTIVE)
        if state and state != "all":
            offerings = offerings.filter(state=state)
        if self.vm is not None:
            offerings = offerings.filter(pk=self.vm.service_offering_id)
        if self.is_system:
            return offerings.none()
        if self.account or self.project:
            offerings = offerings.filter(offered_to_domain(self._chooser().domain.path))
        elif self.domain is not None:
            offerings = offerings.filter(domains=self.domain)
        if self.storage_type:
            offerings = offerings.filter(disk_offering__local_storage=self.storage_type == "local")
        if self.template is not None:
            gib = -(-self.template.virtual_size_bytes // GIB)
            unfit = Q(root_disk_gib__gt=0, root_disk_gib__lt=gib)
            unfit |= Q(disk_offering__size_gib__gt=0, disk_offering__size_gib__lt=gib)
            offerings = offerings.exclude(unfit)
        if self.encrypt:
            return offerings.none()
        if self.zone is not None:
            kept = ServiceOffering.zones.through.objects.filter(zone=self.zone).values("serviceoffering")
            offerings = offerings.filter(Q(zones__isnull=True) | Q(pk__in=kept)).distinct()
        return offerings

    def _chooser(self) -> Account:
        if self.project is not None:
            return self.project.account
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        accounts = accounts_visible_to(caller=self.caller, access=Access.USE).select_related("domain")
        account = accounts.filter(name=self.account, domain_id=domain_id).first()
        if account is None:
            raise InvalidParameter(f"could not find account {self.account} in that domain", parameter="account")
        return account


class CreateServiceOffering(RatesCmd):
    """Creates a size of machines. Domain administrators create it for their domains."""

    roles = ADMINS
    response = ServiceOfferingResponse
    event_type = events.SERVICE_OFFERING_CREATE

    offering_name = Str("name", required=True, help="its name")
    display_text = Str("displaytext", max_length=4096, help="what it is for; the name if left out")
    cpus = Int("cpunumber", help="virtual CPUs")
    cpu_mhz = Int("cpuspeed", help="promised MHz of one virtual CPU")
    memory_mib = Int("memory", help="memory in MiB")
    customized = Flag("customized", help="whether the user chooses the size")
    min_cpus = Int("mincpunumber", minimum=1, maximum=32767, help="fewest CPUs of a custom offering")
    max_cpus = Int("maxcpunumber", minimum=1, maximum=32767, help="most CPUs of a custom offering")
    min_memory_mib = Int("minmemory", minimum=1, help="least memory of a custom offering in MiB")
    max_memory_mib = Int("maxmemory", minimum=1, help="most memory of a custom offering in MiB")
    disk_offering = Ref("diskofferingid", DiskOffering, help="kind of the root disk")
    disk_strict = Flag("diskofferingstrictness", default=False, help="the root disk's size cannot be changed")
    root_disk_gib = Int("rootdisksize", minimum=0, help="size of the root disk in GiB; the template's if left out")
    storage_type = Choice("storagetype", ["shared", "local"], default="shared", help="where root disks lie")
    provisioning = Str("provisioningtype", help="thin")
    cache_mode = Str("cachemode", help="cache mode of root disks: none, writeback or writethrough")
    customized_iops = Flag("customizediops", help="whether the user says the operations per second of the root disk")
    min_iops = Long("miniops", minimum=0, help="operations per second of the root disk at least")
    max_iops = Long("maxiops", minimum=0, help="operations per second of the root disk at most")
    encrypt_root = RefusedFlag("encryptroot")
    policy = Refused("storagepolicy")
    system = RefusedFlag("issystem")
    volatile = Flag("isvolatile", default=False, help="the root disk is made anew at each start and reboot")
    storage_tags = Str("tags", roles=ROOT, help="tags that pools must have, comma separated")
    host_tags = Str("hosttags", roles=ROOT, help="tags that hosts must have, comma separated")
    offer_ha = Flag("offerha", default=False, help="machines are restarted when their host dies")
    limit_cpu = Flag("limitcpuuse", default=False, help="the promised CPU speed is also the highest")
    dynamic_scaling = Flag("dynamicscalingenabled", default=True, help="machines may grow while they run")
    network_rate = Int("networkrate", minimum=0, help="network rate in Mbit/s")
    domains = RefList("domainid", Domain, help="keep it for these domains; public if left out")
    zones = RefList("zoneid", Zone, help="keep it for these zones")
    lease_days = Int("leaseduration", help="days until the lease of its machines is over; for ever if left out")
    lease_action = Choice("leaseexpiryaction", LeaseAction, help="what becomes of them then: STOP or DESTROY")
    details = Map("serviceofferingdetails", help="further options")

    def execute(self) -> ServiceOffering:
        custom = self.customized
        if custom is None:
            custom = self.cpus is None and self.memory_mib is None
        return ServiceOfferingManager().create(
            caller=self.caller,
            name=self.offering_name,
            display_text=self.display_text or self.offering_name,
            cpus=self.cpus,
            cpu_mhz=self.cpu_mhz,
            memory_mib=self.memory_mib,
            is_customized=custom,
            min_cpus=self.min_cpus,
            max_cpus=self.max_cpus,
            min_memory_mib=self.min_memory_mib,
            max_memory_mib=self.max_memory_mib,
            root_disk_gib=self.root_disk_gib,
            offer_ha=self.offer_ha,
            limit_cpu_use=self.limit_cpu,
            is_volatile=self.volatile,
            lease_days=self.lease_days,
            lease_action=self.lease_action or (LeaseAction.STOP if self.lease_days else ""),
            dynamic_scaling=self.dynamic_scaling,
            network_rate_mbps=self.network_rate,
            host_tags=clean_tags(self.host_tags or ""),
            details=self.details or {},
            disk_offering=self.disk_offering,
            disk={
                "local_storage": self.storage_type == "local",
                "tags": clean_tags(self.storage_tags or ""),
                "provisioning": self.provisioning,
                "cache_mode": self.cache_mode,
                "is_custom_iops": self.customized_iops,
                "min_iops": self.min_iops,
                "max_iops": self.max_iops,
                **self.rates(),
                "size_gib": self.root_disk_gib or 0,
                "size_is_strict": self.disk_strict,
            },
            domains=self.domains or (),
            zones=self.zones or (),
        )


class UpdateServiceOffering(BaseCmd):
    """Changes name, text, order, tags, state or audience of a service offering."""

    roles = ADMINS
    response = ServiceOfferingResponse
    event_type = events.SERVICE_OFFERING_EDIT

    offering = Ref(
        "id",
        ServiceOffering,
        access=Access.MODIFY,
        required=True,
        select_related=["disk_offering"],
        help="the offering",
    )
    new_name = Str("name", help="new name")
    display_text = Str("displaytext", max_length=4096, help="new text")
    sort_key = Int("sortkey", help="place in lists; smaller comes first")
    state = Choice("state", OfferingState, help="Active or Inactive")
    host_tags = Str("hosttags", roles=ROOT, help="tags that hosts must have, comma separated")
    storage_tags = Str("storagetags", max_length=1024, roles=ROOT, help="tags that pools of root disks must have")
    domains = Str("domainid", max_length=40000, help="domains that it is kept for, or public")
    zones = Str("zoneid", max_length=40000, help="zones that it is kept for, or all")

    def execute(self) -> ServiceOffering:
        asked = {
            "name": self.new_name,
            "display_text": self.display_text,
            "sort_key": self.sort_key,
            "state": self.state,
            "host_tags": None if self.host_tags is None else clean_tags(self.host_tags),
            "storage_tags": self.storage_tags,
            "domains": named(self.domains, Domain, "domainid", PUBLIC, caller=self.caller),
            "zones": named(self.zones, Zone, "zoneid", ALL, caller=self.caller),
        }
        changes = {name: value for name, value in asked.items() if value is not None}
        return ServiceOfferingManager().update(caller=self.caller, offering=self.offering, changes=changes)


class DeleteServiceOffering(BaseCmd):
    """Withdraws a service offering; machines that have it keep it."""

    roles = ADMINS
    response = SuccessResponse
    event_type = events.SERVICE_OFFERING_DELETE

    offering = Ref("id", ServiceOffering, access=Access.MODIFY, required=True, help="the offering")

    def execute(self) -> None:
        ServiceOfferingManager().delete(caller=self.caller, offering=self.offering)
