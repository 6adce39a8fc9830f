"""Numbers of guest networks that are kept for one account, and which of them a network may get."""

from django.db import transaction

from apps.accounts.models import Domain
from apps.accounts.services.ownership import resolve_owner
from apps.network import events
from apps.network.config import USE_SYSTEM_GUEST_VLANS
from apps.network.models import GuestVlanRange, Network, PhysicalNetwork, VniAllocation
from apps.network.services.addressing import Span, minus
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch


class GuestVlanRangeManager:
    """Keeps numbers of a physical network for accounts."""

    @transaction.atomic
    def dedicate(
        self,
        *,
        caller: Caller,
        physical_network: PhysicalNetwork,
        text: str,
        account_name: str | None = None,
        domain: Domain | None = None,
        project: object = None,
    ) -> GuestVlanRange:
        """Keep the numbers of ``text`` (``5000-5099``) for an account.

        Raises ``InvalidParameter`` for numbers that the physical network does not have or keeps for somebody, and
        ``ResourceInUse`` when a network of another account has one of them.
        """
        if not (account_name or project):
            raise InvalidParameter("name the account or project that the numbers are for", parameter="account")
        owner = resolve_owner(caller, account_name, domain, project=project)
        span = _parse(text)
        # One at a time per physical network; its ranges are changed under the same lock.
        physical = PhysicalNetwork.objects.select_for_update(of=("self",)).get(pk=physical_network.pk)
        if minus([span], own_spans(physical)):
            has = ", ".join(f"{one.first}-{one.last}" for one in own_spans(physical)) or "none"
            raise InvalidParameter(
                f"vlanrange {text} is not within the numbers of physical network {physical}: {has}",
                parameter="vlanrange",
            )
        clash = GuestVlanRange.objects.filter(
            physical_network=physical, start__lte=span.last, end__gte=span.first
        ).first()
        if clash is not None:
            raise InvalidParameter(
                f"vlanrange {text} overlaps {clash}, which is kept for account {clash.account}", parameter="vlanrange"
            )
        used = VniAllocation.objects.filter(zone_id=physical.zone_id, vni__gte=span.first, vni__lte=span.last).exclude(
            network__account=owner
        )
        taken = used.select_related("network").first()
        if taken is not None:
            raise ResourceInUse(f"network {taken.network} of another account has number {taken.vni}")
        row = GuestVlanRange.objects.create(
            physical_network=physical, start=span.first, end=span.last, account=owner, domain=owner.domain
        )
        publish(
            events.GUEST_VLAN_RANGE_DEDICATE,
            caller=caller,
            resource=row,
            description=f"numbers {row} of physical network {physical} kept for account {owner}",
        )
        return row

    @transaction.atomic
    def release(self, *, caller: Caller, vlan_range: GuestVlanRange) -> AsyncJob:
        """Have the numbers opened to everybody; networks that have one keep it."""
        physical = vlan_range.physical_network
        return dispatch(
            "network.guest_vlan_range.release",
            caller=caller,
            exclusive=[f"physical_network:{physical.uuid}"],
            resource=vlan_range,
            arguments={"range_uuid": str(vlan_range.uuid)},
            description=f"releasing numbers {vlan_range} of physical network {physical}",
            event_type=events.GUEST_VLAN_RANGE_RELEASE,
        )


def own_spans(physical: PhysicalNetwork) -> list[Span]:
    return [Span(start, end) for start, end in physical.vnet_ranges.values_list("start", "end")]


def spans_for(network: Network) -> list[list[Span]]:
    """Numbers that ``network`` may get, the preferred ones first: those kept for its account, then the common ones.

    With ``use.system.guest.vlans`` off an account that has some kept for it gets no others.
    """
    physical = network.physical_network
    kept: dict[bool, list[Span]] = {True: [], False: []}
    for account_id, start, end in physical.dedicated_ranges(manager="objects").values_list("account", "start", "end"):
        kept[account_id == network.account_id].append(Span(start, end))
    common = minus(own_spans(physical), [*kept[True], *kept[False]])
    if not kept[True]:
        return [common]
    if USE_SYSTEM_GUEST_VLANS.value(network.account.uuid):
        return [sorted(kept[True]), common]
    return [sorted(kept[True])]


def ensure_not_kept_for_others(network: Network, number: int) -> None:
    """Raises ``InvalidParameter`` when ``number`` is dedicated to another account than the network's."""
    row = (
        GuestVlanRange.objects.filter(physical_network__zone=network.zone_id, start__lte=number, end__gte=number)
        .exclude(account=network.account_id)
        .first()
    )
    if row is not None:
        raise InvalidParameter(f"vlan {number} is kept for account {row.account}; name another one", parameter="vlan")


def ensure_dedications_stay(physical: PhysicalNetwork, spans: list[Span]) -> None:
    """Raises ``ResourceInUse`` when new ranges of numbers leave out some that are kept for an account."""
    for row in physical.dedicated_ranges(manager="objects").select_related("account"):
        if minus([Span(row.start, row.end)], spans):
            raise ResourceInUse(
                f"numbers {row} are kept for account {row.account}, and the new ranges leave some of them out"
            )


def _parse(text: str) -> Span:
    first, dash, last = text.partition("-")
    numbers = [first.strip(), (last if dash else first).strip()]
    if not all(number.isascii() and number.isdigit() and len(number) <= 8 for number in numbers):
        raise InvalidParameter(f"vlanrange {text!r} is not a range of numbers such as 5000-5099", parameter="vlanrange")
    span = Span(int(numbers[0]), int(numbers[1]))
    if not len(span):
        raise InvalidParameter(f"vlanrange {text} does not rise", parameter="vlanrange")
    return span
