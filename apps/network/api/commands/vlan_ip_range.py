"""Commands on ranges of addresses: of shared networks, and public ones."""

from django.db.models import Q

from apps.accounts.api.owner import project_ref
from apps.accounts.models import Domain
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.models import Zone
from apps.network.api.responses.public_address import VlanIpRangeResponse
from apps.network.models import Network, PhysicalNetwork, VlanIpRange
from apps.network.selectors import ip_ranges_visible_to
from apps.network.services.ip_ranges import VlanIpRangeManager
from apps.network.services.public_ranges import PublicRangeManager
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Flag, Ref, Rest, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter


class ListVlanIpRanges(BaseListCmd):
    """Lists ranges of addresses of shared networks, and public ranges."""

    roles = ROOT
    response = VlanIpRangeResponse
    object_name = "vlaniprange"
    keyword_fields = ("start_ip", "end_ip", "gateway")

    network = Ref("networkid", Network, lookup="network", help="those of this network")
    zone = Ref("zoneid", Zone, lookup="physical_network__zone", help="those of this zone")
    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, lookup="physical_network", help="ranges on this physical network"
    )
    vlan = Str("vlan", lookup="vlan", help="ranges with this VLAN, as the list shows it")
    for_virtual_network = Flag(
        "forvirtualnetwork", help="true: ranges of public addresses; false: those of shared networks"
    )
    account = Str("account", help="public ranges kept for this account of domainid, or else of your domain")
    domain = Ref("domainid", Domain, help="ranges kept for this domain, or of shared networks for it")
    project = project_ref("public ranges kept for this project")

    def queryset(self):
        rows = ip_ranges_visible_to(caller=self.caller)
        if self.account or self.project:
            owner = resolve_owner(self.caller, self.account, self.domain, project=self.project)
            rows = rows.filter(dedicated_account=owner)
        elif self.domain is not None:
            rows = rows.filter(Q(dedicated_domain=self.domain) | Q(network__access_domain=self.domain))
        if self.for_virtual_network is not None:
            rows = rows.filter(network__isnull=self.for_virtual_network)
        return rows


class CreateVlanIpRange(BaseCmd):
    """Gives a shared network more addresses or, without a network, a zone more public addresses."""

    roles = ROOT
    response = VlanIpRangeResponse

    network = Ref("networkid", Network, access=Access.MODIFY, help="the shared network")
    zone = Ref("zoneid", Zone, access=Access.MODIFY, help="zone of a public range")
    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, access=Access.MODIFY, help="the one that carries a public range"
    )
    for_virtual_network = Flag("forvirtualnetwork", help="whether it is for public addresses; networkid decides")
    start_ip = Str("startip", required=True, help="first address")
    end_ip = Str("endip", default="", help="last address; startip if left out")
    gateway = Str("gateway", default="", help="that of the network, if given; needed for a public range")
    netmask = Str("netmask", default="", help="that of the network, if given; needed for a public range")
    vlan = Str("vlan", default="", help="untagged or a VLAN of a public range; that of the network, if given")
    account = Str("account", help="account that a public range is kept for")
    domain = Ref("domainid", Domain, help="domain of account, or the one that a public range is kept for")
    project = project_ref("project that a public range is kept for")
    for_system_vms = Flag("forsystemvms", default=False, help="keep a public range for the platform's own machines")

    def execute(self):
        if self.network is not None:
            self._refuse_public_ones()
            return VlanIpRangeManager().create(
                caller=self.caller,
                network=self.network,
                start_ip=self.start_ip,
                end_ip=self.end_ip,
                gateway=self.gateway,
                netmask=self.netmask,
                vlan=self.vlan,
            )
        if self.for_virtual_network is False and self.given("for_virtual_network"):
            raise InvalidParameter("name the shared network that the range is for", parameter="networkid")
        return PublicRangeManager().create(
            caller=self.caller,
            zone=self.zone or (self.physical_network.zone if self.physical_network else None),
            physical_network=self.physical_network,
            start_ip=self.start_ip,
            end_ip=self.end_ip,
            gateway=self.gateway,
            netmask=self.netmask,
            vlan=self.vlan,
            account_name=self.account,
            domain=self.domain,
            project=self.project,
            for_system_vms=self.for_system_vms,
        )

    def _refuse_public_ones(self) -> None:
        given = {
            "forvirtualnetwork": self.for_virtual_network,
            "account": self.account,
            "projectid": self.project,
            "domainid": self.domain,
            "forsystemvms": self.for_system_vms,
        }
        for name, value in given.items():
            if value:
                raise InvalidParameter(f"{name} goes with public ranges, not with networkid", parameter=name)
        for name, place in (("zoneid", self.zone), ("physicalnetworkid", self.physical_network)):
            own = self.network.zone_id if name == "zoneid" else self.network.physical_network_id
            if place is not None and place.pk != own:
                raise InvalidParameter(f"network {self.network} is not on {name} {place}", parameter=name)


class UpdateVlanIpRange(BaseCmd):
    """Changes the ends of a range; those of a public one with gateway, netmask and purpose."""

    roles = ROOT
    response = VlanIpRangeResponse
    since = "4.16.0"

    ip_range = Ref(
        "id",
        VlanIpRange,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the range",
    )
    start_ip = Str("startip", default="", help="new first address")
    end_ip = Str("endip", default="", help="new last address")
    gateway = Str("gateway", default="", help="new gateway of a public range")
    netmask = Str("netmask", default="", help="new netmask of a public range")
    for_system_vms = Flag("forsystemvms", help="whether a public range is kept for the platform's own machines")

    def execute(self):
        ends = {
            "start_ip": self.start_ip,
            "end_ip": self.end_ip,
            "gateway": self.gateway,
            "netmask": self.netmask,
        }
        if self.ip_range.is_public:
            return PublicRangeManager().update(
                caller=self.caller, ip_range=self.ip_range, for_system_vms=self.for_system_vms, **ends
            )
        if self.for_system_vms:
            raise InvalidParameter(
                f"range {self.ip_range} belongs to a shared network; only public ranges are kept for the platform",
                parameter="forsystemvms",
            )
        return VlanIpRangeManager().update(caller=self.caller, ip_range=self.ip_range, **ends)


class DeleteVlanIpRange(BaseCmd):
    """Takes a range away of which nobody holds an address."""

    roles = ROOT
    response = SuccessResponse

    ip_range = Ref("id", VlanIpRange, access=Access.MODIFY, required=True, help="the range")

    def execute(self):
        manager = PublicRangeManager() if self.ip_range.is_public else VlanIpRangeManager()
        manager.delete(caller=self.caller, ip_range=self.ip_range)


class DedicatePublicIpRange(BaseCmd):
    """Keeps a public range for an account, or for a domain and all beneath it."""

    rest = Rest("vlan-ip-ranges", action="dedicate")
    roles = ROOT
    response = VlanIpRangeResponse

    ip_range = Ref("id", VlanIpRange, access=Access.MODIFY, required=True, help="the range")
    account = Str("account", help="account of domainid; the whole domain if left out")
    domain = Ref("domainid", Domain, required=True, help="the domain")
    project = project_ref("project that the range is for")

    def execute(self):
        return PublicRangeManager().dedicate(
            caller=self.caller,
            ip_range=self.ip_range,
            domain=self.domain,
            account_name=self.account,
            project=self.project,
        )


class ReleasePublicIpRange(BaseCmd):
    """Opens a dedicated public range to everybody."""

    rest = Rest("vlan-ip-ranges", action="release")
    roles = ROOT
    response = SuccessResponse

    ip_range = Ref("id", VlanIpRange, access=Access.MODIFY, required=True, help="the range")

    def execute(self):
        PublicRangeManager().release(caller=self.caller, ip_range=self.ip_range)
