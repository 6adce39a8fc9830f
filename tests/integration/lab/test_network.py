"""The agents' commands over a real broker, and two real guests that talk over what they made."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from cloudstack.contracts.agent import (
    EnsureBridge,
    EnsureDhcp,
    HostFactsQuery,
    ListNetworkState,
    RemoveBridge,
    RemoveDhcp,
    RemoveDhcpHost,
    SetDhcpHost,
    bridge_name,
)
from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from tests.integration.lab.conftest import Lab, eventually
from tests.integration.lab.guest import Guest

pytestmark = pytest.mark.lab

VNI = 7001
BRIDGE = bridge_name(VNI)
NETWORK = "0d6f7a40-53f5-4b07-9f0c-3c1f4d2a7f11"
NAMESPACE = "net-0d6f7a40"


def bridge() -> EnsureBridge:
    return EnsureBridge(bridge=BRIDGE, vni=VNI, underlay="mgmt", mtu=1500)


def server() -> EnsureDhcp:
    return EnsureDhcp(
        network_uuid=NETWORK,
        bridge=BRIDGE,
        server_ip="10.1.1.2",
        prefix=24,
        gateway=None,
        domain="guests.test",
        range_start="10.1.1.10",
        range_end="10.1.1.250",
        mtu=1450,
    )


def card(number: int, hostname: str) -> SetDhcpHost:
    return SetDhcpHost(
        network_uuid=NETWORK, mac=f"02:00:00:00:07:{number:02x}", ip=f"10.1.1.{number}", hostname=hostname
    )


@pytest.fixture(scope="module")
def network(lab: Lab) -> Iterator[Lab]:
    """A VXLAN network on both hosts with its DHCP server on host1."""
    for host in ("host1", "host2"):
        assert lab.ask(host, bridge()).changed
        assert not lab.ask(host, bridge()).changed
    assert lab.ask("host1", server()).changed
    assert not lab.ask("host1", server()).changed
    yield lab
    lab.ask("host1", RemoveDhcp(network_uuid=NETWORK))
    for host in ("host1", "host2"):
        assert lab.ask(host, RemoveBridge(bridge=BRIDGE)).changed
        state = lab.ask(host, ListNetworkState())
        assert (state.bridges, state.dhcp, state.taps) == ((), (), ())
        links = lab.inside(host, "ip", "-br", "link").stdout.split()
        assert not [word for word in links if word.startswith(("vxlan", "vd-", "brvx"))]


def test_facts_are_the_machines_shared_out_and_the_heart_beats(lab: Lab) -> None:
    facts = lab.ask("host1", HostFactsQuery())
    assert facts.hostname == "host1" and facts.cpus == len(os.sched_getaffinity(0))
    total_mib = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    assert facts.memory_total_mib == total_mib // 2
    client = redis.Redis.from_url(lab.broker)
    beat = eventually(lambda: client.lindex("jobs", 0), seconds=12, what="a heartbeat on the queue jobs")
    assert b"infrastructure.host_heartbeat" in beat


def test_a_refusal_comes_back_with_its_reason(lab: Lab) -> None:
    with pytest.raises(NotFound, match="no link 'eth7'; it has lo, mgmt"):
        lab.ask("host1", EnsureBridge(bridge="brvx-9", vni=9, underlay="eth7"))
    with pytest.raises(InvalidSpec, match="1600 leaves 1550"):
        lab.ask("host1", EnsureBridge(bridge="brvx-9", vni=9, underlay="mgmt", mtu=1600))
    with pytest.raises(DriverError, match="mgmt is not ours"):
        lab.ask("host1", RemoveBridge(bridge="mgmt"))
    with pytest.raises(NotFound, match="EnsureDhcp comes first"):
        lab.ask("host2", card(11, "early"))
    sent = lab.celery.send_task("agent.call", args=("shell", {}), queue=f"agent.{lab.host('host1')['uuid']}")
    assert "unknown command 'shell'" in sent.get(timeout=10)["error"]["message"]


def test_concurrent_entries_all_arrive_and_names_resolve(network: Lab) -> None:
    cards = [card(number, f"vm{number}") for number in range(20, 40)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda command: network.ask("host1", command), cards))
        removals = [RemoveDhcpHost(network_uuid=NETWORK, mac=command.mac) for command in cards[10:]]
        list(pool.map(lambda command: network.ask("host1", command), removals))
    (state,) = network.ask("host1", ListNetworkState()).dhcp
    assert [entry.hostname for entry in state.hosts] == [command.hostname for command in cards[:10]]
    assert lookup(network, "vm21") == lookup(network, "vm21.guests.test") == "10.1.1.21"
    assert lookup(network, "vm35") == ""
    with pytest.raises(InvalidSpec, match=r"starts at 10\.1\.1\.10"):
        network.ask("host1", card(9, "low"))
    # An address that moves to another card leaves its old one.
    moved = SetDhcpHost(network_uuid=NETWORK, mac="02:00:00:00:08:01", ip="10.1.1.20", hostname="heir")
    network.ask("host1", moved)
    (state,) = network.ask("host1", ListNetworkState()).dhcp
    assert [entry.hostname for entry in state.hosts if entry.ip == "10.1.1.20"] == ["heir"]


def lookup(lab: Lab, name: str) -> str:
    """Ask the network's own DNS server from within its namespace, the way a guest would."""
    program = (
        "import socket,struct,sys\n"
        "q=struct.pack('>6H',7,256,1,0,0,0)+b''.join(bytes([len(p)])+p.encode() for p in sys.argv[1].split('.'))\n"
        "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(2)\n"
        "s.sendto(q+b'\\0\\0\\1\\0\\1',('10.1.1.2',53)); a=s.recv(512)\n"
        "print(socket.inet_ntoa(a[-4:]) if struct.unpack('>H',a[6:8])[0] else '')\n"
    )
    argv = ("ip", "netns", "exec", NAMESPACE, "python3", "-c", program, name)
    return lab.inside("host1", *argv).stdout.strip()


def test_the_dhcp_server_outlives_the_agent_and_is_revived_when_it_dies(network: Lab) -> None:
    def dnsmasq_pid() -> int:
        words = network.inside("host1", "cat", f"/var/lib/cloudstack-agent/networks/{NETWORK}/dnsmasq.pid", check=False)
        return int(words.stdout or 0)

    first, agent = dnsmasq_pid(), network.host("host1")["agent_pid"]
    os.kill(agent, signal.SIGKILL)
    eventually(lambda: network.host("host1")["agent_pid"] not in (None, agent), seconds=10, what="agent again")
    assert network.ask("host1", ListNetworkState()).dhcp[0].running and dnsmasq_pid() == first
    network.inside("host1", "kill", "-9", str(first))
    eventually(lambda: dnsmasq_pid() not in (0, first), seconds=12, what="dnsmasq again")
    eventually(lambda: lookup(network, "vm21") == "10.1.1.21", seconds=5, what="names after the restart")


@pytest.mark.slow
def test_two_guests_on_two_hosts_boot_talk_and_move(network: Lab, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    guests = [
        Guest(network, name, f"02:00:00:00:07:{number:02x}", f"10.1.1.{number}", key, NAMESPACE)
        for name, number in (("web1", 101), ("web2", 102))
    ]
    for guest, host in zip(guests, ("host1", "host2"), strict=True):
        network.ask("host1", card(int(guest.ip.split(".")[-1]), guest.name))
        guest.start(host, BRIDGE)
    web1, web2 = guests
    for guest in guests:
        ready = f"TINY-READY {guest.name} boot=1"
        eventually(lambda g=guest, r=ready: r in g.console.read_text(errors="replace"), seconds=100, what=ready)
        assert eventually(guest.ping, seconds=10, what=f"ping of {guest.name}")

    assert web1.ssh("hostname") == "web1"
    assert "1450" in web1.ssh("cat /sys/class/net/eth0/mtu")
    assert int(web1.ssh("df -m / | tail -n 1").split()[1]) > 150, "the root disk did not grow with its volume"
    # web2 is on the other host: over VXLAN, by its name.
    assert "1 packets received" in web1.ssh("ping -c 1 -W 2 web2.guests.test")
    assert "<h1>web2</h1>" in web1.ssh("wget -q -O - http://10.1.1.102/")
    assert '"return":{}' in network.virsh("host2", "qemu-agent-command", "web2", '{"execute":"guest-ping"}')

    with pytest.raises(DriverError, match="still carries guests' cards"):
        network.ask("host2", RemoveBridge(bridge=BRIDGE))
    (state,) = network.ask("host1", ListNetworkState()).dhcp
    assert {guest.mac for guest in guests} <= set(state.leases)

    target = network.host("host1")["migration_uri"]
    network.virsh("host2", "migrate", "--live", "--p2p", "--unsafe", "--persistent", "--undefinesource", "web2", target)
    assert {(d["name"], d["host"]) for d in network.status["domains"]} == {("web1", "host1"), ("web2", "host1")}
    eventually(web2.ping, seconds=5, what="ping of the moved guest")
    assert "up" in web2.ssh("uptime")

    network.virsh("host1", "shutdown", "web2")
    states = lambda: {d["name"]: d["state"] for d in network.status["domains"]}  # noqa: E731
    eventually(lambda: states()["web2"] == "off", seconds=20, what="the power button")
    network.virsh("host1", "destroy", "web1")
    for guest in guests:
        network.virsh("host1", "undefine", guest.name)
        assert network.ask("host1", RemoveDhcpHost(network_uuid=NETWORK, mac=guest.mac)).changed
    (state,) = network.ask("host1", ListNetworkState()).dhcp
    assert not {guest.mac for guest in guests} & set(state.leases), "a lease outlived its card"


def test_networks_come_back_after_the_host_restarted(network: Lab) -> None:
    os.kill(network.host("host1")["init_pid"], signal.SIGKILL)
    time.sleep(0.2)
    network.up()
    eventually(
        lambda: [entry.running for entry in network.ask("host1", ListNetworkState()).dhcp] == [True],
        seconds=15,
        what="the DHCP server after a restart of its host",
    )
    assert lookup(network, "vm21") == "10.1.1.21"
