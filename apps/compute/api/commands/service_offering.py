"""Service offerings."""

from django.db.models import Q, QuerySet

from apps.accounts.models import Domain
from apps.compute import events
from apps.compute.api.responses.service_offering import ServiceOfferingResponse
from apps.compute.models import ServiceOffering, VirtualMachine
from apps.compute.selectors import service_offerings_visible_to
from apps.compute.services.service_offering import ServiceOfferingManager
from apps.compute.states import OfferingState
from apps.infrastructure.models import Zone
from apps.storage.models import DiskOffering
from cloudstack.api import (
    ROOT,
    Access,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    Int,
    Map,
    Ref,
    RefList,
    Str,
    SuccessResponse,
)


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
    domain = Ref("domainid", Domain, help="offerings that are kept for this domain")
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
        if self.domain is not None:
            offerings = offerings.filter(domains=self.domain)
        if self.zone is not None:
            kept = ServiceOffering.zones.through.objects.filter(zone=self.zone).values("serviceoffering")
            offerings = offerings.filter(Q(zones__isnull=True) | Q(pk__in=kept)).distinct()
        return offerings


class CreateServiceOffering(BaseCmd):
    """Creates a size of machines."""

    roles = ROOT
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
    storage_tags = Str("tags", help="tags that pools must have, comma separated")
    host_tags = Str("hosttags", help="tags that hosts must have, comma separated")
    offer_ha = Flag("offerha", default=False, help="machines are restarted when their host dies")
    limit_cpu = Flag("limitcpuuse", default=False, help="the promised CPU speed is also the highest")
    dynamic_scaling = Flag("dynamicscalingenabled", default=True, help="machines may grow while they run")
    network_rate = Int("networkrate", minimum=0, help="network rate in Mbit/s")
    domains = RefList("domainid", Domain, help="keep it for these domains; public if left out")
    zones = RefList("zoneid", Zone, help="keep it for these zones")
    details = Map("serviceofferingdetails", help="further options")

    def execute(self) -> ServiceOffering:
        tags = ",".join(sorted({tag.strip() for tag in (self.storage_tags or "").split(",") if tag.strip()}))
        host_tags = ",".join(sorted({tag.strip() for tag in (self.host_tags or "").split(",") if tag.strip()}))
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
            dynamic_scaling=self.dynamic_scaling,
            network_rate_mbps=self.network_rate,
            host_tags=host_tags,
            details=self.details or {},
            disk_offering=self.disk_offering,
            disk={
                "local_storage": self.storage_type == "local",
                "tags": tags,
                "size_gib": self.root_disk_gib or 0,
                "size_is_strict": self.disk_strict,
            },
            domains=self.domains or (),
            zones=self.zones or (),
        )


class UpdateServiceOffering(BaseCmd):
    """Changes name, text, order, state or audience of a service offering."""

    roles = ROOT
    response = ServiceOfferingResponse
    event_type = events.SERVICE_OFFERING_EDIT

    offering = Ref("id", ServiceOffering, access=Access.MODIFY, required=True, help="the offering")
    new_name = Str("name", help="new name")
    display_text = Str("displaytext", max_length=4096, help="new text")
    sort_key = Int("sortkey", help="place in lists; smaller comes first")
    state = Choice("state", OfferingState, help="Active or Inactive")
    host_tags = Str("hosttags", help="tags that hosts must have, comma separated")
    domains = RefList("domainid", Domain, help="keep it for these domains")
    zones = RefList("zoneid", Zone, help="keep it for these zones")

    def execute(self) -> ServiceOffering:
        asked = {
            "name": self.new_name,
            "display_text": self.display_text,
            "sort_key": self.sort_key,
            "state": self.state,
            "host_tags": self.host_tags,
            "domains": self.domains,
            "zones": self.zones,
        }
        changes = {name: value for name, value in asked.items() if value is not None}
        return ServiceOfferingManager().update(caller=self.caller, offering=self.offering, changes=changes)


class DeleteServiceOffering(BaseCmd):
    """Withdraws a service offering; machines that have it keep it."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.SERVICE_OFFERING_DELETE

    offering = Ref("id", ServiceOffering, access=Access.MODIFY, required=True, help="the offering")

    def execute(self) -> None:
        ServiceOfferingManager().delete(caller=self.caller, offering=self.offering)
