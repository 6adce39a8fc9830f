"""Commands on rules of firewalls. They are refused where no network element gives the service Firewall."""

from apps.accounts.api.attached import TagFilter
from apps.accounts.api.listing import AccountScopedListCmd
from apps.network import events
from apps.network.api.responses.rule import FirewallResponse
from apps.network.models import Network, NetworkRule, PublicIpAddress
from apps.network.services.rules import NetworkRuleManager
from apps.network.services.traffic import parse_traffic
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    Flag,
    Int,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
    entity_for,
)
from cloudstack.contracts.network import RuleKind

WITH_OWNER = ("network__offering", "network__account__domain", "address")


class RuleListCmd(TagFilter, AccountScopedListCmd):
    """Base of lists of rules; subclasses say of which kind."""

    abstract = True
    roles = EVERYONE
    response = FirewallResponse
    keyword_fields = ("protocol", "address__address", "guest_ip")
    kind: RuleKind

    address = Ref("ipaddressid", PublicIpAddress, lookup="address", help="rules of this public address")
    network = Ref("networkid", Network, lookup="network", help="rules of this network")
    displayed = Flag("fordisplay", lookup="for_display", roles=ROOT, help="whether ordinary users see them")

    def queryset(self):
        rows = self.owned(NetworkRule.objects.filter(kind=self.kind))
        return rows if self.caller.is_root_admin else rows.filter(for_display=True)


class RuleCmd(BaseAsyncCmd):
    """Base of commands on one rule; another kind of rule is unknown to them."""

    abstract = True
    roles = EVERYONE
    response = SuccessResponse
    kind: RuleKind

    rule = Ref("id", NetworkRule, access=Access.OPERATE, required=True, select_related=WITH_OWNER, help="the rule")

    def found(self) -> NetworkRule:
        if self.rule.kind != self.kind:
            raise entity_for(NetworkRule).unknown(str(self.rule.uuid), "id")
        return self.rule


class DeleteRuleCmd(RuleCmd):
    """Base of commands that take a rule away."""

    abstract = True

    def execute(self):
        return NetworkRuleManager().delete(caller=self.caller, rule=self.found())


class ShowRuleCmd(RuleCmd):
    """Base of commands that show a rule to ordinary users, or hide it."""

    abstract = True
    response = FirewallResponse

    displayed = Flag("fordisplay", roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        changes = {} if self.displayed is None else {"for_display": self.displayed}
        return NetworkRuleManager().update(caller=self.caller, rule=self.found(), **changes)


class ListFirewallRules(RuleListCmd):
    """Lists what may reach public addresses."""

    kind = RuleKind.FIREWALL


class CreateFirewallRule(BaseAsyncCreateCmd):
    """Lets some traffic reach a public address."""

    roles = EVERYONE
    response = FirewallResponse
    event_type = events.FIREWALL_OPEN

    address = Ref(
        "ipaddressid",
        PublicIpAddress,
        access=Access.OPERATE,
        required=True,
        select_related=("network__offering", "network__account__domain"),
        help="the public address",
    )
    protocol = Str("protocol", required=True, help="tcp, udp, icmp, all or the number of a protocol")
    start_port = Int("startport", help="first port; all if left out")
    end_port = Int("endport", help="last port; startport if left out")
    icmp_type = Int("icmptype", help="type of ICMP; -1 or left out for any")
    icmp_code = Int("icmpcode", help="code of ICMP; -1 or left out for any")
    sources = ListOf("cidrlist", Str, help="where the packets come from; everywhere if left out")
    purpose = Str("type", help="decides nothing: rules of the platform itself do not exist")
    displayed = Flag("fordisplay", default=True, roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        return NetworkRuleManager().open_firewall(
            caller=self.caller,
            address=self.address,
            traffic=parse_traffic(
                protocol=self.protocol,
                start_port=self.start_port,
                end_port=self.end_port,
                icmp_type=self.icmp_type,
                icmp_code=self.icmp_code,
                sources=self.sources,
            ),
            for_display=self.displayed,
        )


class UpdateFirewallRule(ShowRuleCmd):
    """Shows a rule to ordinary users, or hides it from them."""

    kind = RuleKind.FIREWALL
    event_type = events.FIREWALL_UPDATE


class DeleteFirewallRule(DeleteRuleCmd):
    """Closes a public address to some traffic."""

    kind = RuleKind.FIREWALL
    event_type = events.FIREWALL_CLOSE


class ListEgressFirewallRules(RuleListCmd):
    """Lists exceptions from the default policies on traffic out of networks."""

    kind = RuleKind.EGRESS


class CreateEgressFirewallRule(BaseAsyncCreateCmd):
    """Makes an exception from a network's default policy on traffic out of it."""

    roles = EVERYONE
    response = FirewallResponse
    event_type = events.FIREWALL_EGRESS_OPEN

    network = Ref(
        "networkid",
        Network,
        access=Access.OPERATE,
        required=True,
        select_related=("offering", "account__domain"),
        help="the network",
    )
    protocol = Str("protocol", required=True, help="tcp, udp, icmp, all or the number of a protocol")
    start_port = Int("startport", help="first port; all if left out")
    end_port = Int("endport", help="last port; startport if left out")
    icmp_type = Int("icmptype", help="type of ICMP; -1 or left out for any")
    icmp_code = Int("icmpcode", help="code of ICMP; -1 or left out for any")
    sources = ListOf("cidrlist", Str, help="where in the network the packets come from; everywhere if left out")
    destinations = ListOf("destcidrlist", Str, help="where they go; everywhere if left out")
    purpose = Str("type", help="decides nothing: rules of the platform itself do not exist")
    displayed = Flag("fordisplay", default=True, roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        return NetworkRuleManager().add_egress(
            caller=self.caller,
            network=self.network,
            traffic=parse_traffic(
                protocol=self.protocol,
                start_port=self.start_port,
                end_port=self.end_port,
                icmp_type=self.icmp_type,
                icmp_code=self.icmp_code,
                sources=self.sources,
                destinations=self.destinations,
            ),
            for_display=self.displayed,
        )


class UpdateEgressFirewallRule(ShowRuleCmd):
    """Shows a rule to ordinary users, or hides it from them."""

    kind = RuleKind.EGRESS
    event_type = events.FIREWALL_EGRESS_UPDATE
    since = "4.4"


class DeleteEgressFirewallRule(DeleteRuleCmd):
    """Takes an exception from a network's default policy away."""

    kind = RuleKind.EGRESS
    event_type = events.FIREWALL_EGRESS_CLOSE
