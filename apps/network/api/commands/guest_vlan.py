"""Commands on numbers of guest networks."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.accounts.api.owner import project_ref
from apps.accounts.models import AccountType, Domain
from apps.accounts.models.domain import shown_path
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.api.responses.guest_vlan import GuestVlanRangeResponse, GuestVlanResponse
from apps.network.api.responses.network import NetworkResponse
from apps.network.models import GuestVlanRange, Network, PhysicalNetwork, VnetRange, VniAllocation
from apps.network.selectors import guest_vlan_ranges_visible_to, physical_networks_visible_to
from apps.network.services.guest_vlans import GuestVlanRangeManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseCmd, BaseListCmd, Flag, Ref, Str, SuccessResponse
from cloudstack.api.dates import format_date
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter


class DedicateGuestVlanRange(BaseCmd):
    """Keeps numbers of a physical network for the networks of one account."""

    roles = ROOT
    response = GuestVlanRangeResponse

    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, access=Access.MODIFY, required=True, help="the physical network"
    )
    vlan_range = Str("vlanrange", required=True, help="first and last number, such as 5000-5099")
    account = Str("account", help="the account, of domainid or else of your domain")
    domain = Ref("domainid", Domain, help="domain of account")
    project = project_ref("project that they are for")

    def execute(self):
        return GuestVlanRangeManager().dedicate(
            caller=self.caller,
            physical_network=self.physical_network,
            text=self.vlan_range,
            account_name=self.account,
            domain=self.domain,
            project=self.project,
        )


class ListDedicatedGuestVlanRanges(BaseListCmd):
    """Lists numbers that are kept for accounts."""

    roles = ROOT
    response = GuestVlanRangeResponse
    keyword_fields = ("account__name",)

    account = Str("account", help="those of this account of domainid, or else of your domain")
    domain = Ref("domainid", Domain, lookup="domain", help="those of accounts of this domain")
    project = project_ref("those of this project")
    vlan_range = Str("guestvlanrange", help="this range, such as 5000-5099")
    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, lookup="physical_network", help="those of this physical network"
    )
    zone = Ref("zoneid", Zone, lookup="physical_network__zone", help="those of this zone")

    def queryset(self):
        rows = guest_vlan_ranges_visible_to(caller=self.caller)
        if self.account or self.project:
            rows = rows.filter(account=resolve_owner(self.caller, self.account, self.domain, project=self.project))
        if self.vlan_range:
            first, _, last = self.vlan_range.partition("-")
            if not (first.isdigit() and (last or first).isdigit() and max(len(first), len(last)) <= 8):
                raise InvalidParameter(
                    f"guestvlanrange {self.vlan_range!r} is not a range of numbers such as 5000-5099",
                    parameter="guestvlanrange",
                )
            rows = rows.filter(start=int(first), end=int(last or first))
        return rows


class ReleaseDedicatedGuestVlanRange(BaseAsyncCmd):
    """Opens numbers that were kept for an account to everybody. Networks that have one keep it."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.GUEST_VLAN_RANGE_RELEASE

    vlan_range = Ref(
        "id",
        GuestVlanRange,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network", "account"),
        help="the range",
    )

    def execute(self):
        return GuestVlanRangeManager().release(caller=self.caller, vlan_range=self.vlan_range)


class ListGuestVlans(BaseListCmd):
    """Lists numbers of physical networks, with the networks that have them; free ones, too."""

    roles = ROOT
    response = GuestVlanResponse
    since = "4.17.0"
    id_filter = ids_filter = keyword = after = None

    zone = Ref("zoneid", Zone, help="those of this zone")
    physical_network = Ref("physicalnetworkid", PhysicalNetwork, help="those of this physical network")
    number = Str("vnet", help="this number")
    allocated_only = Flag("allocatedonly", default=False, help="only numbers that a network has")

    def execute(self) -> Page:
        offset, limit = self.window()
        physical = physical_networks_visible_to(caller=self.caller).select_related("zone")
        if self.zone is not None:
            physical = physical.filter(zone=self.zone)
        if self.physical_network is not None:
            physical = physical.filter(pk=self.physical_network.pk)
        if self.number and not (self.number.isascii() and self.number.isdigit() and len(self.number) <= 8):
            raise InvalidParameter(f"vnet {self.number!r} is not a number such as 5001", parameter="vnet")
        networks = {row.pk: row for row in physical}
        if self.allocated_only:
            rows = VniAllocation.objects.filter(physical_network__in=networks).order_by("physical_network", "vni")
            if self.number:
                rows = rows.filter(vni=int(self.number))
            count = rows.count()
            wanted = list(rows.values_list("physical_network", "vni")[offset : offset + limit])
        else:
            count, wanted = self._of_ranges(networks, offset, limit)
        omit = self._not_asked_for()
        bodies = [
            {wire: value for wire, value in body.items() if wire not in omit} for body in self._bodies(networks, wanted)
        ]
        return Page(bodies, count if wanted else 0)

    def _of_ranges(self, networks: Mapping[int, Any], offset: int, limit: int) -> tuple[int, list[tuple[int, int]]]:
        """The number of all numbers, and the page of them: ranges are not written out, there may be millions."""
        ranges = VnetRange.objects.filter(physical_network__in=networks).order_by("physical_network", "start")
        spans = list(ranges.values_list("physical_network", "start", "end"))
        if self.number:
            one = int(self.number)
            spans = [(key, one, one) for key, start, end in spans if start <= one <= end]
        count = sum(end - start + 1 for _, start, end in spans)
        wanted: list[tuple[int, int]] = []
        for key, start, end in spans:
            size = end - start + 1
            if offset >= size:
                offset -= size
                continue
            last = min(end, start + offset + limit - len(wanted) - 1)
            wanted += [(key, number) for number in range(start + offset, last + 1)]
            offset = 0
            if len(wanted) >= limit:
                break
        return count, wanted

    def _bodies(self, physical: Mapping[int, Any], wanted: list[tuple[int, int]]) -> list[dict[str, Any]]:
        held = {
            (row.physical_network_id, row.vni): row
            for row in VniAllocation.objects.filter(
                physical_network__in={key for key, _ in wanted}, vni__in={number for _, number in wanted}
            ).select_related("network__account__domain", "network__account__project")
        }
        pairs = NetworkResponse.render_with(
            Network.all_objects.filter(pk__in=[row.network_id for row in held.values()]), ("pk",), caller=self.caller
        )
        shown = {key: body for (key,), body in pairs}
        kept = list(
            GuestVlanRange.objects.filter(physical_network__in=physical).select_related(
                "account__domain", "account__project"
            )
        )
        return [dict(self._body(physical[key], number, held.get((key, number)), shown, kept)) for key, number in wanted]

    def _body(
        self,
        physical: Any,
        number: int,
        row: VniAllocation | None,
        shown: Mapping[int, dict[str, Any]],
        kept: list[GuestVlanRange],
    ) -> Iterator[tuple[str, Any]]:
        dedicated = next(
            (one for one in kept if one.physical_network_id == physical.pk and one.start <= number <= one.end), None
        )
        yield "vlan", str(number)
        yield "allocationstate", "Free" if row is None else "Allocated"
        yield "isdedicated", dedicated is not None
        owner = dedicated.account if dedicated is not None else row.network.account if row is not None else None
        if owner is not None:
            if owner.type == AccountType.PROJECT:
                yield "projectid", str(owner.project.uuid)
                yield "project", owner.project.name
            else:
                yield "account", owner.name
            yield "domainid", str(owner.domain.uuid)
            yield "domain", owner.domain.name
            yield "domainpath", shown_path(owner.domain.path)
        yield "zoneid", str(physical.zone.uuid)
        yield "zonename", physical.zone.name
        yield "physicalnetworkid", str(physical.uuid)
        yield "physicalnetworkname", physical.name
        if row is not None:
            yield "taken", format_date(row.created)
            yield "network", [shown[row.network_id]]
