"""Hosts come up, stay up, are repaired, and leave nothing."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from cloudstack.contracts.agent import HostFactsQuery
from cloudstack.runtime import valkey
from tests.integration.lab.conftest import Lab, eventually, leftovers

pytestmark = pytest.mark.lab


def test_two_hosts_answer_and_reach_each_other_for_migration(lab: Lab) -> None:
    state = lab.status
    assert state["state"] == "up" and [host["name"] for host in state["hosts"]] == ["host1", "host2"]
    assert lab.virsh("host1", "hostname").strip() == "host1"
    other = lab.host("host2")["migration_uri"]
    assert lab.inside("host1", "virsh", "-c", other, "hostname").stdout.strip() == "host2"
    assert lab.inside("host1", "ls", "/run/netns").stdout == "", "a host sees the machine's own namespaces"


def test_the_unauthenticated_migration_port_is_closed_to_local_users_of_the_machine(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.host("host1")["mgmt_ip"], 16509), timeout=3)


def test_up_again_changes_nothing(lab: Lab) -> None:
    before = lab.status
    lab.up()
    assert lab.status == before


def test_a_killed_daemon_comes_back(lab: Lab) -> None:
    before = lab.host("host2")
    os.kill(before["libvirtd_pid"], signal.SIGKILL)
    os.kill(before["agent_pid"], signal.SIGKILL)

    def restarted() -> bool:
        now = lab.host("host2")
        return all(now[key] not in (None, before[key]) for key in ("libvirtd_pid", "agent_pid"))

    eventually(restarted, seconds=10, what="libvirtd and agent of host2 again")
    eventually(lambda: (lab.data / "lab/hosts/host2/run/libvirt-sock").is_socket(), seconds=5, what="socket")
    lab.up()
    assert lab.virsh("host2", "hostname").strip() == "host2"


def test_a_killed_host_is_gone_at_once_and_up_repairs_it(lab: Lab) -> None:
    before = lab.host("host2")
    os.kill(before["init_pid"], signal.SIGKILL)
    for key in ("init_pid", "libvirtd_pid", "agent_pid"):
        eventually(lambda pid=before[key]: not Path(f"/proc/{pid}").exists(), seconds=5, what=f"end of {key}")
    assert lab.status["state"] == "partial"
    lab.up()
    after = lab.host("host2")
    assert (after["state"], after["uuid"], after["mgmt_ip"]) == ("up", before["uuid"], before["mgmt_ip"])
    assert lab.inside("host1", "ping", "-c", "1", "-W", "2", after["mgmt_ip"]).returncode == 0


def test_another_lab_beside_it_is_apart_and_its_down_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20)  # more than a unix socket's address holds
    other = Lab(deep, lab.broker)
    other.run("up", "--hosts", "1", "--no-image", "--broker", "")
    state = other.status
    assert state["state"] == "up" and state["hosts"][0]["agent_pid"] is None
    assert state["prefix"] != lab.status["prefix"] and state["subnet"] != lab.status["subnet"]
    assert other.virsh("host1", "hostname").strip() == "host1"
    other.inside("host1", "ip", "tuntap", "add", "stray", "mode", "tap")
    os.kill(state["hosts"][0]["libvirtd_pid"], signal.SIGKILL)
    (deep / "lab" / "state.json").unlink()
    other.run("down", "--purge")
    assert leftovers(state["prefix"], deep) == []
    assert not Path("/run/cloudstack-lab", state["prefix"]).exists()
    assert lab.status["state"] == "up"


def test_a_broker_on_the_machines_own_loopback_is_reached(lab: Lab, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"port": str(port), "bind": "127.0.0.1", "requirepass": "s3cret", "save": "", "dir": str(tmp_path)}
    argv = [str(valkey.binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    other = Lab(tmp_path / "data", f"redis://:s3cret@127.0.0.1:{port}/3")
    try:
        other.up("--hosts", "1", "--no-image")
        assert other.ask("host1", HostFactsQuery()).hostname == "host1"
        processes = other.inside("host1", "ps", "-eo", "args").stdout
        assert "cloudstack.agent" in processes and "s3cret" not in processes
    finally:
        other.run("down", "--purge")
        server.kill()
        server.wait()


def test_an_impossible_wish_is_refused_in_a_sentence(lab: Lab) -> None:
    answer = lab.run("up", "--hosts", "4000", check=False)
    assert answer.returncode == 1 and "1 to" in answer.stderr and "Traceback" not in answer.stderr
    answer = lab.run("exec", "host9", "--", "true", check=False)
    assert answer.returncode == 1 and "host9" in answer.stderr
