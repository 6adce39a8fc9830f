"""Networks as elements see them."""

from apps.infrastructure.models import Host
from apps.network.models import Network, NetworkHost, NetworkRule, PhysicalNetworkTrafficType
from apps.network.states import TrafficType
from cloudstack.contracts.network import NetworkSpec, RuleKind, RuleSpec


def underlay_of(network: Network) -> str:
    """Link of the hosts that carries guest traffic; empty leaves it to the agent. Read once for each instance."""
    known: str | None = vars(network).get("read_underlay")
    if known is None:
        labels = PhysicalNetworkTrafficType.objects.filter(
            physical_network_id=network.physical_network_id, traffic_type=TrafficType.GUEST
        )
        known = labels.values_list("kvm_label", flat=True).first() or ""
        vars(network)["read_underlay"] = known
    return known


def bridge_on(network: Network, host: Host) -> str:
    """The bridge that the network has on ``host``; empty when it is not known to have one."""
    links = NetworkHost.objects.filter(network=network, host=host)
    return links.values_list("bridge", flat=True).first() or ""


def network_spec(network: Network, host: Host) -> NetworkSpec:
    """The elements' view of ``network`` on ``host``; load it with ``select_related("zone")``."""
    servers = (network.dns1, network.dns2) if network.dns1 else (network.zone.dns1, network.zone.dns2)
    return NetworkSpec(
        uuid=str(network.uuid),
        name=network.name,
        guest_type=network.guest_type,
        vni=network.vni or 0,
        cidr=network.cidr,
        gateway=network.gateway,
        dhcp_server=network.dhcp_server,
        dns=tuple(server for server in servers if server),
        domain=network.network_domain,
        mtu=network.mtu,
        underlay=underlay_of(network),
        bridge=bridge_on(network, host),
    )


def rule_spec(rule: NetworkRule) -> RuleSpec:
    """A rule as elements see it; load it with its address."""
    return RuleSpec(
        uuid=str(rule.uuid),
        kind=RuleKind(rule.kind),
        protocol=rule.protocol,
        public_ip=rule.address.address if rule.address is not None else "",
        start_port=rule.start_port or 0,
        end_port=rule.end_port or 0,
        private_ip=rule.guest_ip,
        private_start_port=rule.private_start_port or 0,
        private_end_port=rule.private_end_port or 0,
        icmp_type=-1 if rule.icmp_type is None else rule.icmp_type,
        icmp_code=-1 if rule.icmp_code is None else rule.icmp_code,
        sources=tuple(rule.sources),
        destinations=tuple(rule.destinations),
    )
