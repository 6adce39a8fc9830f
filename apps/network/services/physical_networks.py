"""Physical networks with their traffic types and providers: the operators' business."""

import itertools
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.services.names import ensure_name
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.models import (
    Network,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VlanIpRange,
    VnetRange,
    VniAllocation,
)
from apps.network.services.addressing import Span
from apps.network.services.guest_vlans import ensure_dedications_stay
from apps.network.services.vnis import HIGHEST_VNI, check_vnet_ranges
from apps.network.states import IsolationMethod, PhysicalNetworkState, TrafficType
from cloudstack.contracts import checks
from cloudstack.contracts.errors import InvalidSpec
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob, dispatch

MAX_RANGES = 50


class PhysicalNetworkManager:
    """Creates, changes and deletes physical networks and what hangs on them."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        zone: Zone,
        name: str,
        vlan: str = "",
        isolation_methods: list[str] | None = None,
        tags: list[str] | None = None,
        network_speed: str = "",
    ) -> tuple[PhysicalNetwork, AsyncJob]:
        """A physical network, ``Disabled``; the job gives it a row for every installed provider."""
        spans = parse_vnet_ranges(vlan)
        check_vnet_ranges(None, zone.pk, spans)
        physical = PhysicalNetwork.objects.create(
            zone=zone,
            name=ensure_name(name, parameter="name", what="a physical network's name"),
            isolation_method=_isolation_method(isolation_methods),
            tags=_joined_tags(tags),
            network_speed=network_speed,
        )
        _store_ranges(physical, spans)
        # The row above points at the zone, so a deletion either sees it or has committed by now.
        if not Zone.objects.filter(pk=zone.pk).exists():
            raise InvalidParameter(f"zone {zone} is deleted", parameter="zoneid")
        return physical, self._submit(
            "network.physical_network.create",
            events.PHYSICAL_NETWORK_CREATE,
            caller,
            physical,
            "creating physical network {}",
        )

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        physical_network: PhysicalNetwork,
        state: str | None = None,
        vlan: str | None = None,
        tags: list[str] | None = None,
        network_speed: str | None = None,
    ) -> AsyncJob:
        """Have the given values changed by a job. Numbers in use must stay within the ranges."""
        changes: dict[str, Any] = {}
        if state is not None:
            changes["state"] = str(PhysicalNetworkState(state))
        if tags is not None:
            changes["tags"] = _joined_tags(tags)
        if network_speed is not None:
            changes["network_speed"] = network_speed
        if vlan is not None:
            spans = parse_vnet_ranges(vlan)
            check_vnet_ranges(physical_network, physical_network.zone_id, spans)
            _check_kept(physical_network, spans)
            changes["vlan"] = vlan
        return self._submit(
            "network.physical_network.update",
            events.PHYSICAL_NETWORK_UPDATE,
            caller,
            physical_network,
            "updating physical network {}",
            changes=changes,
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, physical_network: PhysicalNetwork) -> AsyncJob:
        """Raises ``ResourceInUse`` while guest networks or public addresses are on it."""
        ensure_without_networks(physical_network)
        ensure_without_public_ranges(physical_network)
        return self._submit(
            "network.physical_network.delete",
            events.PHYSICAL_NETWORK_DELETE,
            caller,
            physical_network,
            "deleting physical network {}",
        )

    @transaction.atomic
    def add_traffic_type(
        self, *, caller: Caller, physical_network: PhysicalNetwork, traffic_type: str, kvm_label: str = ""
    ) -> tuple[PhysicalNetworkTrafficType, AsyncJob]:
        """``kvm_label`` is the link of KVM hosts that carries the traffic."""
        try:
            with transaction.atomic():
                row = PhysicalNetworkTrafficType.objects.create(
                    physical_network=physical_network,
                    traffic_type=TrafficType(traffic_type),
                    kvm_label=_checked_label(kvm_label),
                )
        except IntegrityError:
            raise InvalidParameter(
                f"physical network {physical_network} carries {traffic_type} already", parameter="traffictype"
            ) from None
        return row, submit_row(
            "network.traffic_type.add", events.TRAFFIC_TYPE_CREATE, caller, physical_network, row, "adding {} traffic"
        )

    @transaction.atomic
    def update_traffic_type(
        self, *, caller: Caller, traffic_type: PhysicalNetworkTrafficType, kvm_label: str | None = None
    ) -> AsyncJob:
        """Another link for new segments; segments that stand keep theirs until they are made anew."""
        label = None if kvm_label is None else _checked_label(kvm_label)
        return submit_row(
            "network.traffic_type.update",
            events.TRAFFIC_TYPE_UPDATE,
            caller,
            traffic_type.physical_network,
            traffic_type,
            "updating {} traffic",
            kvm_label=label,
        )

    @transaction.atomic
    def delete_traffic_type(self, *, caller: Caller, traffic_type: PhysicalNetworkTrafficType) -> AsyncJob:
        """Raises ``ResourceInUse`` for traffic that guest networks or public addresses need."""
        ensure_not_carrying(traffic_type.physical_network, traffic_type.traffic_type)
        return submit_row(
            "network.traffic_type.delete",
            events.TRAFFIC_TYPE_DELETE,
            caller,
            traffic_type.physical_network,
            traffic_type,
            "removing {} traffic",
        )

    def _submit(
        self, workflow: str, event: str, caller: Caller, physical: PhysicalNetwork, text: str, **arguments: Any
    ) -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"physical_network:{physical.uuid}"],
            resource=physical,
            arguments={"physical_network_uuid": str(physical.uuid), **arguments},
            description=text.format(physical),
            event_type=event,
        )


def submit_row(
    workflow: str,
    event: str,
    caller: Caller,
    physical: PhysicalNetwork,
    row: Any,
    text: str,
    **arguments: Any,
) -> AsyncJob:
    """A job about ``row``, which hangs on ``physical``; one at a time for each physical network."""
    return dispatch(
        workflow,
        caller=caller,
        exclusive=[f"physical_network:{physical.uuid}"],
        resource=row,
        arguments={"physical_network_uuid": str(physical.uuid), "row_uuid": str(row.uuid), **arguments},
        description=text.format(getattr(row, "traffic_type", None) or getattr(row, "name", row)),
        event_type=event,
    )


def apply_changes(physical: PhysicalNetwork, changes: dict[str, Any]) -> None:
    """What ``update`` asked for; in the job's transaction, checked again since the request."""
    changes = dict(changes)
    vlan = changes.pop("vlan", None)
    if vlan is not None:
        PhysicalNetwork.objects.select_for_update(of=("self",)).get(pk=physical.pk)
        spans = parse_vnet_ranges(vlan)
        check_vnet_ranges(physical, physical.zone_id, spans)
        _check_kept(physical, spans)
        physical.vnet_ranges.all().delete()
        _store_ranges(physical, spans)
    if changes:
        PhysicalNetwork.objects.filter(pk=physical.pk).update(**changes)


def ensure_without_networks(physical: PhysicalNetwork) -> None:
    used = Network.objects.filter(physical_network=physical).count()
    if used:
        raise ResourceInUse(f"physical network {physical} carries {used} guest networks; delete them first")


def ensure_without_public_ranges(physical: PhysicalNetwork) -> None:
    used = VlanIpRange.objects.filter(physical_network=physical, network__isnull=True).count()
    if used:
        raise ResourceInUse(f"physical network {physical} has {used} public address ranges; delete them first")


def ensure_not_carrying(physical: PhysicalNetwork, traffic_type: str) -> None:
    """Raises ``ResourceInUse`` while something on ``physical`` needs this kind of traffic."""
    if traffic_type == TrafficType.GUEST:
        ensure_without_networks(physical)
    elif traffic_type == TrafficType.PUBLIC:
        ensure_without_public_ranges(physical)


def parse_vnet_ranges(text: str) -> list[Span]:
    """``5000-5999,7000-7100`` → spans that do not overlap. Raises ``InvalidParameter``."""
    spans: list[Span] = []
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_RANGES:
        raise InvalidParameter(f"vlan names {len(parts)} ranges; at most {MAX_RANGES} are allowed", parameter="vlan")
    for part in parts:
        first, dash, last = part.partition("-")
        numbers = [first.strip(), (last if dash else first).strip()]
        if not all(number.isascii() and number.isdigit() and len(number) <= 8 for number in numbers):
            raise InvalidParameter(f"{part!r} is not a range of numbers such as 5000-5999", parameter="vlan")
        span = Span(int(numbers[0]), int(numbers[1]))
        if not 1 <= span.first <= span.last <= HIGHEST_VNI:
            raise InvalidParameter(f"range {part} does not rise within 1 to {HIGHEST_VNI}", parameter="vlan")
        spans.append(span)
    spans.sort()
    for left, right in itertools.pairwise(spans):
        if right.first <= left.last:
            raise InvalidParameter(
                f"ranges {left.first}-{left.last} and {right.first}-{right.last} overlap", parameter="vlan"
            )
    return spans


def _store_ranges(physical: PhysicalNetwork, spans: list[Span]) -> None:
    VnetRange.objects.bulk_create(
        VnetRange(physical_network=physical, start=span.first, end=span.last) for span in spans
    )


def _check_kept(physical: PhysicalNetwork, spans: list[Span]) -> None:
    """Numbers given out from the present ranges, or kept for accounts, must stay inside the new ones."""
    ensure_dedications_stay(physical, spans)
    used = VniAllocation.objects.filter(physical_network=physical, network__vni_is_fixed=False)
    for span in spans:
        used = used.exclude(vni__gte=span.first, vni__lte=span.last)
    outside = used.select_related("network").first()
    if outside:
        raise ResourceInUse(f"network {outside.network} has number {outside.vni}, which the new ranges leave out")


def _isolation_method(methods: list[str] | None) -> str:
    wanted = [method.strip().upper() for method in methods or [] if method.strip()]
    for method in wanted:
        if method not in IsolationMethod.values:
            raise InvalidParameter(
                f"isolation method {method} is not available; there is {', '.join(IsolationMethod.values)}",
                parameter="isolationmethods",
            )
    return wanted[0] if wanted else str(IsolationMethod.VXLAN)


def _joined_tags(tags: list[str] | None) -> str:
    joined = ",".join(sorted({tag.strip() for tag in tags or [] if tag.strip()}))
    if len(joined) > 255:
        raise InvalidParameter("tags together have at most 255 characters", parameter="tags")
    return joined


def _checked_label(label: str) -> str:
    if label:
        try:
            checks.link("kvmnetworklabel", label)
        except InvalidSpec as error:
            raise InvalidParameter(str(error), parameter="kvmnetworklabel") from None
    return label
