"""What the agent does without touching a network: facts, files, configuration, answers."""

import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cloudstack.agent import registry
from cloudstack.agent.dhcp_folder import folder_of
from cloudstack.agent.facts import BusyShare, traffic
from cloudstack.agent.log import log
from cloudstack.agent.tools import AgentContext, run, write
from cloudstack.contracts import agent as contract
from cloudstack.contracts.agent import CheckImage, EnsureDhcp, HostFactsAnswer, HostFactsQuery, ImageReport
from cloudstack.contracts.errors import DriverError, DriverTimeout, InvalidSpec, NotFound

NETWORK = str(uuid.uuid4())


@pytest.fixture
def context(tmp_path: Path) -> AgentContext:
    made = AgentContext(host_uuid=str(uuid.uuid4()), state_dir=tmp_path, memory_mib=512)
    made.prepare()
    return made


def test_every_command_of_the_contract_has_its_handler() -> None:
    assert set(registry.HANDLERS) == set(contract.COMMANDS.values())


def test_facts_are_plausible_and_promise_no_more_than_told(context: AgentContext) -> None:
    message = registry.answer(context, "host.facts", {})
    facts = contract.answer_from_wire(HostFactsQuery(), message)
    assert isinstance(facts, HostFactsAnswer)
    assert facts.memory_total_mib == 512 and 0 < facts.memory_free_mib <= 512
    assert facts.cpus >= 1 and facts.cpu_mhz >= 100 and facts.uptime_s >= 0


def test_a_bad_message_is_answered_and_never_raises(context: AgentContext, capsys: pytest.CaptureFixture[str]) -> None:
    message = registry.answer(context, "bridge.ensure", {"bridge": "x" * 40})
    assert message["ok"] is False and message["error"]["type"] == "InvalidSpec"
    (line,) = capsys.readouterr().out.splitlines()
    assert "event=failed kind=bridge.ensure" in line


def test_an_entry_before_its_server_is_not_found(context: AgentContext) -> None:
    payload = {"network_uuid": NETWORK, "mac": "02:00:00:00:00:01", "ip": "10.1.1.5", "hostname": "a"}
    message = registry.answer(context, "dhcp.host.set", payload)
    with pytest.raises(NotFound, match="EnsureDhcp comes first"):
        contract.answer_from_wire(HostFactsQuery(), message)


def test_removing_what_is_not_there_is_fine(context: AgentContext) -> None:
    payload = {"network_uuid": NETWORK, "mac": "02:00:00:00:00:01"}
    assert registry.answer(context, "dhcp.host.remove", payload) == {"ok": True, "answer": {"changed": False}}


def test_the_configuration_says_what_was_asked(context: AgentContext) -> None:
    spec = EnsureDhcp(
        network_uuid=NETWORK,
        bridge="brvx-1",
        server_ip="10.1.1.2",
        prefix=24,
        gateway="10.1.1.1",
        dns=("9.9.9.9",),
        domain="guests.test",
        mtu=1450,
    )
    lines = folder_of(context, NETWORK).configuration_text(spec, "nobody").splitlines()
    assert "dhcp-range=10.1.1.0,static,255.255.255.0,86400" in lines
    assert "dhcp-option=option:router,10.1.1.1" in lines
    assert "dhcp-option=option:dns-server,10.1.1.2,9.9.9.9" in lines
    assert "dhcp-option=option:mtu,1450" in lines and "domain=guests.test" in lines
    bare = EnsureDhcp(network_uuid=NETWORK, bridge="brvx-1", server_ip="10.1.1.2", prefix=24)
    # An empty option keeps dnsmasq from naming itself as the router.
    assert "dhcp-option=option:router" in folder_of(context, NETWORK).configuration_text(bare, "nobody").splitlines()


def test_leases_and_entries_are_read_and_rubbish_is_passed_over(context: AgentContext) -> None:
    folder = folder_of(context, NETWORK)
    folder.cards.mkdir(parents=True)
    folder.leases_file.write_text("1795536404 02:00:00:00:00:05 10.1.1.5 a 01:02:00:00:00:00:05\nduid 00:01\n\n")
    (folder.cards / "a").write_text("02:00:00:00:00:05,10.1.1.5,web1\n")
    (folder.cards / "b").write_text("half")
    assert [(lease.mac, lease.ip) for lease in folder.leases()] == [("02:00:00:00:00:05", "10.1.1.5")]
    assert [host.hostname for host in folder.hosts()] == ["web1"]


def test_a_failed_program_is_quoted() -> None:
    with pytest.raises(DriverError, match="sh -c echo no such luck >&2; exit 2: no such luck"):
        run("sh", "-c", "echo no such luck >&2; exit 2")
    with pytest.raises(DriverError, match="no-such-program is not installed"):
        run("no-such-program")
    with pytest.raises(DriverTimeout) as caught:
        run("sleep", "5", timeout_s=0.05)
    assert caught.value.retryable


def test_files_are_replaced_whole_and_only_when_they_differ(tmp_path: Path) -> None:
    target = tmp_path / "cards" / "one"
    assert write(target, "a") and not write(target, "a") and write(target, "b")
    assert target.read_text() == "b" and [path.name for path in target.parent.iterdir()] == ["one"]
    assert [path.name for path in tmp_path.iterdir()] == ["cards"]


def test_locks_exclude_each_other(context: AgentContext) -> None:
    program = (
        "import fcntl,sys\n"
        "handle = open(sys.argv[1])\n"
        "try: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)\n"
    )
    argv = [sys.executable, "-c", program, str(context.state_dir / "locks" / "bridges")]
    with context.lock("bridges"):
        assert subprocess.run(argv, check=False).returncode == 7
    assert subprocess.run(argv, check=False).returncode == 0


def test_a_log_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log("failed", error="two\nlines", kind="x", nothing=None)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith('event=failed error="two\\nlines" kind=x')


def test_the_agent_runs_where_django_is_not_installed() -> None:
    # None in sys.modules makes an import fail as if the package were absent; kombu tries it, and does without.
    program = "import sys\nsys.modules['django'] = None\nimport cloudstack.agent.app, cloudstack.agent.__main__\n"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0


def test_busy_share_is_that_since_the_last_look() -> None:
    share = BusyShare()
    assert share.since_last("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1\n") is None
    assert share.since_last("cpu  150 0 125 800 125 0 0 0 0 0\n") == 37.5
    assert share.since_last("cpu  150 0 125 800 125 0 0 0 0 0\n") is None


def test_traffic_is_that_of_real_cards() -> None:
    devices = (
        "Inter-|   Receive                    |  Transmit\n"
        " face |bytes packets errs drop fifo frame compressed multicast|bytes packets\n"
        "    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n"
        "  eth0: 1000 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
        "  eth1: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n"
    )
    assert traffic(devices, physical=lambda link: link.startswith("eth")) == (1005, 27)


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-utils is not installed")
def test_an_image_is_checked_and_mended(context: AgentContext, tmp_path: Path) -> None:
    image = tmp_path / f"{uuid.uuid4()}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "8M"], check=True)

    def check(**more: str) -> ImageReport:
        command = CheckImage(path=str(image), format="qcow2", **more)
        answer = contract.answer_from_wire(command, registry.answer(context, command.kind, command.to_wire()))
        assert isinstance(answer, ImageReport)
        return answer

    assert (check().errors, check().leaks, check().total_clusters) == (0, 0, 128)
    with image.open("r+b") as file:
        # The tenth cluster counts as used and nothing points to it; the table of these counts is the second cluster.
        file.seek(64 * 1024)
        block = int.from_bytes(file.read(8), "big")
        file.truncate(11 * 64 * 1024)
        file.seek(block + 2 * 10)
        file.write((1).to_bytes(2, "big"))
    assert check().leaks == 1
    assert check(repair="leaks").leaks_fixed == 1
    assert check().leaks == 0


A_VOLUME = "3f1c8f5e-6a0d-4f7b-9a51-0c7be9a3d111"


@pytest.mark.parametrize("path", ["/etc/passwd", "x.qcow2", f"/a/../{A_VOLUME}.qcow2", f"/pool/{A_VOLUME}.iso"])
def test_only_files_of_volumes_are_checked(path: str) -> None:
    with pytest.raises(InvalidSpec):
        CheckImage(path=path, format="qcow2")


def test_a_link_and_an_absent_file_are_not_checked(context: AgentContext, tmp_path: Path) -> None:
    link, absent = (tmp_path / f"{uuid.uuid4()}.qcow2" for _ in range(2))
    link.symlink_to("/etc/passwd")
    for path, words in ((link, "no plain file"), (absent, "is not there")):
        message = registry.answer(context, "image.check", {"path": str(path), "format": "qcow2"})
        assert not message["ok"] and words in message["error"]["message"]
