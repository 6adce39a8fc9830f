"""Whom the plugin believes, how it stays logged in, and what it says when vCenter refuses."""

import dataclasses
import threading
from pathlib import Path

import pytest

from cloudstack.contracts.errors import DriverUnavailable, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.vmware.driver import VmwareDriver
from plugins.hypervisors.vmware.session import Session, pool
from plugins.hypervisors.vmware.vcenter import login_of, vcenter
from tests.integration.vmware.conftest import Center

pytestmark = pytest.mark.lab


def ask(host: HostRef, **changes: object) -> object:
    return VmwareDriver(dataclasses.replace(host, **changes)).host_facts()


def test_the_certificate_is_always_checked(center: Center, tmp_path: Path) -> None:
    host, authority = center.host(), tmp_path / "ca.pem"
    authority.write_text(center.facts.certificate)
    assert ask(host, details={"ca_file": str(authority)})
    with pytest.raises(DriverUnavailable, match="is not trusted") as unknown:
        ask(host, details={})
    with pytest.raises(DriverUnavailable, match="thumbprint") as other:
        ask(host, details={"thumbprint": "0" * 64})
    assert not unknown.value.retryable and not other.value.retryable
    for nonsense in ({"thumbprint": "ab"}, {"thumbprint": "x" * 64}, {"ca_file": str(tmp_path / "none")}):
        with pytest.raises(InvalidSpec):
            ask(host, details=nonsense)


def test_a_session_that_vcenter_ended_is_opened_anew(center: Center) -> None:
    """Both ways in which vCenter says so: of a call, and of each property of a collector's answer."""
    host = center.host()
    for call in (lambda vc: vc.one(vc.host, "name"), lambda vc: vc.machine("0" * 36)):
        with vcenter(host, "end the session") as vc:
            before = vc.session.logins
            other = Session(vc.session.login)
            other.open()
            other.content.sessionManager.TerminateSession([vc.content.sessionManager.currentSession.key])
            other.close()
            call(vc)
            assert vc.one(vc.host, "name") == host.name
            assert vc.session.logins == before + 1


def test_threads_share_one_session(center: Center) -> None:
    host = center.host()
    pool.close_all()
    seen: list[Session] = []

    def look() -> None:
        with vcenter(host, "look") as vc:
            assert vc.one(vc.host, "name") == host.name
            seen.append(vc.session)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8 and len(set(map(id, seen))) == 1 and seen[0].logins == 1
    pool.look_after()
    assert pool.get(seen[0].login) is seen[0]
    seen[0].used_at -= 4000
    pool.look_after()
    assert pool.get(login_of(host.url, host.details, host.secrets)) is not seen[0]


def test_errors_carry_the_words_of_vcenter(center: Center) -> None:
    host = center.host()
    with pytest.raises(DriverUnavailable, match="vCenter says InvalidLogin") as refused:
        ask(host, secrets={"username": "nobody", "password": "Correct-horse-7"})
    assert not refused.value.retryable and "Correct-horse" not in str(refused.value) + repr(host)
    with pytest.raises(NotFound, match="/DC0/host/DC0_C0/nowhere"):
        ask(host, url=host.url.replace("DC0_C0_H0", "nowhere"))
    for url in ("https://vcenter/one/two", "qemu:///system", "https:///a/b/c", "https://vcenter:x/a/b/c"):
        with pytest.raises(InvalidSpec, match="write https://"):
            ask(host, url=url)
    spec = center.machine()
    disk = dataclasses.replace(spec.disks[0], path=spec.disks[0].path.replace(".vmdk", "-gone.vmdk"))
    with pytest.raises(NotFound, match="vCenter says FileNotFound"):
        VmwareDriver(host).start(dataclasses.replace(spec, disks=(disk,)))
