"""Where the portal finds the screens of a libvirt host. That a real one is shown, the lab proves."""

from dataclasses import replace

import pytest

from cloudstack.contracts.console import ConsoleFacts, ConsoleKind, SupportsConsole
from cloudstack.contracts.errors import NotFound, NotSupported
from plugins.hypervisors.kvm import console
from plugins.hypervisors.kvm.driver import KvmDriver

FAR, HERE = "qemu+tls://10.0.0.7/system", "qemu:///system"


@pytest.mark.parametrize(
    ("listens", "url", "known", "details", "found"),
    [
        ("10.0.0.7", FAR, "", {}, "10.0.0.7"),
        ("0.0.0.0", FAR, "", {}, "10.0.0.7"),
        ("0.0.0.0", "qemu+ssh://root@kvm1/system", "10.0.0.8", {}, "10.0.0.8"),
        ("::", "qemu+ssh://root@kvm1/system", "", {}, "kvm1"),
        ("127.0.0.1", HERE, "", {}, "127.0.0.1"),
        ("", HERE, "", {}, "127.0.0.1"),
        ("0.0.0.0", HERE, "", {}, "127.0.0.1"),
        ("127.0.0.1", FAR, "", {"console_address": "10.9.9.9"}, "10.9.9.9"),
        ("kvm1.mgmt", FAR, "", {}, "kvm1.mgmt"),
    ],
)
def test_the_address_is_one_that_the_portal_reaches(test_host, listens, url, known, details, found):
    host = replace(test_host, url=url, address=known, details=details)
    assert console.reachable_address(listens, host) == found


@pytest.mark.parametrize("listens", ["127.0.0.1", "::1", ""])
def test_a_far_loopback_is_told_with_the_remedy(test_host, listens):
    with pytest.raises(NotSupported, match="set the host detail vnc_listen"):
        console.reachable_address(listens, replace(test_host, url=FAR, details={}))


class Shown:
    """A domain of libvirt, of which only the definition is asked."""

    def __init__(self, graphics: str):
        self.graphics = graphics

    def name(self) -> str:
        return "i-1-VM"

    def XMLDesc(self, flags: int) -> str:
        password = " passwd='geheim-8'" if flags else ""
        return f"<domain><devices>{self.graphics.replace('%', password)}</devices></domain>"


def test_the_password_is_in_the_facts_and_in_no_words(test_host):
    host = replace(test_host, url=FAR, details={})
    shown = Shown("<graphics type='vnc' port='5901'%><listen type='address' address='0.0.0.0'/></graphics>")
    facts = console.facts(shown, host)
    assert facts == ConsoleFacts(kind=ConsoleKind.VNC, host="10.0.0.7", port=5901, password="geheim-8")
    assert "geheim" not in repr(facts)
    with pytest.raises(NotSupported, match="without a VNC server"):
        console.facts(Shown("<graphics type='spice' port='5901'/>"), host)
    with pytest.raises(NotFound, match="no port yet"):
        console.facts(Shown("<graphics type='vnc' port='-1'/>"), host)


def test_a_machine_that_does_not_run_has_none(test_host):
    driver = KvmDriver(test_host)
    assert isinstance(driver, SupportsConsole)
    with pytest.raises(NotFound, match="is not running"):
        driver.console("00000000-0000-4000-8000-000000000000")
