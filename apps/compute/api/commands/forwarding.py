"""Commands that send traffic to machines. They are refused where no network element gives the service."""

from typing import Any

from apps.compute.api.responses.forwarding import ForwardingResponse, IpForwardingResponse
from apps.compute.models import VirtualMachine
from apps.compute.services.guests import guest_behind, guest_in
from apps.network import events
from apps.network.api.commands.firewall import DeleteRuleCmd, RuleCmd, RuleListCmd
from apps.network.models import Network, NetworkRule, PublicIpAddress
from apps.network.services.rules import NetworkRuleManager, check_widths
from apps.network.services.traffic import WITH_PORTS, parse_networks, parse_ports, parse_protocol, parse_traffic
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    Flag,
    Int,
    ListOf,
    Ref,
    Rest,
    Str,
    SuccessResponse,
)
from cloudstack.contracts.network import RuleKind
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


def address_param() -> Any:
    return Ref(
        "ipaddressid",
        PublicIpAddress,
        access=Access.OPERATE,
        required=True,
        select_related=("network__offering", "network__account__domain"),
        help="the public address",
    )


class ListPortForwardingRules(RuleListCmd):
    """Lists which ports of public addresses are sent to which machines."""

    kind = RuleKind.PORT_FORWARDING
    response = ForwardingResponse


class CreatePortForwardingRule(BaseAsyncCreateCmd):
    """Sends ports of a public address to a machine in the network that the address was acquired for."""

    roles = EVERYONE
    response = ForwardingResponse
    event_type = events.NET_RULE_ADD

    address = address_param()
    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    protocol = Str("protocol", required=True, help="tcp or udp")
    public_port = Int("publicport", required=True, help="first port of the address")
    public_end_port = Int("publicendport", help="last port of the address; publicport if left out")
    private_port = Int("privateport", required=True, help="first port of the machine")
    private_end_port = Int("privateendport", help="last port of the machine; as many ports as public ones")
    sources = ListOf("cidrlist", Str, help="where the packets come from; everywhere if left out")
    open_firewall = Flag("openfirewall", default=True, help="whether the firewall, if there is one, lets them through")
    network = Ref("networkid", Network, help="network of the machine; that of the address, if given")
    guest_ip = Str("vmguestip", default="", help="further address of the machine's card; its first one if left out")
    displayed = Flag("fordisplay", default=True, roles=ROOT, help="whether ordinary users see it")

    def execute(self) -> tuple[NetworkRule, AsyncJob]:
        if self.network is not None and self.network.pk != self.address.network_id:
            raise InvalidParameter(
                f"address {self.address} was not acquired for network {self.network}", parameter="networkid"
            )
        first, last = parse_ports(self.public_port, self.public_end_port, "publicport", "publicendport")
        own = parse_ports(self.private_port, self.private_end_port, "privateport", "privateendport")
        if self.private_end_port is None and first is not None and last is not None:
            own = parse_ports(self.private_port, self.private_port + last - first, "privateport", "privateendport")
        traffic = parse_traffic(
            protocol=parse_protocol(self.protocol, WITH_PORTS),
            start_port=first,
            end_port=last,
            sources=self.sources,
        )
        return NetworkRuleManager().forward_ports(
            caller=self.caller,
            address=self.address,
            guest=guest_behind(address=self.address, vm=self.vm, wanted_ip=self.guest_ip),
            traffic=traffic,
            private_ports=(own[0] or 0, own[1] or 0),
            open_firewall=self.open_firewall,
            for_display=self.displayed,
        )


class UpdatePortForwardingRule(RuleCmd):
    """Sends the ports of a rule elsewhere."""

    kind = RuleKind.PORT_FORWARDING
    response = ForwardingResponse
    event_type = events.NET_RULE_MODIFY

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, help="another machine")
    guest_ip = Str("vmguestip", default="", help="another address of the machine's card")
    private_port = Int("privateport", help="first port of the machine")
    private_end_port = Int("privateendport", help="last port of the machine; as many ports as public ones")
    sources = ListOf("cidrlist", Str, help="where the packets come from")
    displayed = Flag("fordisplay", roles=ROOT, help="whether ordinary users see it")

    def execute(self) -> AsyncJob:
        rule = self.found()
        changes: dict[str, Any] = {}
        if self.private_port is not None:
            last = self.private_end_port
            if last is None:
                last = self.private_port + (rule.end_port or 0) - (rule.start_port or 0)
            own = parse_ports(self.private_port, last, "privateport", "privateendport")
            check_widths(rule.start_port, rule.end_port, (own[0] or 0, own[1] or 0))
            changes |= {"private_start_port": own[0], "private_end_port": own[1]}
        if self.vm is not None or self.guest_ip:
            vm = self.vm or VirtualMachine.objects.get(uuid=rule.vm_uuid)
            guest = guest_in(network=rule.network, vm=vm, wanted_ip=self.guest_ip)
            changes |= {"vm_uuid": guest.vm_uuid, "guest_ip": guest.ip}
        if self.sources is not None:
            changes["sources"] = list(parse_networks(self.sources, "cidrlist"))
        if self.displayed is not None:
            changes["for_display"] = self.displayed
        return NetworkRuleManager().update(caller=self.caller, rule=rule, **changes)


class DeletePortForwardingRule(DeleteRuleCmd):
    """Sends ports of a public address to a machine no more."""

    kind = RuleKind.PORT_FORWARDING
    event_type = events.NET_RULE_DELETE


class EnableStaticNat(BaseCmd):
    """Lets a public address stand for a machine in the network that it was acquired for."""

    rest = Rest("public-ip-addresses", action="enable-static-nat", lookup="ipaddressid")
    roles = EVERYONE
    response = SuccessResponse
    event_type = events.STATIC_NAT_ENABLE

    address = address_param()
    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    network = Ref("networkid", Network, help="network of the machine; that of the address, if given")
    guest_ip = Str("vmguestip", default="", help="further address of the machine's card; its first one if left out")

    def execute(self) -> None:
        if self.network is not None and self.network.pk != self.address.network_id:
            raise InvalidParameter(
                f"address {self.address} was not acquired for network {self.network}", parameter="networkid"
            )
        NetworkRuleManager().enable_static_nat(
            caller=self.caller,
            address=self.address,
            guest=guest_behind(address=self.address, vm=self.vm, wanted_ip=self.guest_ip),
        )


class DisableStaticNat(BaseAsyncCmd):
    """Lets a public address stand for no machine; rules on its ports go, too."""

    rest = Rest("public-ip-addresses", action="disable-static-nat", lookup="ipaddressid")
    roles = EVERYONE
    response = SuccessResponse
    event_type = events.STATIC_NAT_DISABLE

    address = address_param()

    def execute(self) -> AsyncJob:
        return NetworkRuleManager().disable_static_nat(caller=self.caller, address=self.address)


class ListIpForwardingRules(RuleListCmd):
    """Lists which ports are let through of public addresses that stand for machines."""

    kind = RuleKind.STATIC_NAT_PORTS
    response = IpForwardingResponse

    vm = Ref("virtualmachineid", VirtualMachine, help="rules of this machine")

    def queryset(self) -> Any:
        rows = super().queryset()
        return rows.filter(vm_uuid=self.vm.uuid) if self.vm is not None else rows


class CreateIpForwardingRule(BaseAsyncCreateCmd):
    """Lets packets to ports of a public address through to the machine that it stands for."""

    roles = EVERYONE
    response = IpForwardingResponse
    event_type = events.NET_RULE_ADD

    address = address_param()
    protocol = Str("protocol", required=True, help="tcp or udp")
    start_port = Int("startport", required=True, help="first port")
    end_port = Int("endport", help="last port; startport if left out")
    sources = ListOf("cidrlist", Str, help="where the packets come from; everywhere if left out")
    open_firewall = Flag("openfirewall", default=True, help="whether the firewall, if there is one, lets them through")

    def execute(self) -> tuple[NetworkRule, AsyncJob]:
        return NetworkRuleManager().open_static_nat(
            caller=self.caller,
            address=self.address,
            traffic=parse_traffic(
                protocol=parse_protocol(self.protocol, WITH_PORTS),
                start_port=self.start_port,
                end_port=self.end_port,
                sources=self.sources,
            ),
            open_firewall=self.open_firewall,
        )


class DeleteIpForwardingRule(DeleteRuleCmd):
    """Lets packets to ports of a public address through no more."""

    kind = RuleKind.STATIC_NAT_PORTS
    event_type = events.NET_RULE_DELETE
