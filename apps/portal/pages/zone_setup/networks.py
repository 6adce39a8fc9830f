"""Physical networks with what they carry, and the addresses of guests on them."""

from typing import Any

from django import forms
from django.db.models import Model

from apps.accounts.admin.badges import badge
from apps.accounts.admin.panels import Panel, link_to
from apps.network.api.commands.router_element import ROUTER
from apps.network.models import Network, NetworkServiceProvider, PhysicalNetwork
from apps.network.selectors import (
    ip_ranges_visible_to,
    networks_visible_to,
    offerings_visible_to,
    physical_networks_visible_to,
)
from apps.network.states import (
    AclType,
    GuestType,
    IsolationMethod,
    OfferingState,
    PhysicalNetworkState,
    ProviderState,
    TrafficType,
)
from apps.portal.pages.zone_setup.forms import ParameterField, SectionForm
from apps.portal.pages.zone_setup.places import MOST_ROWS
from apps.portal.pages.zone_setup.sections import Section, Shown, Work, uuid_of
from cloudstack.framework.drivers import network_elements
from cloudstack.framework.errors import CloudError

ISOLATION_NOT_BUILT = {
    "VLAN": "guest networks are kept apart by VXLAN",
    "GRE": "guest networks are kept apart by VXLAN",
    "STT": "guest networks are kept apart by VXLAN",
}
CARRIES = {
    TrafficType.GUEST: "Guest: between machines of tenants",
    TrafficType.PUBLIC: "Public: addresses that the outside reaches",
    TrafficType.MANAGEMENT: "Management: between the platform and its hosts",
    TrafficType.STORAGE: "Storage: between hosts and image stores",
}
LINK_HELP = (
    "Network interface of the hosts that carries it, such as eth1. Empty: each host names its own, by its option "
    "guest_link."
)
FROM_THE_START = (TrafficType.GUEST, TrafficType.MANAGEMENT)


def physical_form(work: Work) -> type[SectionForm]:
    has_router = ROUTER in network_elements()
    fields: dict[str, Any] = {
        "name": ParameterField("createPhysicalNetwork", "name", "Name", initial="Physical network 1"),
        "isolationmethods": ParameterField(
            "createPhysicalNetwork",
            "isolationmethods",
            "Networks are kept apart by",
            choices=[(one, one) for one in IsolationMethod.values],
            refused=ISOLATION_NOT_BUILT,
        ),
        "vlan": ParameterField(
            "createPhysicalNetwork",
            "vlan",
            "Numbers for guest networks",
            "VXLAN numbers that isolated networks get, such as 5000-5999. Each number is in one physical network only.",
            initial="5000-9999",
        ),
        "tags": ParameterField(
            "createPhysicalNetwork",
            "tags",
            "Tags",
            "With several physical networks for guests: offerings ask for them.",
        ),
    }
    for kind, says in CARRIES.items():
        fields[f"carries_{kind}"] = forms.BooleanField(label=says, required=False, initial=kind in FROM_THE_START)
        fields[f"link_{kind}"] = ParameterField(
            "addTrafficType", "kvmnetworklabel", f"Link for {kind.lower()} traffic",
            LINK_HELP if kind == TrafficType.GUEST else "",
        )  # fmt: skip
    fields["router"] = forms.BooleanField(
        label="Have the virtual router serve the networks: addresses (DHCP), names (DNS), user data",
        required=False,
        initial=has_router,
        disabled=not has_router,
        help_text="" if has_router else "Not available: no plugin gives a virtual router.",
    )
    return type("PhysicalNetworkForm", (PhysicalNetworkForm,), fields)


class PhysicalNetworkForm(SectionForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(f"carries_{kind}") for kind in CARRIES):
            self.add_error(f"carries_{TrafficType.GUEST}", "Choose at least one kind of traffic.")
        return cleaned


def make_physical(work: Work, form: SectionForm) -> Model:
    """The network, its traffic, its router, and both enabled: jobs on it wait in line, so all can be asked for now."""
    own = form.wire(*(f"link_{kind}" for kind in CARRIES))
    uuid = uuid_of(work.call("createPhysicalNetwork", zoneid=work.made_zone.uuid, **own))
    for kind in CARRIES:
        if form.cleaned_data[f"carries_{kind}"]:
            link = form.text(f"link_{kind}")
            try:
                work.call("addTrafficType", physicalnetworkid=uuid, traffictype=kind.value, kvmnetworklabel=link)
            except CloudError as error:
                error.parameter = f"link_{kind}" if error.parameter == "kvmnetworklabel" else f"carries_{kind}"
                raise
    if form.cleaned_data["router"]:
        provider = uuid_of(work.call("addNetworkServiceProvider", physicalnetworkid=uuid, name=ROUTER))
        work.call("updateNetworkServiceProvider", id=provider, state=ProviderState.ENABLED.value)
    work.call("updatePhysicalNetwork", id=uuid, state=PhysicalNetworkState.ENABLED.value)
    return physical_networks_visible_to(caller=work.caller).get(uuid=uuid)


def physical_of(work: Work) -> list[PhysicalNetwork]:
    rows = physical_networks_visible_to(caller=work.caller).filter(zone=work.made_zone)
    return list(rows.prefetch_related("traffic_types", "vnet_ranges", "providers").order_by("pk")[:MOST_ROWS])


def shown_physical(work: Work) -> Shown:
    networks = physical_of(work)
    rows = [
        [
            link_to(one),
            badge(one.state),
            ", ".join(_carried(one)) or "–",
            ", ".join(map(str, one.vnet_ranges.all())) or "–",
            ", ".join(row.name for row in _providers(one)) or "–",
        ]
        for one in networks
    ]
    columns = ["Physical network", "State", "Carries", "Numbers", "Served by"]
    waits = any(one.state != PhysicalNetworkState.ENABLED for one in networks)
    return Shown([Panel("Physical networks", columns, rows)] if rows else [], is_live=waits)


def _carried(physical: PhysicalNetwork) -> list[str]:
    rows = [row for row in physical.traffic_types.all() if row.removed is None]
    return [f"{row.traffic_type} ({row.kvm_label})" if row.kvm_label else row.traffic_type for row in rows]


def _providers(physical: PhysicalNetwork) -> list[NetworkServiceProvider]:
    return [row for row in physical.providers.all() if row.removed is None and row.state == ProviderState.ENABLED]


def shared_form(work: Work) -> type[SectionForm]:
    offerings = offerings_visible_to(caller=work.caller).filter(
        guest_type=GuestType.SHARED, state=OfferingState.ENABLED
    )
    for_guests = [
        (str(one.uuid), one.name) for one in physical_of(work) if any(t.startswith("Guest") for t in _carried(one))
    ]
    sizes = [(str(one.uuid), one.name) for one in offerings.order_by("sort_key", "pk")[:MOST_ROWS]]

    class SharedNetworkForm(SectionForm):
        name = ParameterField("createNetwork", "name", "Name", "Every user may put machines into it.")
        networkofferingid = ParameterField("createNetwork", "networkofferingid", "Offering", choices=sizes)
        physicalnetworkid = ParameterField(
            "createNetwork", "physicalnetworkid", "Physical network", choices=for_guests, required=True
        )
        vlan = ParameterField(
            "createNetwork", "vlan", "Number", "A VXLAN number that no other network has, such as 4000.", required=True
        )
        gateway = ParameterField("createNetwork", "gateway", "Gateway", "The way out for its machines.", required=True)
        netmask = ParameterField("createNetwork", "netmask", "Netmask", required=True, initial="255.255.255.0")
        startip = ParameterField(
            "createNetwork", "startip", "First address", "Of those that machines are given.", required=True
        )
        endip = ParameterField("createNetwork", "endip", "Last address", required=True)

    return SharedNetworkForm


def make_shared(work: Work, form: SectionForm) -> Model:
    answer = work.call(
        "createNetwork", zoneid=work.made_zone.uuid, acltype=AclType.DOMAIN.value, subdomainaccess="true", **form.wire()
    )
    return networks_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def public_form(work: Work) -> type[SectionForm]:
    class PublicRangeForm(SectionForm):
        gateway = ParameterField("createVlanIpRange", "gateway", "Gateway", required=True)
        netmask = ParameterField("createVlanIpRange", "netmask", "Netmask", required=True, initial="255.255.255.0")
        startip = ParameterField("createVlanIpRange", "startip", "First address")
        endip = ParameterField("createVlanIpRange", "endip", "Last address", required=True)
        vlan = ParameterField(
            "createVlanIpRange", "vlan", "VLAN", "untagged, or a number such as 100.", initial="untagged"
        )

    return PublicRangeForm


def make_public(work: Work, form: SectionForm) -> Model:
    answer = work.call("createVlanIpRange", zoneid=work.made_zone.uuid, forvirtualnetwork="true", **form.wire())
    return ip_ranges_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def refuse_public(work: Work) -> str:
    if any(t.startswith("Public") for one in physical_of(work) for t in _carried(one)):
        return ""
    return "no physical network carries public traffic; add one in the step Physical networks"


def refuse_shared(work: Work) -> str:
    if not getattr(work.made_zone, "has_guest_physical_enabled", False):
        return "the physical network for guests is not enabled yet: its jobs are still to be done"
    return ""


def shown_addresses(work: Work) -> Shown:
    networks: list[Network] = list(
        networks_visible_to(caller=work.caller)
        .filter(zone=work.made_zone, guest_type=GuestType.SHARED)
        .select_related("physical_network")
        .prefetch_related("ip_ranges")
        .order_by("pk")[:MOST_ROWS]
    )
    ranges = ip_ranges_visible_to(caller=work.caller).filter(
        physical_network__zone=work.made_zone, network__isnull=True
    )
    numbers = [
        [link_to(one), ", ".join(map(str, one.vnet_ranges.all()))] for one in physical_of(work) if one.vnet_ranges.all()
    ]
    shared = [
        [link_to(one), one.cidr, ", ".join(f"{r.start_ip}–{r.end_ip}" for r in one.ip_ranges.all()), one.broadcast_uri]
        for one in networks
    ]
    public = [[link_to(one), one.gateway, one.netmask, one.vlan] for one in ranges.order_by("pk")[:MOST_ROWS]]
    panels = [
        Panel("Shared networks", ["Network", "Subnet", "Addresses for machines", "Segment"], shared),
        Panel("Numbers for isolated networks", ["Physical network", "Numbers"], numbers),
        Panel("Public addresses", ["Range", "Gateway", "Netmask", "VLAN"], public),
    ]
    waits = bool(refuse_shared(work))
    return Shown([panel for panel in panels if panel.rows], is_live=waits)


PHYSICAL = Section(
    key="physical", title="Add a physical network", button="Add the physical network", command="createPhysicalNetwork",
    further=("addTrafficType", "addNetworkServiceProvider", "updateNetworkServiceProvider", "updatePhysicalNetwork"),
    form=physical_form, make=make_physical,
)  # fmt: skip
SHARED = Section(
    key="shared", title="Add a shared network", button="Add the shared network", command="createNetwork",
    form=shared_form, make=make_shared, refusal=refuse_shared,
    intro="One network for all tenants, with addresses that you give. Without it each tenant makes isolated networks.",
)  # fmt: skip
PUBLIC = Section(
    key="public", title="Add public addresses", button="Add the addresses", command="createVlanIpRange",
    form=public_form, make=make_public, refusal=refuse_public,
    intro="Addresses that the outside reaches, for tenants to acquire. A zone works without them.",
)  # fmt: skip
