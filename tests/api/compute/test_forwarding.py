"""Rules of networks: what is refused where nobody gives the service, and what an element is told that does."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.network.factories import NetworkFactory, NetworkOfferingFactory, PublicRangeFactory, firewall_rule
from apps.network.models import (
    Network,
    NetworkOfferingService,
    NetworkRule,
    NetworkServiceProvider,
    PhysicalNetwork,
    PublicIpAddress,
)
from apps.network.states import ProviderState
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.network import RuleKind, Service
from cloudstack.framework import drivers
from cloudstack.framework.plugins.manager import pm
from cloudstack.plugin import hookimpl
from cloudstack.testing.api import ApiError
from tests.support.cloud import check_invariants
from tests.support.crashes import crash_everywhere

from .conftest import NOBODY, Cloud
from .test_deploy import isolated

LISTS = ("listPortForwardingRules", "listIpForwardingRules", "listFirewallRules", "listEgressFirewallRules")


class Gate:
    """A network element that takes rules and remembers what it was told last for each network."""

    name = "Gate"
    services = frozenset({Service.FIREWALL, Service.PORT_FORWARDING, Service.STATIC_NAT})
    told: dict[str, set[tuple]] = {}
    hates: Callable[[Any], bool] = staticmethod(lambda rule: False)

    def implement(self, network: Any, service_host: Any) -> None:
        """Nothing to bring up: rules are all it has."""

    def prepare_host(self, network: Any, host: Any) -> str:
        return ""

    def prepare_nic(self, network: Any, nic: Any, service_host: Any) -> None:
        """Cards are not its business."""

    shutdown = release_host = implement
    release_nic = prepare_nic

    def apply_rules(self, network: Any, rules: Any, service_host: Any) -> None:
        if any(Gate.hates(rule) for rule in rules):
            raise DriverError("not this one")
        Gate.told[network.uuid] = {
            (rule.kind, rule.protocol, rule.public_ip, rule.start_port, rule.private_ip, rule.private_start_port)
            for rule in rules
        }


@pytest.fixture
def gate() -> Iterator[type[Gate]]:
    plugin = SimpleNamespace(register_network_elements=hookimpl(lambda: {"Gate": Gate}))
    pm.register(plugin, name="gate")
    drivers.reset()
    Gate.told, Gate.hates = {}, staticmethod(lambda rule: False)
    yield Gate
    pm.unregister(name="gate")
    drivers.reset()


def with_gate(cloud: Cloud) -> Network:
    """A network of the tenant whose offering has everything of the gate."""
    network = isolated(cloud)
    offering = NetworkOfferingFactory(name="with a gate")
    for service in ("Firewall", "PortForwarding", "StaticNat"):
        NetworkOfferingService.objects.create(offering=offering, service=service, provider="Gate")
    NetworkServiceProvider.objects.create(
        physical_network=network.physical_network, name="Gate", state=ProviderState.ENABLED
    )
    Network.objects.filter(pk=network.pk).update(offering=offering)
    network.refresh_from_db()
    return network


def address_for(cloud: Cloud, network: Network | None = None) -> dict[str, Any]:
    if not PublicIpAddress.objects.exists():
        PublicRangeFactory(physical_network=PhysicalNetwork.objects.get(zone=cloud.zone))
    where = {"networkid": network.uuid} if network is not None else {"zoneid": cloud.zone.uuid}
    made: dict[str, Any] = cloud.run(cloud.api.call("associateIpAddress", **where))
    return made


def told(network: Network) -> set[tuple]:
    return Gate.told.get(str(network.uuid), set())


def test_lists_are_there_and_empty(cloud: Cloud) -> None:
    for command in LISTS:
        assert cloud.api.call(command) == {}
        assert cloud.admin.call(command, listall=True) == {}


def test_a_network_without_the_service_refuses_in_words(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    network = isolated(cloud)
    vm = cloud.machine(networkids=network.uuid)
    address = address_for(cloud, network)
    on = {"ipaddressid": address["id"]}
    for command, params, service in (
        (
            "createPortForwardingRule",
            {**on, "virtualmachineid": vm["id"], "protocol": "tcp", "publicport": 22, "privateport": 22},
            "PortForwarding",
        ),
        ("createFirewallRule", {**on, "protocol": "tcp", "startport": 22}, "Firewall"),
        ("createEgressFirewallRule", {"networkid": network.uuid, "protocol": "all"}, "Firewall"),
        ("createIpForwardingRule", {**on, "protocol": "tcp", "startport": 22}, "StaticNat"),
        ("enableStaticNat", {**on, "virtualmachineid": vm["id"]}, "StaticNat"),
    ):
        error = refusal(cloud.api, command, **params)
        assert error.code == 431 and f"has no service {service}" in error.text, error.text
    loose = address_for(cloud)
    error = refusal(cloud.api, "createFirewallRule", ipaddressid=loose["id"], protocol="tcp")
    assert "acquired for no network" in error.text
    assert not NetworkRule.all_objects.exists()


def forward(cloud: Cloud, address: dict, vm: dict, **more: Any) -> dict[str, Any]:
    given = {
        "ipaddressid": address["id"],
        "virtualmachineid": vm["id"],
        "protocol": "tcp",
        "publicport": 2222,
        "privateport": 22,
    }
    return cloud.api.call("createPortForwardingRule", **{**given, **more})


def test_ports_are_forwarded_changed_and_no_more(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm = cloud.machine(networkids=network.uuid)
    guest = vm["nic"][0]["ipaddress"]
    address = address_for(cloud, network)
    public = address["ipaddress"]
    made = cloud.run(forward(cloud, address, vm, cidrlist="192.0.2.0/24,198.51.100.0/24"))
    assert (made["publicport"], made["publicendport"], made["privateport"], made["privateendport"]) == (
        "2222",
        "2222",
        "22",
        "22",
    )
    assert (made["state"], made["ipaddress"], made["vmguestip"]) == ("Active", public, guest)
    assert (made["virtualmachineid"], made["virtualmachinename"]) == (vm["id"], vm["name"])
    assert made["cidrlist"] == "192.0.2.0/24,198.51.100.0/24"
    opened = (RuleKind.FIREWALL, "tcp", public, 2222, "", 0)
    assert told(network) == {(RuleKind.PORT_FORWARDING, "tcp", public, 2222, guest, 22), opened}
    assert len(cloud.api.items("listFirewallRules", ipaddressid=address["id"])) == 1
    assert cloud.api.items("listPublicIpAddresses", id=address["id"])[0]["hasrules"] is True
    changed = cloud.run(cloud.api.call("updatePortForwardingRule", id=made["id"], privateport=8022))
    assert (changed["privateport"], changed["privateendport"]) == ("8022", "8022")
    assert told(network) == {(RuleKind.PORT_FORWARDING, "tcp", public, 2222, guest, 8022), opened}
    assert cloud.lawyer.call("listPortForwardingRules", listall=True) == {}
    cloud.run(cloud.api.call("deletePortForwardingRule", id=made["id"]))
    assert told(network) == set()
    for command in LISTS:
        assert cloud.api.call(command) == {}
    check_invariants()


def test_lists_take_the_same_statements_for_one_rule_and_for_many(cloud: Cloud) -> None:
    def statements(command: str, kind: RuleKind) -> int:
        with CaptureQueriesContext(connection) as queries:
            rows = cloud.admin.items(command, listall=True)
        assert len(rows) == NetworkRule.objects.filter(kind=kind).count()
        return len(queries)

    vm = cloud.run(cloud.deploy(startvm=False))
    kinds = (("listFirewallRules", RuleKind.FIREWALL), ("listPortForwardingRules", RuleKind.PORT_FORWARDING))

    def more() -> None:
        for _, kind in kinds:
            rule = firewall_rule(cloud.account)
            ports = {"start_port": 1, "end_port": 1, "private_start_port": 1, "private_end_port": 1}
            NetworkRule.objects.filter(pk=rule.pk).update(kind=kind, vm_uuid=vm["id"], **ports)

    more()
    one = [statements(*pair) for pair in kinds]
    more()
    more()
    assert [statements(*pair) for pair in kinds] == one


def test_what_stands_in_the_way_is_refused(cloud: Cloud, gate: type[Gate], refusal: Callable[..., ApiError]) -> None:
    network = with_gate(cloud)
    vm, stranger = cloud.machine(networkids=network.uuid), cloud.machine()
    address = address_for(cloud, network)
    rule = cloud.run(forward(cloud, address, vm, publicport=100, publicendport=109, privateport=200))
    assert rule["privateendport"] == "209"
    given = {"ipaddressid": address["id"], "virtualmachineid": vm["id"], "protocol": "tcp", "privateport": 22}
    for more, code, word in (
        ({"publicport": 105}, 537, "stands in the way"),
        ({"publicport": 0}, 431, "publicport"),
        ({"publicport": 5, "publicendport": 4}, 431, "publicendport"),
        ({"publicport": 5, "publicendport": 9, "privateendport": 23}, 431, "5 public ports"),
        ({"publicport": 5, "protocol": "icmp"}, 431, "protocol"),
        ({"publicport": 5, "cidrlist": "192.0.2.1/24"}, 431, "cidrlist"),
        ({"publicport": 5, "virtualmachineid": stranger["id"]}, 431, "no card in network"),
        ({"publicport": 5, "vmguestip": "10.9.9.9"}, 431, "vmguestip"),
        ({"publicport": 5, "networkid": cloud.network.uuid}, 431, "was not acquired for"),
        ({"publicport": 5, "virtualmachineid": NOBODY}, 431, "virtualmachineid"),
    ):
        error = refusal(cloud.api, "createPortForwardingRule", **{**given, **more})
        assert (error.code, word in error.text) == (code, True), error.text
    assert NetworkRule.objects.filter(kind=RuleKind.PORT_FORWARDING).count() == 1
    # A rule of another kind, or of somebody else, is unknown.
    assert refusal(cloud.api, "deleteFirewallRule", id=rule["id"]).code == 431
    assert refusal(cloud.lawyer, "deletePortForwardingRule", id=rule["id"]).code == 431
    nic = vm["nic"][0]["id"]
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    assert "sends traffic to" in refusal(cloud.api, "updateVmNicIp", nicid=nic).text
    plain = NetworkOfferingFactory(name="plain")
    error = refusal(cloud.api, "updateNetwork", id=network.uuid, networkofferingid=plain.uuid)
    assert "delete the rule first" in error.text


def test_firewall_rules_of_all_kinds(cloud: Cloud, gate: type[Gate], refusal: Callable[..., ApiError]) -> None:
    network = with_gate(cloud)
    cloud.machine(networkids=network.uuid)
    address = address_for(cloud, network)
    on = {"ipaddressid": address["id"]}
    ping = cloud.run(cloud.api.call("createFirewallRule", **on, protocol="ICMP", icmptype=8, icmpcode=0))
    assert (ping["icmptype"], ping["icmpcode"], ping["traffictype"], ping["cidrlist"]) == (8, 0, "Ingress", "0.0.0.0/0")
    out = {"networkid": network.uuid, "protocol": "udp", "startport": 53, "destcidrlist": "192.0.2.53/32"}
    egress = cloud.run(cloud.api.call("createEgressFirewallRule", **out))
    assert (egress["destcidrlist"], egress["traffictype"], "ipaddress" in egress) == ("192.0.2.53/32", "Egress", False)
    assert {rule[:2] for rule in told(network)} == {(RuleKind.FIREWALL, "icmp"), (RuleKind.EGRESS, "udp")}
    for params, code, word in (
        ({"protocol": "icmp", "startport": 1}, 431, "startport"),
        ({"protocol": "tcp", "icmptype": 8}, 431, "icmptype"),
        ({"protocol": "icmp", "icmptype": 256}, 431, "icmptype"),
        ({"protocol": "tcp", "endport": 8}, 431, "startport"),
        ({"protocol": "carrier pigeon"}, 431, "protocol"),
        ({"protocol": "icmp", "icmptype": 8, "icmpcode": 0}, 537, "stands in the way"),
    ):
        error = refusal(cloud.api, "createFirewallRule", **on, **params)
        assert (error.code, word in error.text) == (code, True), error.text
    hidden = cloud.run(cloud.admin.call("updateFirewallRule", id=ping["id"], fordisplay=False))
    assert hidden["fordisplay"] is False and cloud.api.call("listFirewallRules") == {}
    assert [row["id"] for row in cloud.api.items("listEgressFirewallRules", networkid=network.uuid)] == [egress["id"]]
    cloud.run(cloud.api.call("deleteEgressFirewallRule", id=egress["id"]))
    cloud.run(cloud.api.call("deleteFirewallRule", id=ping["id"]))
    assert told(network) == set()


def test_an_address_stands_for_a_machine(cloud: Cloud, gate: type[Gate], refusal: Callable[..., ApiError]) -> None:
    network = with_gate(cloud)
    vm = cloud.machine(networkids=network.uuid)
    guest = vm["nic"][0]["ipaddress"]
    address = address_for(cloud, network)
    on = {"ipaddressid": address["id"]}
    assert "enableStaticNat" in refusal(cloud.api, "createIpForwardingRule", **on, protocol="tcp", startport=1).text
    assert cloud.api.call("enableStaticNat", **on, virtualmachineid=vm["id"]) == {"success": True}
    rule = cloud.run(cloud.api.call("createIpForwardingRule", **on, protocol="tcp", startport=80, endport=81))
    assert (rule["startport"], rule["endport"], rule["virtualmachineid"]) == ("80", "81", vm["id"])
    assert {rule[:1] + rule[3:5] for rule in told(network)} == {
        (RuleKind.STATIC_NAT, 0, guest),
        (RuleKind.STATIC_NAT_PORTS, 80, guest),
        (RuleKind.FIREWALL, 80, ""),
    }
    [shown] = cloud.api.items("listPublicIpAddresses", isstaticnat=True)
    assert (shown["isstaticnat"], shown["virtualmachineid"], shown["vmipaddress"]) == (True, vm["id"], guest)
    assert cloud.api.items("listPublicIpAddresses", isstaticnat=False) == []
    [machine] = cloud.api.items("listVirtualMachines")
    assert (machine["publicip"], machine["publicipid"]) == (address["ipaddress"], address["id"])
    assert len(cloud.api.items("listIpForwardingRules", virtualmachineid=vm["id"])) == 1
    other = {"virtualmachineid": vm["id"], "protocol": "tcp", "publicport": 9, "privateport": 9}
    assert refusal(cloud.api, "createPortForwardingRule", **on, **other).code == 537
    assert refusal(cloud.api, "enableStaticNat", **on, virtualmachineid=vm["id"]).code == 537
    cloud.run(cloud.api.call("disableStaticNat", **on))
    assert {rule[0] for rule in told(network)} == {RuleKind.FIREWALL}
    assert "stands for no machine" in refusal(cloud.api, "disableStaticNat", **on).text
    assert "publicip" not in cloud.api.items("listVirtualMachines")[0]
    assert cloud.api.items("listPublicIpAddresses", isstaticnat=True) == []


def test_rules_go_with_their_machine_their_address_and_their_network(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm, other = cloud.machine(networkids=network.uuid), cloud.machine(networkids=network.uuid)
    address, second = address_for(cloud, network), address_for(cloud, network)
    cloud.run(forward(cloud, address, vm))
    cloud.run(forward(cloud, address, other, publicport=80))
    cloud.run(forward(cloud, second, other, publicport=81))
    assert len(told(network)) == 6
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    assert {rule[3] for rule in told(network) if rule[0] == RuleKind.PORT_FORWARDING} == {80, 81}
    cloud.run(cloud.api.call("disassociateIpAddress", id=address["id"]))
    assert {rule[2:4] for rule in told(network)} == {(second["ipaddress"], 81)}
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=other["id"], expunge=True))
    cloud.run(cloud.api.call("deleteNetwork", id=network.uuid))
    assert not NetworkRule.objects.exists()
    check_invariants()


def test_a_network_that_comes_up_learns_its_rules(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm = cloud.run(cloud.deploy(networkids=network.uuid, startvm=False))
    address = address_for(cloud, network)
    cloud.run(forward(cloud, address, vm, openfirewall=False))
    assert told(network) == set()
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert {rule[3] for rule in told(network)} == {2222}


def test_a_rule_that_an_element_refuses_leaves_nothing(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm = cloud.machine(networkids=network.uuid)
    address = address_for(cloud, network)
    kept = cloud.run(forward(cloud, address, vm, openfirewall=False))
    before = told(network)
    gate.hates = staticmethod(lambda rule: rule.protocol == "udp")
    done = cloud.ended(forward(cloud, address, vm, protocol="udp"))
    assert done["jobstatus"] == 2 and "not this one" in done["jobresult"]["errortext"]
    assert [row["id"] for row in cloud.api.items("listPortForwardingRules")] == [kept["id"]]
    assert told(network) == before and not NetworkRule.objects.filter(protocol="udp").exists()
    gate.hates = staticmethod(lambda rule: rule.private_start_port == 9)
    done = cloud.ended(cloud.api.call("updatePortForwardingRule", id=kept["id"], privateport=9))
    assert done["jobstatus"] == 2
    assert cloud.api.items("listPortForwardingRules")[0]["privateport"] == "22"
    check_invariants()


def test_a_crash_while_rules_come(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm = cloud.machine(networkids=network.uuid)
    address = address_for(cloud, network)

    def there(answer: dict[str, Any], point: str) -> None:
        assert len(told(network)) == 2, point
        cloud.run(cloud.api.call("deletePortForwardingRule", id=answer["id"]))
        assert told(network) == set(), point

    crash_everywhere(lambda: forward(cloud, address, vm), there)


def test_a_crash_while_rules_go(cloud: Cloud, gate: type[Gate]) -> None:
    network = with_gate(cloud)
    vm = cloud.machine(networkids=network.uuid)
    address = address_for(cloud, network)

    def go() -> None:
        made = cloud.run(forward(cloud, address, vm))
        cloud.api.call("deletePortForwardingRule", id=made["id"])

    def gone(_: None, point: str) -> None:
        assert told(network) == set() and not NetworkRule.objects.exists(), point

    crash_everywhere(go, gone)


def test_a_provider_that_takes_no_rules_is_named(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    network = NetworkFactory(account=cloud.account, zone=cloud.zone)
    NetworkOfferingService.objects.create(offering=network.offering, service="Firewall", provider="VirtualRouter")
    error = refusal(cloud.api, "createEgressFirewallRule", networkid=network.uuid, protocol="all")
    assert "its provider takes no rules" in error.text
