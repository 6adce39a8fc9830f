"""Parts of the lab that need no root: reasons, names and addresses, packages, the archive writer."""

import gzip
import ipaddress
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import checks, layout, packages
from lab.hosts import AgentOptions, _specification
from lab.image import cpio, kernel
from lab.layout import Layout


def plain(data: Path) -> Layout:
    return Layout(data, "cs0000", ipaddress.IPv4Network("10.99.1.0/24"))


def test_preflight_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(checks.shutil, "which", lambda name: None if name == "dnsmasq" else f"/usr/bin/{name}")
    problems = checks.preflight()
    assert any("run it as root" in problem for problem in problems)
    assert any("dnsmasq not found: apt-get install --no-install-recommends dnsmasq-base" in p for p in problems)


def test_root_without_capabilities_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.Path, "read_text", lambda self: "CapEff:\t00000000a80425fb\n")
    (problem,) = checks._lacking_capabilities()
    assert "CAP_SYS_ADMIN" in problem and "CAP_NET_ADMIN" in problem


def test_a_machine_that_cannot_carry_a_lab_gives_status_3(tmp_path: Path) -> None:
    program = "import os, sys\nos.geteuid = lambda: 1000\nfrom lab.__main__ import main\nsys.exit(main())"
    answer = subprocess.run(
        [sys.executable, "-c", program, "up"],
        env={**os.environ, "CLOUDSTACK_DATA": str(tmp_path), "PYTHONPATH": str(layout.REPO)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 3 and "run it as root" in answer.stderr and list(tmp_path.iterdir()) == []


def test_socket_paths_fit_however_long_the_data_folder_is(tmp_path: Path) -> None:
    for depth in (0, 5, 60, 120, 200):
        made = plain(tmp_path / ("x" * depth))
        longest = made.socket_folder("host99") / "libvirt-admin-sock"
        assert len(os.fsencode(longest)) < 108, longest
    assert plain(Path("/srv/var")).socket_folder("host1") == Path("/srv/var/lab/hosts/host1/run")


def test_two_labs_get_different_names_and_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "REGISTRY", tmp_path / "registry")
    monkeypatch.setattr(layout.net, "routes", list)
    one, other = layout.claim(tmp_path / "one"), layout.claim(tmp_path / "other")
    assert one.prefix != other.prefix and not one.subnet.overlaps(other.subnet)
    assert layout.claim(tmp_path / "one") == one
    # The first choice is taken by a route of the machine: another one.
    monkeypatch.setattr(layout.net, "routes", lambda: [(one.subnet, "eth0")])
    assert not layout.claim(tmp_path / "one").subnet.overlaps(one.subnet)
    assert len(f"{one.prefix}-gw") <= 15
    assert one.host_uuid("host1") != other.host_uuid("host1") != other.host_uuid("host2")


def test_the_brokers_url_is_in_no_command_line(tmp_path: Path) -> None:
    agent = AgentOptions(broker="redis://:secret@10.0.0.1/0", python="/usr/bin/python3", memory_mib=100)
    services = _specification(plain(tmp_path), "host1", "10.99.1.11", agent)["services"]
    assert [service["name"] for service in services] == ["libvirtd", "relay", "agent"]
    assert not any("secret" in word for service in services for word in service["argv"])
    # The host's network leads to the fabric only: it is the relay that goes out.
    assert services[1]["argv"][-3:-1] == ["6379", "10.0.0.1:6379"]
    assert services[2]["env"]["CLOUDSTACK_BROKER_URL"] == "redis://:secret@127.0.0.1:6379/0"


@pytest.mark.parametrize("url", ["unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"])
def test_a_brokers_unix_socket_needs_no_relay(tmp_path: Path, url: str) -> None:
    services = _specification(plain(tmp_path), "host1", "10.99.1.11", AgentOptions(broker=url))["services"]
    assert [service["name"] for service in services] == ["libvirtd", "agent"]
    assert services[1]["env"]["CLOUDSTACK_BROKER_URL"] == url


def test_the_packages_of_every_binary_are_on_the_list() -> None:
    listed = set(packages.wanted("core", "kvm", "lab"))
    assert set(checks.BINARIES.values()) <= listed
    from lab.image import TOOLS

    assert set(TOOLS.values()) - {"apt", "dpkg"} <= listed


def test_modules_come_after_what_they_need_and_unknown_ones_are_left_out() -> None:
    needs = {
        "virtio": ["kernel/virtio.ko"],
        "virtio_ring": ["kernel/virtio_ring.ko", "kernel/virtio.ko"],
        "virtio_net": ["kernel/virtio_net.ko", "kernel/virtio_ring.ko", "kernel/virtio.ko"],
    }
    assert kernel._closure(("virtio_net", "ext4"), needs) == [
        "kernel/virtio.ko",
        "kernel/virtio_ring.ko",
        "kernel/virtio_net.ko",
    ]


def test_archives_can_be_read_back(tmp_path: Path) -> None:
    archive = cpio.Archive()
    archive.folder("etc")
    archive.file("etc/words", b"odd length:5", mode=0o600)
    archive.link("etc/link", "words")
    raw = gzip.decompress(archive.compressed())
    # newc: 13 fields of 8 hexadecimal digits after a magic, everything padded to 4 bytes.
    at, names = 0, []
    while True:
        assert raw[at : at + 6] == b"070701"
        fields = [int(raw[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name = raw[at + 110 : at + 110 + fields[11] - 1].decode()
        at += (110 + fields[11] + 3) // 4 * 4
        content = raw[at : at + fields[6]]
        at += (fields[6] + 3) // 4 * 4
        if name == "TRAILER!!!":
            break
        names.append((name, oct(fields[1]), content))
    assert names == [
        ("etc", "0o40755", b""),
        ("etc/words", "0o100600", b"odd length:5"),
        ("etc/link", "0o120777", b"words"),
    ]
