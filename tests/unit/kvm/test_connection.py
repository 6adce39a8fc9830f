"""Connections: which addresses are opened, what is told of them, what a fork or a lost host does to them."""

import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

from cloudstack.contracts.errors import (
    DriverError,
    DriverTimeout,
    DriverUnavailable,
    InvalidSpec,
    NotFound,
    NotSupported,
)
from plugins.hypervisors.kvm.connection import Connections, connection_url, connections, public_url, session
from plugins.hypervisors.kvm.errors import translate

REPO = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "url",
    [
        "qemu:///system",
        "qemu+unix:///system?socket=/run/host1/libvirt-sock",
        "qemu+tls://kvm1.example.org/system?pkipath=/etc/cloudstack/pki",
        "test:///default",
    ],
)
def test_good_addresses_are_taken_as_they_are(url):
    assert connection_url(url) == url


def test_ssh_never_asks_at_a_terminal():
    assert connection_url("qemu+ssh://root@kvm1/system") == "qemu+ssh://root@kvm1/system?no_tty=1"
    given = "qemu+ssh://root@kvm1:2222/system?keyfile=/etc/cloudstack/id_ed25519&no_tty=1"
    assert connection_url(given) == given


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://kvm1",
        "qemu+ext:///system",
        "xen:///",
        "qemu+ssh://kvm1/system?command=/tmp/evil",
        "qemu+ssh://kvm1/system?netcat=sh",
    ],
)
def test_addresses_that_could_start_programs_are_refused(url):
    with pytest.raises(InvalidSpec):
        connection_url(url)


def test_messages_show_neither_password_nor_options():
    shown = public_url("qemu+tls://admin:pa55@kvm1:16514/system?pkipath=/secret/place")
    assert shown == "qemu+tls://admin@kvm1:16514/system"


def test_one_connection_per_address(test_host):
    mine = Connections()
    first = mine.get(test_host)
    assert mine.get(replace(test_host, name="other name")) is first
    mine.forget(test_host, first)
    assert mine.get(test_host) is not first


def test_a_closed_connection_is_opened_again(test_host):
    mine = Connections()
    first = mine.get(test_host)
    first.close()
    assert mine.get(test_host).getHostname()


FORK = """
import os
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.connection import connections

host = HostRef(uuid="1", name="test", hypervisor="KVM", url="test:///default")
before = connections.get(host)
child = os.fork()
if child == 0:
    status = 1
    try:
        status = 0 if not connections._slots and connections.get(host) is not before else 2
    finally:
        os._exit(status)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert connections.get(host) is before
assert before.getHostname()
"""


def test_a_child_opens_its_own_and_leaves_the_parents_alone():
    """In a process of its own: threads of other tests may be inside libvirt at the moment of the fork."""
    ran = subprocess.run([sys.executable, "-c", FORK], cwd=REPO, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_a_host_that_is_not_there(test_host):
    gone = replace(test_host, url="qemu+unix:///system?socket=/nonexistent/socket")
    with pytest.raises(DriverUnavailable, match="cannot be reached"), session(gone, "try"):
        pass


def test_a_host_that_says_nothing_costs_its_time_limit_and_no_more(test_host, tmp_path):
    path = tmp_path / "silent"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        mute = replace(test_host, url=f"qemu+unix:///system?socket={path}", details={"connect_timeout_s": "0.5"})
        begun = time.monotonic()
        with pytest.raises(DriverUnavailable, match="did not answer within"):
            connections.get(mute)
        assert time.monotonic() - begun < 5


def test_libvirts_words_reach_the_caller(test_host):
    with pytest.raises(NotFound, match=r"test: look: Domain not found"), session(test_host, "look") as conn:
        conn.lookupByName("nobody")


@pytest.mark.parametrize(
    ("code", "origin", "kind", "retryable"),
    [
        (libvirt.VIR_ERR_RPC, libvirt.VIR_FROM_RPC, DriverUnavailable, True),
        (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, DriverUnavailable, True),
        (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_STORAGE, DriverError, False),
        (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC, DriverUnavailable, True),
        (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_QEMU, DriverError, False),
        (libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_FROM_QEMU, DriverTimeout, True),
        (libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_FROM_QEMU, DriverTimeout, True),
        (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_FROM_QEMU, NotFound, False),
        (libvirt.VIR_ERR_XML_ERROR, libvirt.VIR_FROM_DOMAIN, InvalidSpec, False),
        (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_FROM_TEST, NotSupported, False),
    ],
)
def test_errors_say_whether_another_try_may_help(code, origin, kind, retryable):
    error = libvirt.libvirtError("words")
    error.err = (code, origin, "libvirt's own words", 2, "", None, None, -1, -1)
    answer = translate(error, "host1: start")
    assert type(answer) is kind
    assert answer.retryable is retryable
    assert str(answer) == "host1: start: libvirt's own words"
