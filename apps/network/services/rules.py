"""Rules of networks: intent. An element that gives the service is told of them by the workflows."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.network import events
from apps.network.models import Network, NetworkRule, PublicIpAddress
from apps.network.services.elements import services_of, taker_of
from apps.network.services.traffic import Traffic
from apps.network.states import RULE_TRANSITIONAL, RULE_TRANSITIONS, NetworkState, PublicIpState, RuleState
from cloudstack.contracts.network import SERVICE_OF_RULE, RuleKind
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, NetworkRuleConflict, ResourceInUse
from cloudstack.framework.fsm import StateMachine
from cloudstack.framework.jobs import AsyncJob, dispatch

RULE_FSM = StateMachine(RULE_TRANSITIONS, transitional=RULE_TRANSITIONAL)
ADDED = {
    RuleKind.FIREWALL: events.FIREWALL_OPEN,
    RuleKind.EGRESS: events.FIREWALL_EGRESS_OPEN,
    RuleKind.PORT_FORWARDING: events.NET_RULE_ADD,
    RuleKind.STATIC_NAT_PORTS: events.NET_RULE_ADD,
    RuleKind.STATIC_NAT: events.STATIC_NAT_ENABLE,
}
CHANGED = {
    RuleKind.FIREWALL: events.FIREWALL_UPDATE,
    RuleKind.EGRESS: events.FIREWALL_EGRESS_UPDATE,
    RuleKind.PORT_FORWARDING: events.NET_RULE_MODIFY,
}
REMOVED = {
    RuleKind.FIREWALL: events.FIREWALL_CLOSE,
    RuleKind.EGRESS: events.FIREWALL_EGRESS_CLOSE,
    RuleKind.PORT_FORWARDING: events.NET_RULE_DELETE,
    RuleKind.STATIC_NAT_PORTS: events.NET_RULE_DELETE,
    RuleKind.STATIC_NAT: events.STATIC_NAT_DISABLE,
}


@dataclass(frozen=True, kw_only=True)
class Guest:
    """The machine that traffic is sent to, with its address in the network; the app of machines has checked both."""

    vm_uuid: UUID
    ip: str


class NetworkRuleManager:
    """Adds, changes and takes away rules. All rules of a network change one after the other."""

    @transaction.atomic
    def open_firewall(
        self, *, caller: Caller, address: PublicIpAddress, traffic: Traffic, for_display: bool = True
    ) -> tuple[NetworkRule, AsyncJob]:
        """Let some traffic reach a public address."""
        network = self._network_of(address, RuleKind.FIREWALL)
        rule = self._create(RuleKind.FIREWALL, network, address, traffic, for_display=for_display)
        return rule, self._added(caller, network, [rule])

    @transaction.atomic
    def add_egress(
        self, *, caller: Caller, network: Network, traffic: Traffic, for_display: bool = True
    ) -> tuple[NetworkRule, AsyncJob]:
        """Make an exception from a network's default policy on traffic out of it."""
        ensure_given(network, RuleKind.EGRESS)
        self._lock(network)
        rule = self._create(RuleKind.EGRESS, network, None, traffic, for_display=for_display)
        return rule, self._added(caller, network, [rule])

    @transaction.atomic
    def forward_ports(
        self,
        *,
        caller: Caller,
        address: PublicIpAddress,
        guest: Guest,
        traffic: Traffic,
        private_ports: tuple[int, int],
        open_firewall: bool = True,
        for_display: bool = True,
    ) -> tuple[NetworkRule, AsyncJob]:
        """Send ports of a public address to as many ports of a guest."""
        network = self._network_of(address, RuleKind.PORT_FORWARDING)
        check_widths(traffic.start_port, traffic.end_port, private_ports)
        live = self._live(address)
        if live.filter(kind=RuleKind.STATIC_NAT).exists():
            raise NetworkRuleConflict(f"address {address} stands for a machine already; see disableStaticNat")
        rule = self._create(
            RuleKind.PORT_FORWARDING,
            network,
            address,
            traffic,
            for_display=for_display,
            private_start_port=private_ports[0],
            private_end_port=private_ports[1],
            vm_uuid=guest.vm_uuid,
            guest_ip=guest.ip,
        )
        return rule, self._added(caller, network, [rule, *self._opening(rule, open_firewall)])

    @transaction.atomic
    def enable_static_nat(self, *, caller: Caller, address: PublicIpAddress, guest: Guest) -> AsyncJob:
        """Let a public address stand for a guest."""
        network = self._network_of(address, RuleKind.STATIC_NAT)
        other = self._live(address).exclude(kind=RuleKind.FIREWALL).first()
        if other is not None:
            raise NetworkRuleConflict(f"address {address} has the rule {other} already; delete it first")
        traffic = Traffic(protocol="all")
        rule = self._create(RuleKind.STATIC_NAT, network, address, traffic, vm_uuid=guest.vm_uuid, guest_ip=guest.ip)
        return self._added(caller, network, [rule])

    @transaction.atomic
    def disable_static_nat(self, *, caller: Caller, address: PublicIpAddress) -> AsyncJob:
        """Let the address stand for nobody; rules on its ports go, too."""
        rules = list(self._live(address).filter(kind__in=(RuleKind.STATIC_NAT, RuleKind.STATIC_NAT_PORTS)))
        if not rules:
            raise InvalidParameter(f"address {address} stands for no machine", parameter="ipaddressid")
        return _revoke(caller, rules)

    @transaction.atomic
    def open_static_nat(
        self, *, caller: Caller, address: PublicIpAddress, traffic: Traffic, open_firewall: bool = True
    ) -> tuple[NetworkRule, AsyncJob]:
        """Let packets to some ports of an address through to the guest that it stands for."""
        network = self._network_of(address, RuleKind.STATIC_NAT_PORTS)
        nat = self._live(address).filter(kind=RuleKind.STATIC_NAT).first()
        if nat is None:
            raise InvalidParameter(
                f"address {address} stands for no machine; see enableStaticNat", parameter="ipaddressid"
            )
        rule = self._create(
            RuleKind.STATIC_NAT_PORTS, network, address, traffic, vm_uuid=nat.vm_uuid, guest_ip=nat.guest_ip
        )
        return rule, self._added(caller, network, [rule, *self._opening(rule, open_firewall)])

    @transaction.atomic
    def update(self, *, caller: Caller, rule: NetworkRule, **changes: Any) -> AsyncJob:
        """Have columns of a rule changed and its element told; on failure they are as they were."""
        self._expect_active(rule)
        before = {name: getattr(rule, name) for name in changes}
        return _dispatch(
            "network.rules.update",
            caller,
            rule.network,
            [rule],
            CHANGED[RuleKind(rule.kind)],
            f"changing rule {rule}",
            changes={name: _plain(value) for name, value in changes.items()},
            before={name: _plain(value) for name, value in before.items()},
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, rule: NetworkRule) -> AsyncJob:
        """Have a rule taken away, and the opening of the firewall that came with it."""
        self._expect_active(rule)
        return _revoke(caller, [rule, *rule.openings(manager="objects").filter(state=RuleState.ACTIVE)])

    def _network_of(self, address: PublicIpAddress, kind: RuleKind) -> Network:
        """The network that the address was acquired for, locked, of which an element gives the service."""
        network = address.network
        if network is None:
            raise InvalidParameter(
                f"address {address} was acquired for no network; associateIpAddress with networkid gives one that is",
                parameter="ipaddressid",
            )
        ensure_given(network, kind)
        if address.state != PublicIpState.ALLOCATED:
            raise InvalidParameter(f"address {address} is {address.state}, not Allocated", parameter="ipaddressid")
        self._lock(network)
        return network

    def _lock(self, network: Network) -> None:
        row = Network.objects.select_for_update(of=("self",), no_key=True).filter(pk=network.pk).first()
        if row is None or row.state == NetworkState.DESTROY:
            raise InvalidParameter(f"network {network} is being deleted", parameter="networkid")

    def _live(self, address: PublicIpAddress) -> QuerySet[NetworkRule]:
        return NetworkRule.objects.filter(address=address)

    def _create(
        self, kind: RuleKind, network: Network, address: PublicIpAddress | None, traffic: Traffic, **columns: Any
    ) -> NetworkRule:
        rule = NetworkRule(
            kind=kind,
            network=network,
            address=address,
            account=network.account,
            domain=network.domain,
            **traffic.columns(),
            **columns,
        )
        clash = _clash(rule)
        if clash is not None:
            raise NetworkRuleConflict(f"the rule {clash} of network {network} stands in the way of {rule}")
        rule.save(force_insert=True)
        return rule

    def _opening(self, rule: NetworkRule, wanted: bool) -> list[NetworkRule]:
        """A rule that lets the forwarded traffic through the firewall, if there is one and none does yet."""
        if not wanted or not taker_of(rule.network, SERVICE_OF_RULE[RuleKind.FIREWALL]):
            return []
        opening = NetworkRule(
            kind=RuleKind.FIREWALL,
            network=rule.network,
            address=rule.address,
            account=rule.account,
            domain=rule.domain,
            protocol=rule.protocol,
            start_port=rule.start_port,
            end_port=rule.end_port,
            sources=rule.sources,
            opened_for=rule,
        )
        if _clash(opening) is not None:
            return []
        opening.save(force_insert=True)
        return [opening]

    def _expect_active(self, rule: NetworkRule) -> None:
        if rule.state != RuleState.ACTIVE:
            raise ResourceInUse(f"rule {rule} is in state {rule.state}; wait for its job")

    def _added(self, caller: Caller, network: Network, rules: list[NetworkRule]) -> AsyncJob:
        first = rules[0]
        return _dispatch(
            "network.rules.add", caller, network, rules, ADDED[RuleKind(first.kind)], f"adding rule {first}"
        )


def revoke_all(rules: QuerySet[NetworkRule], *, caller: Caller | None = None) -> None:
    """Take away whatever of ``rules`` holds, in the running transaction; those on their way in never arrive."""
    for rule in rules.filter(state=RuleState.ADD):
        rule.mark_removed()
    by_network: dict[int, list[NetworkRule]] = {}
    for rule in rules.filter(state=RuleState.ACTIVE).select_related("network", "address").order_by("pk"):
        by_network.setdefault(rule.network_id, []).append(rule)
    for found in by_network.values():
        _revoke(caller, found)


def _revoke(caller: Caller | None, rules: list[NetworkRule]) -> AsyncJob:
    for rule in rules:
        RULE_FSM.fire(rule, "revoke")
    first = rules[0]
    return _dispatch(
        "network.rules.remove",
        caller,
        first.network,
        rules,
        REMOVED[RuleKind(first.kind)],
        f"taking away rule {first}",
    )


def _dispatch(
    workflow: str,
    caller: Caller | None,
    network: Network,
    rules: list[NetworkRule],
    event: str,
    text: str,
    **arguments: Any,
) -> AsyncJob:
    return dispatch(
        workflow,
        caller=caller,
        exclusive=[rules_lock(network)],
        shared=[f"network:{network.uuid}"],
        resource=rules[0],
        arguments={
            "network_uuid": str(network.uuid),
            "rules": [str(rule.uuid) for rule in rules],
            **arguments,
        },
        description=text,
        event_type=event,
    )


def rules_lock(network: Network) -> str:
    """Name of the lock under which the rules of ``network`` change."""
    return f"rules:{network.uuid}"


def ensure_given(network: Network, kind: RuleKind) -> None:
    """Raises ``InvalidParameter`` naming the service that no element gives in ``network``."""
    service = SERVICE_OF_RULE[kind]
    if taker_of(network, service):
        return
    offered = any(str(service) in services for services in services_of(network.offering).values())
    why = "its provider takes no rules" if offered else f"its offering {network.offering} has none"
    raise InvalidParameter(
        f"network {network} has no service {service}: {why}",
        parameter="networkid" if kind == RuleKind.EGRESS else "ipaddressid",
        remedy=f"a network of an offering with {service}, which a network element must give",
    )


def ensure_without_rules(*, vm_uuid: UUID, addresses: Collection[str]) -> None:
    """Raises ``ResourceInUse`` while traffic is sent to one of the ``addresses`` of a machine."""
    rule = NetworkRule.objects.filter(vm_uuid=vm_uuid, guest_ip__in=addresses).select_related("address").first()
    if rule is not None:
        raise ResourceInUse(f"the rule {rule} sends traffic to {rule.guest_ip}; delete it first")


def ensure_rules_stay(network: Network, services: Collection[str]) -> None:
    """Raises ``InvalidParameter`` when ``services`` lack one that a rule of ``network`` is of."""
    for rule in NetworkRule.objects.filter(network=network).select_related("address", "network"):
        service = str(SERVICE_OF_RULE[RuleKind(rule.kind)])
        if service not in services:
            raise InvalidParameter(
                f"network {network} has the rule {rule}, and the offering has no {service}: delete the rule first",
                parameter="networkofferingid",
            )


def check_widths(start: int | None, end: int | None, private: tuple[int, int]) -> None:
    """As many private ports as public ones."""
    if start is None or end is None:
        raise InvalidParameter("name the public port", parameter="publicport")
    if end - start != private[1] - private[0]:
        raise InvalidParameter(
            f"{end - start + 1} public ports cannot be sent to {private[1] - private[0] + 1} private ones",
            parameter="privateendport",
        )


def _clash(rule: NetworkRule) -> NetworkRule | None:
    """A live rule that takes the same ports, or that says the same."""
    others = NetworkRule.objects.filter(network=rule.network, address=rule.address, protocol=rule.protocol)
    if rule.kind in (RuleKind.PORT_FORWARDING, RuleKind.STATIC_NAT_PORTS):
        return (
            others.filter(kind=rule.kind, start_port__lte=rule.end_port, end_port__gte=rule.start_port)
            .select_related("address", "network")
            .first()
        )
    same = others.filter(
        Q(start_port=rule.start_port) if rule.start_port is not None else Q(start_port__isnull=True),
        Q(end_port=rule.end_port) if rule.end_port is not None else Q(end_port__isnull=True),
        Q(icmp_type=rule.icmp_type) if rule.icmp_type is not None else Q(icmp_type__isnull=True),
        Q(icmp_code=rule.icmp_code) if rule.icmp_code is not None else Q(icmp_code__isnull=True),
        kind=rule.kind,
    )
    wanted = (sorted(rule.sources), sorted(rule.destinations))
    for other in same.select_related("address", "network"):
        if (sorted(other.sources), sorted(other.destinations)) == wanted:
            return other
    return None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
