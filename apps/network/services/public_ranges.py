"""Ranges of public addresses of a zone, and for whom they are kept."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Account, Domain
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.models import PhysicalNetwork, PublicIpAddress, VlanIpRange
from apps.network.services.addressing import Span, dotted, parse_network
from apps.network.services.network_plan import parse_range
from apps.network.states import PublicIpState, TrafficType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish

MOST_ADDRESSES = 4096
"""Each public address is a row that is written with its range."""
UNTAGGED = "vlan://untagged"


class PublicRangeManager:
    """Adds, changes, dedicates and removes public ranges."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        zone: Zone | None,
        physical_network: PhysicalNetwork | None = None,
        start_ip: str,
        end_ip: str = "",
        gateway: str = "",
        netmask: str = "",
        vlan: str = "",
        account_name: str | None = None,
        domain: Domain | None = None,
        project: object = None,
        for_system_vms: bool = False,
    ) -> VlanIpRange:
        """Addresses for the accounts of ``zone``, or for one account or domain only."""
        physical = choose_public_network(zone, physical_network)
        for name, given in (("gateway", gateway), ("netmask", netmask)):
            if not given:
                raise InvalidParameter(f"a public range needs gateway and netmask; {name} is missing", parameter=name)
        address, network = parse_network(gateway, netmask)
        span = parse_range(network, address, start_ip, end_ip)
        check_size(span)
        kept_for, kept_in = self._dedicated_to(caller, account_name, domain, project)
        if for_system_vms and kept_in is not None:
            raise InvalidParameter(
                "a range kept for the platform cannot be kept for an account as well", parameter="forsystemvms"
            )
        row = VlanIpRange.objects.create(
            physical_network=physical,
            start_ip=dotted(span.first),
            end_ip=dotted(span.last),
            start_number=span.first,
            end_number=span.last,
            gateway=str(address),
            netmask=str(network.netmask),
            vlan=parse_public_vlan(vlan),
            for_system_vms=for_system_vms,
            dedicated_account=kept_for,
            dedicated_domain=kept_in,
        )
        self._fill(row, [span])
        publish(
            events.VLAN_IP_RANGE_CREATE, caller=caller, resource=row, description=f"public range {row} of zone {zone}"
        )
        return row

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        ip_range: VlanIpRange,
        start_ip: str = "",
        end_ip: str = "",
        gateway: str = "",
        netmask: str = "",
        for_system_vms: bool | None = None,
    ) -> VlanIpRange:
        """Other ends, gateway or use. Addresses that somebody holds must stay inside."""
        row = VlanIpRange.objects.select_for_update(of=("self",)).get(pk=ip_range.pk)
        address, network = parse_network(gateway or row.gateway, netmask or row.netmask)
        span = parse_range(network, address, start_ip or row.start_ip, end_ip or row.end_ip)
        check_size(span)
        kept = row.for_system_vms if for_system_vms is None else for_system_vms
        if kept and row.dedicated_domain_id is not None:
            raise InvalidParameter(f"range {row} is dedicated; release it first", parameter="forsystemvms")
        if kept and not row.for_system_vms:
            refuse_while_held(row, PublicIpAddress.objects.filter(ip_range=row))
        addresses = PublicIpAddress.objects.filter(ip_range=row)
        outside = addresses.exclude(number__gte=span.first, number__lte=span.last)
        # Free ones go first: what is left outside then is somebody's, also if it was taken a moment ago.
        outside.filter(state=PublicIpState.FREE).update(removed=timezone.now())
        refuse_while_held(row, outside)
        old = Span(row.start_number, row.end_number)
        row.start_ip, row.end_ip = dotted(span.first), dotted(span.last)
        row.start_number, row.end_number = span.first, span.last
        row.gateway, row.netmask, row.for_system_vms = str(address), str(network.netmask), kept
        row.save()
        self._fill(row, _beside(span, old))
        publish(events.VLAN_IP_RANGE_UPDATE, caller=caller, resource=row, description=f"public range {row} changed")
        return row

    @transaction.atomic
    def delete(self, *, caller: Caller, ip_range: VlanIpRange) -> None:
        """Raises ``ResourceInUse`` while somebody holds an address of it."""
        VlanIpRange.objects.select_for_update(of=("self",)).get(pk=ip_range.pk)
        addresses = PublicIpAddress.objects.filter(ip_range=ip_range)
        addresses.filter(state=PublicIpState.FREE).update(removed=timezone.now())
        refuse_while_held(ip_range, addresses)
        ip_range.mark_removed()
        publish(
            events.VLAN_IP_RANGE_DELETE,
            caller=caller,
            resource=ip_range,
            description=f"public range {ip_range} removed",
        )

    @transaction.atomic
    def dedicate(
        self,
        *,
        caller: Caller,
        ip_range: VlanIpRange,
        domain: Domain | None,
        account_name: str | None = None,
        project: object = None,
    ) -> VlanIpRange:
        """Keep a public range for an account, or for a domain and all beneath it."""
        row = self._locked_public(ip_range)
        if row.dedicated_domain_id is not None:
            raise ResourceInUse(f"range {row} is dedicated already; release it with releasePublicIpRange first")
        if row.for_system_vms:
            raise InvalidParameter(f"range {row} is kept for the platform", parameter="id")
        account, kept_in = self._dedicated_to(caller, account_name, domain, project)
        if kept_in is None:
            raise InvalidParameter("name the domain that the range is for", parameter="domainid")
        held = PublicIpAddress.objects.filter(ip_range=row).exclude(state=PublicIpState.FREE)
        others = (
            held.exclude(account=account)
            if account is not None
            else held.exclude(domain__path__startswith=kept_in.path)
        )
        refuse_while_held(row, others)
        VlanIpRange.objects.filter(pk=row.pk).update(dedicated_account=account, dedicated_domain=kept_in)
        whom = f"account {account}" if account is not None else f"domain {kept_in}"
        publish(
            events.VLAN_IP_RANGE_DEDICATE,
            caller=caller,
            resource=row,
            description=f"public range {row} dedicated to {whom}",
        )
        return row

    @transaction.atomic
    def release(self, *, caller: Caller, ip_range: VlanIpRange) -> None:
        """Open a dedicated range to everybody; addresses in use stay with their holders."""
        row = self._locked_public(ip_range)
        if row.dedicated_domain_id is None:
            raise InvalidParameter(f"range {row} is not dedicated to anybody", parameter="id")
        VlanIpRange.objects.filter(pk=row.pk).update(dedicated_account=None, dedicated_domain=None)
        publish(
            events.VLAN_IP_RANGE_RELEASE,
            caller=caller,
            resource=row,
            description=f"public range {row} is open to everybody",
        )

    def _locked_public(self, ip_range: VlanIpRange) -> VlanIpRange:
        if not ip_range.is_public:
            raise InvalidParameter(
                f"range {ip_range} belongs to a shared network; only public ranges are dedicated", parameter="id"
            )
        return VlanIpRange.objects.select_for_update(of=("self",)).get(pk=ip_range.pk)

    def _dedicated_to(
        self, caller: Caller, account_name: str | None, domain: Domain | None, project: object
    ) -> tuple[Account | None, Domain | None]:
        if account_name or project:
            owner = resolve_owner(caller, account_name, domain if account_name else None, project=project)
            return owner, owner.domain
        return None, domain

    def _fill(self, row: VlanIpRange, spans: list[Span]) -> None:
        zone_id = row.physical_network.zone_id
        try:
            with transaction.atomic():
                PublicIpAddress.objects.bulk_create(
                    [
                        PublicIpAddress(ip_range=row, zone_id=zone_id, number=number, address=dotted(number))
                        for span in spans
                        for number in range(span.first, span.last + 1)
                    ],
                    batch_size=500,
                )
        except IntegrityError:
            raise InvalidParameter(
                f"the range {row} overlaps{_clash(row, zone_id, spans)} in its zone", parameter="startip"
            ) from None


def choose_public_network(zone: Zone | None, wanted: PhysicalNetwork | None) -> PhysicalNetwork:
    """The physical network that carries public traffic. Raises ``InvalidParameter`` when there is none."""
    if zone is None and wanted is None:
        raise InvalidParameter(
            "name the zone that a public range is for, or the network that gets more addresses", parameter="zoneid"
        )
    if zone is not None and wanted is not None and wanted.zone_id != zone.pk:
        raise InvalidParameter(f"physical network {wanted} is not in zone {zone}", parameter="physicalnetworkid")
    rows = PhysicalNetwork.objects.filter(
        traffic_types__traffic_type=TrafficType.PUBLIC, traffic_types__removed__isnull=True
    ).order_by("pk")
    row = rows.filter(pk=wanted.pk).first() if wanted is not None else rows.filter(zone=zone).first()
    if row is None:
        where = f"physical network {wanted} carries" if wanted is not None else f"no physical network of {zone} carries"
        raise InvalidParameter(
            f"{where} {'no ' if wanted is not None else ''}Public traffic; add it with addTrafficType",
            parameter="physicalnetworkid",
        )
    return row


def parse_public_vlan(text: str) -> str:
    """``untagged``, ``100`` or ``vlan://100`` → how a public segment is written."""
    given = text.strip().lower().removeprefix("vlan://")
    if given in ("", "untagged"):
        return UNTAGGED
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= 4094):
        raise InvalidParameter(f"vlan {text!r} is neither untagged nor a number from 1 to 4094", parameter="vlan")
    return f"vlan://{int(given)}"


def check_size(span: Span) -> None:
    if len(span) > MOST_ADDRESSES:
        raise InvalidParameter(
            f"{len(span)} addresses are more than a public range can have ({MOST_ADDRESSES}); add several ranges",
            parameter="endip",
        )


def refuse_while_held(ip_range: VlanIpRange, rows: QuerySet[PublicIpAddress]) -> None:
    held = rows.exclude(state=PublicIpState.FREE).order_by("number")
    first = held.first()
    if first is not None:
        raise ResourceInUse(f"{held.count()} addresses of range {ip_range} are in use, {first} among them")


def _beside(new: Span, old: Span) -> list[Span]:
    """The parts of ``new`` that ``old`` does not have."""
    parts = [Span(new.first, min(new.last, old.first - 1)), Span(max(new.first, old.last + 1), new.last)]
    if old.last < new.first or new.last < old.first:
        return [new]
    return [part for part in parts if len(part)]


def _clash(row: VlanIpRange, zone_id: int, spans: list[Span]) -> str:
    for span in spans:
        other = (
            PublicIpAddress.objects.select_related("ip_range")
            .filter(zone=zone_id, number__gte=span.first, number__lte=span.last)
            .exclude(ip_range=row)
            .first()
        )
        if other is not None:
            return f" {other.ip_range}"
    return " another one"
