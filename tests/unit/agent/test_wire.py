"""Commands and answers survive the wire unchanged, and nothing else gets through it."""

import ipaddress
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack.contracts import agent, errors
from cloudstack.contracts.errors import DriverError, InvalidSpec

uuids = st.uuids().map(str)
vnis = st.integers(1, 0xFFFFFF)
mtus = st.integers(576, 9000)
links = st.from_regex(r"[a-z][a-z0-9.-]{0,14}", fullmatch=True).filter(
    lambda name: name not in ("all", "default", "lo")
)
labels = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True)
domains = st.one_of(st.just(""), st.lists(labels, min_size=1, max_size=4).map(".".join))
addresses = st.ip_addresses(v=4).map(str)


@st.composite
def macs(draw: st.DrawFn) -> str:
    first, *rest = draw(st.binary(min_size=6, max_size=6))
    return ":".join(f"{byte:02x}" for byte in (first & 0xFE, *rest))


@st.composite
def dhcp_servers(draw: st.DrawFn) -> agent.EnsureDhcp:
    network = ipaddress.IPv4Network(
        (draw(st.integers(0x0A000000, 0x0AFFFFFF)), draw(st.integers(16, 29))), strict=False
    )
    members = st.integers(1, network.num_addresses - 2).map(lambda number: str(network[number]))
    low, high = sorted((draw(members), draw(members)), key=ipaddress.IPv4Address)
    return agent.EnsureDhcp(
        network_uuid=draw(uuids),
        bridge=draw(links),
        server_ip=draw(members),
        prefix=network.prefixlen,
        gateway=draw(st.none() | members),
        dns=tuple(draw(st.lists(addresses, max_size=3))),
        domain=draw(domains),
        range_start=draw(st.sampled_from(("", low))),
        range_end=draw(st.sampled_from(("", high))),
        lease_s=draw(st.integers(120, 10**8)),
        mtu=draw(st.none() | mtus),
    )


commands = st.one_of(
    st.builds(agent.HostFactsQuery),
    st.builds(agent.ListNetworkState),
    st.builds(agent.EnsureBridge, bridge=links, vni=st.none() | vnis, underlay=links, mtu=mtus),
    st.builds(agent.RemoveBridge, bridge=links),
    dhcp_servers(),
    st.builds(agent.RemoveDhcp, network_uuid=uuids),
    st.builds(agent.SetDhcpHost, network_uuid=uuids, mac=macs(), ip=addresses, hostname=labels),
    st.builds(agent.RemoveDhcpHost, network_uuid=uuids, mac=macs()),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(commands)
def test_a_command_comes_out_as_it_went_in(command: agent.AgentCommand) -> None:
    payload = json.loads(json.dumps(command.to_wire()))
    assert agent.command_from_wire(command.kind, payload) == command


@given(commands, st.data())
def test_a_changed_message_is_a_valid_command_or_a_refusal(command: agent.AgentCommand, data: st.DataObject) -> None:
    payload = json.loads(json.dumps(command.to_wire()))
    key = data.draw(st.sampled_from([*payload, "surprise"]))
    payload[key] = data.draw(json_values)
    try:
        received = agent.command_from_wire(command.kind, payload)
    except InvalidSpec as error:
        assert key in str(error) or "range" in str(error) or "not in" in str(error)
    else:
        assert received.to_wire() == payload and key != "surprise"


@given(st.sampled_from(sorted(agent.COMMANDS)) | json_values, json_values)
def test_nothing_else_raises_but_a_refusal(kind: object, payload: object) -> None:
    try:
        agent.command_from_wire(kind, payload)
    except InvalidSpec as error:
        assert len(str(error)) < 500


@given(commands, st.data())
def test_a_missing_field_without_default_is_named(command: agent.AgentCommand, data: st.DataObject) -> None:
    payload = command.to_wire()
    if not payload:
        return
    key = data.draw(st.sampled_from(sorted(payload)))
    del payload[key]
    try:
        agent.command_from_wire(command.kind, payload)
    except InvalidSpec as error:
        assert key in str(error) or "underlay" in str(error)


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("bridge.ensure", {"bridge": "brvx-1", "vni": 0, "underlay": "mgmt"}, "vni: 0 is not in 1..16777215"),
        ("bridge.ensure", {"bridge": "brvx-1", "vni": 1 << 24, "underlay": "mgmt"}, "vni: 16777216"),
        ("bridge.ensure", {"bridge": "brvx-1", "vni": True, "underlay": "mgmt"}, "vni: int is wanted, not True"),
        ("bridge.ensure", {"bridge": "brvx-1", "vni": 1}, "needs a link to travel over"),
        ("bridge.ensure", {"bridge": "../etc"}, "no link name"),
        ("bridge.ensure", {"bridge": "all"}, "no link name"),
        ("bridge.ensure", {"bridge": "a\n"}, "no link name"),
        ("bridge.ensure", {"bridge": "b" * 16}, "no link name"),
        ("bridge.remove", {}, "bridge is missing"),
        ("dhcp.remove", {"network_uuid": "6D1F0D64-6A0B-5D7B-8F0E-9D1D4A1C7B52"}, "no UUID in lower case"),
        ("dhcp.remove", {"network_uuid": "../../etc"}, "no UUID"),
        ("shell", {"argv": ["true"]}, "unknown command 'shell'"),
    ],
)
def test_bad_messages_are_refused_with_field_and_value(kind: str, payload: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        agent.command_from_wire(kind, payload)
    assert words in str(caught.value)


HOST = {"network_uuid": str(uuid.uuid4()), "mac": "02:00:00:00:00:01", "ip": "10.1.1.5", "hostname": "web1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mac": "02:00:00:00:00"}, "no MAC address"),
        ({"mac": "03:00:00:00:00:01"}, "group address"),
        ({"mac": "02:00:00:00:00:01,set:x"}, "no MAC address"),
        ({"ip": "10.1.1.256"}, "no IPv4 address"),
        ({"ip": "fe80::1"}, "no IPv4 address"),
        ({"hostname": "a_b"}, "no host name"),
        ({"hostname": "web1\n10.0.0.1 bank"}, "no host name"),
        ({"hostname": "-x"}, "no host name"),
        ({"hostname": ""}, "no host name"),
        ({"hostname": 7}, "str is wanted"),
    ],
)
def test_an_entry_cannot_smuggle_configuration(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        agent.command_from_wire("dhcp.host.set", {**HOST, **change})


SERVER = {"network_uuid": str(uuid.uuid4()), "bridge": "brvx-1", "server_ip": "10.1.1.2", "prefix": 24}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gateway": "10.1.2.1"}, "gateway: 10.1.2.1 is not in 10.1.1.0/24"),
        ({"gateway": "10.1.1.255"}, "broadcast address"),
        ({"server_ip": "10.1.1.0"}, "network or broadcast"),
        ({"prefix": 31}, "prefix: 31 is not in 8..30"),
        ({"dns": ["1.1.1.1", "dns.example"]}, "no IPv4 address"),
        ({"dns": "1.1.1.1"}, "a list is wanted"),
        ({"domain": "a.b\naddn-hosts=/etc/shadow"}, "no domain name"),
        ({"range_start": "10.1.1.9", "range_end": "10.1.1.8"}, "lies before"),
        ({"lease_s": 1}, "lease_s: 1"),
        ({"gateway": ""}, "or null"),
    ],
)
def test_a_server_that_makes_no_sense_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        agent.command_from_wire("dhcp.ensure", {**SERVER, **change})


def test_building_a_bad_command_fails_where_it_is_built() -> None:
    with pytest.raises(InvalidSpec, match="vni"):
        agent.EnsureBridge(bridge="brvx-1", vni=0, underlay="mgmt")
    with pytest.raises(InvalidSpec, match="list is wanted"):
        agent.EnsureDhcp(**{**SERVER, "dns": ["1.1.1.1"]})  # type: ignore[arg-type]


def test_answers_come_back_typed() -> None:
    state = agent.NetworkStateAnswer(
        bridges=(agent.BridgeState(name="brvx-1", vni=1, mtu=1450, ports=("vxlan1", "vnet0"), taps=("vnet0",)),),
        dhcp=(
            agent.DhcpState(
                network_uuid=HOST["network_uuid"],
                namespace="net-1",
                bridge="brvx-1",
                running=True,
                hosts=(agent.DhcpHostState(mac=HOST["mac"], ip=HOST["ip"], hostname="web1"),),
                leases=(),
            ),
        ),
        taps=("vnet0",),
    )
    message = json.loads(json.dumps(state.to_wire()))
    assert agent.answer_from_wire(agent.ListNetworkState(), message) == state


@pytest.mark.parametrize(
    "error",
    [
        DriverError("ip link add: exists"),
        errors.DriverUnavailable("away"),
        errors.DriverTimeout("slow"),
        errors.NotFound("no link"),
        InvalidSpec("vni"),
        DriverError("busy", retryable=True),
    ],
)
def test_errors_keep_class_words_and_whether_to_try_again(error: DriverError) -> None:
    message = json.loads(json.dumps(agent.error_to_wire(error)))
    with pytest.raises(DriverError) as caught:
        agent.answer_from_wire(agent.HostFactsQuery(), message)
    assert type(caught.value) is type(error)
    assert (str(caught.value), caught.value.retryable) == (str(error), error.retryable)


@given(json_values)
def test_a_senseless_answer_is_a_driver_error(message: object) -> None:
    with pytest.raises(DriverError):
        agent.answer_from_wire(agent.HostFactsQuery(), message)


@pytest.mark.parametrize("kind", ["Path", "InvalidSpecification", "__builtins__", None])
def test_an_error_of_unknown_class_is_a_plain_driver_error(kind: str | None) -> None:
    message = {"ok": False, "error": {"type": kind, "message": "words", "retryable": "yes"}}
    with pytest.raises(DriverError) as caught:
        agent.answer_from_wire(agent.HostFactsQuery(), message)
    assert type(caught.value) is DriverError and caught.value.retryable is False


@given(vnis, vnis)
def test_names_and_groups_fit_and_differ(one: int, other: int) -> None:
    from cloudstack.agent.bridges import multicast_group, vxlan_name

    assert len(agent.bridge_name(one)) <= 15 and len(vxlan_name(one)) <= 15
    assert ipaddress.IPv4Address(multicast_group(one)).is_multicast
    assert (multicast_group(one) == multicast_group(other)) == (one == other)
