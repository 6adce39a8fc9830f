"""Lists of machines and of their network cards."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.attached import ShowsIcons, TagFilter
from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.models import User
from apps.compute.api.responses.nic import NicResponse
from apps.compute.api.responses.usage import HistoryResponse, SampleResponse, UsageHistoryResponse
from apps.compute.api.responses.virtual_machine import (
    AccumulatedMetricsResponse,
    AccumulatedVirtualMachineResponse,
    ListedVirtualMachineResponse,
    VirtualMachineMetricsResponse,
)
from apps.compute.models import (
    AffinityGroup,
    AffinityMembership,
    InstanceGroup,
    MachineHistory,
    MachineSample,
    Nic,
    ServiceOffering,
    UserData,
    VirtualMachine,
)
from apps.compute.selectors import has_key_pair, nics_visible_to, vms_visible_to
from apps.compute.states import VmState
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.network.models import Network
from apps.storage.models import Iso, StoragePool, Template
from cloudstack.api import BaseListCmd, Choice, Date, Flag, ListOf, Ref, Response, Str
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR

MAX_SAMPLES = 20_000
"""Most samples of one answer."""
RESOLUTIONS = {"fiveminutes": FIVE_MINUTES, "hour": HOUR, "day": DAY}
"""What figures are rolled up to, in seconds."""
DETAILS = {
    "group": ("groupid", "group"),
    "nics": ("nic", "ipaddress", "forvirtualnetwork", "publicip", "publicipid"),
    "stats": (
        "cpuused",
        "networkkbsread",
        "networkkbswrite",
        "diskkbsread",
        "diskkbswrite",
        "diskioread",
        "diskiowrite",
        "memorykbs",
        "memorytargetkbs",
        "memoryintfreekbs",
        "receivedbytes",
        "sentbytes",
    ),
    "secgrp": ("securitygroup",),
    "tmpl": ("templateid", "templatename", "templatedisplaytext", "templatetype", "templateformat", "passwordenabled"),
    "servoff": ("serviceofferingid", "serviceofferingname", "cpunumber", "cpuspeed", "memory"),
    "diskoff": ("diskofferingid", "diskofferingname"),
    "backoff": (),
    "iso": ("isoid", "isoname", "isodisplaytext"),
    "volume": ("rootdeviceid", "rootdevicetype", "pooltype"),
    "affgrp": ("affinitygroup",),
}
"""Words of ``details`` and the fields that each brings; ``min`` brings none of them, ``all`` all."""
ON_REQUEST = frozenset({"pooltype"})
"""Shown when ``details`` is given, and asks for them: a look at another table for each machine."""


class ListVirtualMachines(TagFilter, ShowsIcons, AccountScopedListCmd):
    """Lists virtual machines: your own, or with listall all that you administer."""

    response = ListedVirtualMachineResponse
    keyword_fields = ("name", "display_name")

    vm_name = Str("name", lookup="name", help="host name of the machine")
    state = Str("state", help="Running, Stopped, Present (all that are not destroyed) or another state")
    zone = Ref("zoneid", Zone, lookup="zone", help="machines of this zone")
    pod = Ref("podid", Pod, lookup="host__pod", help="machines that run in this pod")
    cluster = Ref("clusterid", Cluster, lookup="host__cluster", help="machines that run in this cluster")
    host = Ref("hostid", Host, lookup="host", help="machines that run on this host")
    pool = Ref("storageid", StoragePool, help="machines with a volume on this pool")
    iso = Ref("isoid", Iso, lookup="drive__iso", help="machines with this ISO in their drive")
    template = Ref("templateid", Template, lookup="template", help="machines of this template")
    service_offering = Ref(
        "serviceofferingid", ServiceOffering, lookup="service_offering", help="machines of this offering"
    )
    group = Ref("groupid", InstanceGroup, lookup="group", help="machines of this instance group")
    affinity_group = Ref("affinitygroupid", AffinityGroup, help="machines of this affinity group")
    leased = Flag("leased", default=False, help="machines with a lease that is not over")
    arch = Str("arch", lookup="template__architecture__iexact", help="machines of this CPU architecture")
    network = Ref("networkid", Network, help="machines with a card in this network")
    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="machines of this hypervisor")
    user = Ref("userid", User, lookup="user", help="machines that this user deployed")
    keypair = Str("keypair", help="machines with this SSH key")
    displayed = Flag("displayvm", help="root admins: only machines that are shown to users, or only the others")
    ha_enabled = Flag("haenable", lookup="ha_enabled", help="machines that are restarted when their host dies, or not")
    source = Ref("userdataid", UserData, lookup="user_data_source", help="machines that were given this user data")
    with_user_data = Flag("userdata", default=False, help="show the user data of each machine")
    accumulate = Flag("accumulate", default=False, help="tell what each used since it was started, not only lately")
    details = ListOf("details", Str, help=f"what to show: all, min, {', '.join(DETAILS)}")
    for_virtual_network = Flag("forvirtualnetwork", help="whether they have a card in an isolated network")

    def queryset(self) -> QuerySet[VirtualMachine]:
        vms = self.owned(VirtualMachine.objects.all())
        if self.state:
            vms = vms.exclude(state=VmState.DESTROYED) if self.state == "Present" else vms.filter(state=self._state())
        if self.pool is not None:
            vms = vms.filter(attachments__volume__pool=self.pool).distinct()
        if self.leased:
            vms = vms.filter(lease_expires__isnull=False, lease_ended=False)
        if self.affinity_group is not None:
            vms = vms.filter(pk__in=AffinityMembership.objects.filter(group=self.affinity_group).values("vm"))
        if self.network is not None:
            vms = vms.filter(pk__in=Nic.objects.filter(network=self.network).values("vm"))
        if self.for_virtual_network is not None:
            isolated = Nic.objects.filter(network__guest_type="Isolated").values("vm")
            vms = vms.filter(pk__in=isolated) if self.for_virtual_network else vms.exclude(pk__in=isolated)
        if self.keypair:
            vms = vms.filter(has_key_pair(self.keypair))
        if not self.caller.is_root_admin:
            return vms.filter(is_displayed=True)
        return vms if self.displayed is None else vms.filter(is_displayed=self.displayed)

    def response_class(self) -> type[Response]:
        return AccumulatedVirtualMachineResponse if self.accumulate else self.response

    def _state(self) -> str:
        for state in VmState.values:
            if state.lower() == self.state.lower():
                return state
        raise InvalidParameter(
            f"state must be Present or one of {', '.join(VmState.values)}, not {self.state!r}", parameter="state"
        )

    def omitted(self) -> frozenset[str]:
        hidden = super().omitted() | (frozenset() if self.with_user_data else frozenset({"userdata"}))
        asked = {word.lower() for word in self.details or ["all"]}
        unknown = asked - {"all", "min", *DETAILS}
        if unknown:
            raise InvalidParameter(
                f"details knows all, min, {', '.join(DETAILS)}, not {', '.join(sorted(unknown))}", parameter="details"
            )
        if not self.details:
            return hidden | ON_REQUEST
        if "all" in asked:
            return hidden
        return hidden | frozenset(field for word, fields in DETAILS.items() if word not in asked for field in fields)


class ListVirtualMachinesMetrics(ListVirtualMachines):
    """Lists virtual machines with what they use."""

    response = VirtualMachineMetricsResponse

    def response_class(self) -> type[Response]:
        return AccumulatedMetricsResponse if self.accumulate else self.response


class ListVirtualMachinesUsageHistory(BaseListCmd):
    """Lists what machines used in the past, as long as the operator keeps that."""

    response = UsageHistoryResponse
    keyword_fields = ("name", "display_name")

    vm_name = Str("name", lookup="name__icontains", help="machines with this text in their name")
    start = Date("startdate", help="from this time on")
    end = Date("enddate", help="until this time")
    resolution = Choice(
        "resolution",
        choices=("sample", *RESOLUTIONS),
        default="sample",
        help="sample: each look, kept for some hours; or means and sums of five minutes, hours or days, kept longer",
    )

    def queryset(self) -> QuerySet[VirtualMachine]:
        vms = vms_visible_to(caller=self.caller)
        return vms if self.caller.is_root_admin else vms.filter(is_displayed=True)

    def execute(self) -> Page:
        if self.start and self.end and self.start > self.end:
            raise InvalidParameter(f"startdate {self.start} is after enddate {self.end}", parameter="startdate")
        page = super().execute()
        shown = {row["id"]: row for row in page.rows}
        samples, moment, response = self._figures()
        samples = samples.filter(vm__uuid__in=shown).order_by(f"-{moment}")
        if self.start:
            samples = samples.filter(**{f"{moment}__gte": self.start})
        if self.end:
            samples = samples.filter(**{f"{moment}__lte": self.end})
        rows = list(response.render_with(samples[: MAX_SAMPLES + 1], ("vm__uuid",), caller=self.caller))
        if len(rows) > MAX_SAMPLES:
            raise InvalidParameter(
                f"these are more than {MAX_SAMPLES} samples; name fewer machines or a later startdate",
                parameter="startdate",
            )
        for (uuid,), body in rows:
            shown[str(uuid)]["stats"].append(body)
        return page

    def _figures(self) -> tuple[QuerySet[Any], str, type[Response]]:
        """The rows asked for, the column of their time, and how they are shown."""
        if self.resolution in RESOLUTIONS:
            return MachineHistory.objects.filter(width_s=RESOLUTIONS[self.resolution]), "began", HistoryResponse
        return MachineSample.objects.all(), "taken", SampleResponse


class ListNics(BaseListCmd):
    """Lists the network cards of a machine."""

    response = NicResponse
    keyword_fields = ("network__name", "mac", "ipv4")
    ordering = ("device_id",)
    id_filter = ids_filter = None

    nic = Ref("nicid", Nic, help="this card only")
    vm = Ref("virtualmachineid", VirtualMachine, required=True, lookup="vm", help="the machine")
    network = Ref("networkid", Network, lookup="network", help="cards in this network")
    displayed = Flag("fordisplay", help="accepted; all cards are shown")

    def queryset(self) -> QuerySet[Any]:
        nics = nics_visible_to(caller=self.caller)
        return nics.filter(pk=self.nic.pk) if self.nic is not None else nics
