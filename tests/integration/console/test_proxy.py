"""From a WebSocket through the portal to a machine's screen."""

import contextlib
import struct
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from apps.accounts.factories import AccountFactory, UserFactory
from apps.compute.models import ConsoleSession, VirtualMachine
from apps.compute.states import VmState
from apps.portal.console import proxy
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.support.screen import HEIGHT, WIDTH, FakeScreen
from tests.support.viewer import Viewer

from .conftest import PASSWORD, Console

PRESS_A = struct.pack("!BBxxI", 4, 1, ord("a"))
WANT_ALL = struct.pack("!BBHHHH", 3, 0, 0, 0, WIDTH, HEIGHT)
WANT_NEWS = struct.pack("!BBHHHH", 3, 1, 0, 0, WIDTH, HEIGHT)
PICTURE_BYTES = 16 + 4 * WIDTH * HEIGHT


_windows = contextlib.ExitStack()


def viewer(url: str, **options: Any) -> Viewer:
    """Closed after the test, if not before."""
    return Viewer(_windows.enter_context(connect(url, compression=None, max_size=None, **options)))


@pytest.fixture(autouse=True)
def windows() -> Iterator[None]:
    yield
    _windows.close()


def session() -> ConsoleSession:
    return ConsoleSession.objects.latest("pk")


def ended(seconds: float = 10) -> ConsoleSession:
    deadline = time.monotonic() + seconds
    while ConsoleSession.objects.filter(acquired__isnull=False, ended__isnull=True).exists():
        assert time.monotonic() < deadline, "the session does not end"
        time.sleep(0.05)
    return session()


def test_a_key_goes_to_the_machine_and_its_screen_comes_back(console: Console) -> None:
    new = console.new()
    assert not ConsoleSession.objects.filter(token_hash=new["token"]).exists(), "the token itself is stored"
    seen = viewer(f"{console.base}/{new['path']}").open()
    seen.socket.send(WANT_ALL)
    before = seen.read(PICTURE_BYTES)
    seen.socket.send(PRESS_A + WANT_NEWS)
    after = seen.read(PICTURE_BYTES)
    assert console.screen.keys == [ord("a")] and before != after
    assert PASSWORD.encode() not in seen.heard
    row = session()
    assert row.acquired is not None and row.ended is None
    assert (row.user_id, row.vm_id, row.client_address) == (console.user.pk, console.vm.pk, "127.0.0.1")
    seen.socket.close()
    assert ended().end_reason == "closed by the user"
    assert console.screen.cut.wait(5), "the hypervisor's connection stays open"
    types = {one["type"] for one in console.cloud.api.items("listEvents", resourceid=console.vm.uuid)}
    assert {"VM.CONSOLE.OPEN", "VM.CONSOLE.CLOSE"} <= types


def test_a_token_opens_one_console(console: Console) -> None:
    url = console.url()
    first = viewer(url).open()
    second = viewer(url)
    assert "used already" in second.refusal()
    assert second.closed()[0] == proxy.REFUSED
    first.socket.send(WANT_ALL)
    assert first.read(PICTURE_BYTES), "the first one suffers from the second"
    first.socket.close()
    assert "used already" in viewer(f"{console.base}/console/ws/no-such-token").refusal()


def test_of_ten_that_bring_a_token_at_once_one_gets_in(console: Console) -> None:
    url, outcomes = console.url(), []

    def knock() -> None:
        with connect(url, compression=None) as socket:
            outcomes.append(Viewer(socket).greet())

    threads = [threading.Thread(target=knock) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == [0] * 9 + [1]


def test_a_token_expires(console: Console) -> None:
    url = console.url()
    ConsoleSession.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert "time is up" in viewer(url).refusal()


def test_an_additional_token_has_to_be_brought_along(console: Console) -> None:
    assert "additional token" in viewer(console.url(token="abc")).refusal()
    new = console.new(token="abc")
    assert new["extra"] == "abc"
    viewer(f"{console.base}/{new['path']}?token={new['token']}&extra=abc").open().socket.close()


def test_what_changes_between_asking_and_opening_counts(console: Console) -> None:
    vms = VirtualMachine.objects.filter(pk=console.vm.pk)
    url = console.url()
    other = console.cloud.hosts[0] if console.cloud.hosts[0].pk != console.vm.host_id else console.cloud.hosts[1]
    vms.update(host=other)
    assert "moved to another host" in viewer(url).refusal()
    vms.update(host=console.vm.host)
    url = console.url()
    vms.update(account=AccountFactory(name="buyer", domain=console.cloud.account.domain))
    assert "may not operate it any more" in viewer(url).refusal()
    vms.update(account=console.cloud.account)
    url = console.url()
    vms.update(state=VmState.STOPPED)
    assert "The machine is Stopped" in viewer(url).refusal()
    vms.update(state=VmState.RUNNING)
    url = console.url()
    console.cloud.admin.call("disableUser", id=console.user.uuid)
    run_jobs()
    assert "not enabled any more" in viewer(url).refusal()
    assert not ConsoleSession.objects.filter(ended__isnull=True).exists()


def test_an_open_console_ends_when_its_user_loses_the_machine(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "CHECK_INTERVAL_S", 0.2)
    seen = viewer(console.url()).open()
    console.cloud.admin.call("disableUser", id=console.user.uuid)
    run_jobs()
    assert seen.closed() == (proxy.ENDED, "Your user or account is not enabled any more.")
    assert "not enabled" in ended().end_reason


def test_a_console_where_nobody_sits_is_closed(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "CHECK_INTERVAL_S", 0.2)
    monkeypatch.setattr(proxy, "IDLE_MS", SimpleNamespace(value=lambda: 1000))
    seen = viewer(console.url()).open()
    begun = time.monotonic()
    while time.monotonic() - begun < 1.5:
        seen.socket.send(WANT_NEWS + PRESS_A)
        time.sleep(0.1)
    threading.Thread(target=lambda: [seen.socket.send(WANT_ALL) for _ in range(3)], daemon=True).start()
    code, reason = seen.closed()
    assert code == proxy.ENDED and "without a key" in reason


def test_a_screen_that_goes_dark_says_why(console: Console) -> None:
    seen = viewer(console.url()).open()
    VirtualMachine.objects.filter(pk=console.vm.pk).update(state=VmState.STOPPED)
    console.screen.hang_up()
    assert seen.closed() == (proxy.ENDED, "The machine is Stopped.")


def test_the_hypervisors_own_words_are_told(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloudstack.contracts.console import ConsoleFacts, ConsoleKind
    from cloudstack.contracts.errors import DriverUnavailable

    def shows(port: int, password: str = "") -> None:
        facts = ConsoleFacts(kind=ConsoleKind.VNC, host="127.0.0.1", port=port, password=password)
        monkeypatch.setattr(SimulatorDriver, "console", lambda self, uuid: facts, raising=False)

    shows(console.screen.port, "wrong-one")
    assert "refuses: wrong password" in viewer(console.url()).refusal()
    with FakeScreen(refusal="Too many authentication failures") as strict:
        shows(strict.port)
        assert "Too many authentication failures" in viewer(console.url()).refusal()
    shows(1)
    assert "127.0.0.1:1 cannot be reached: Connect" in viewer(console.url()).refusal()

    def away(self: Any, uuid: str) -> None:
        raise DriverUnavailable("sim-1 did not answer within 30 s")

    monkeypatch.setattr(SimulatorDriver, "console", away)
    assert "sim-1 did not answer within 30 s" in viewer(console.url()).refusal()
    monkeypatch.setattr(proxy, "hypervisor_driver", lambda host: object())
    assert "have no screen" in viewer(console.url()).refusal()


def test_other_servers_pages_and_other_users_are_turned_away(console: Console) -> None:
    url = console.url()
    for origin in ("https://evil.example", "null", console.base.replace("ws", "https")):
        with pytest.raises(InvalidStatus, match="403"):
            viewer(url, origin=origin)
    for path in ("elsewhere", "console/ws", "console/ws/" + "x" * 300):
        with pytest.raises(InvalidStatus, match="403"):
            viewer(f"{console.base}/{path}")
    # Nothing of that has used the token up.
    assert session().acquired is None
    browser = Client()
    browser.force_login(UserFactory(account=console.cloud.account))
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
    assert "another user" in viewer(url, additional_headers=cookie).refusal()
    browser.force_login(console.user)
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
    origin = console.base.replace("ws", "http")
    viewer(console.url(), additional_headers=cookie, origin=origin).open().socket.close()  # type: ignore[arg-type]


@pytest.mark.parametrize(("message", "code"), [("text", 1003), (bytes(1024 * 1024 + 1), 1009)], ids=["text", "large"])
def test_what_is_no_consoles_traffic_ends_it(console: Console, message: str | bytes, code: int) -> None:
    seen = viewer(console.url()).open()
    seen.socket.send(message)
    assert seen.closed()[0] == code
    assert ended()


def test_who_says_nothing_does_not_use_the_token_up(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "GREETING_S", 0.3)
    silent = viewer(console.url())
    assert silent.closed()[0] == 1002
    rude = viewer(console.url())
    rude.socket.send(b"GET / HTTP/1")
    assert rude.closed()[0] == 1002
    assert ConsoleSession.objects.filter(acquired__isnull=False).count() == 0


def test_a_full_or_draining_server_takes_no_more(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.cloud.admin.call("updateConfiguration", name="consoleproxy.session.max", value=1)
    first, url = viewer(console.url()).open(), console.url()
    assert "Too many consoles" in viewer(url).refusal()
    first.socket.close()
    ended()
    monkeypatch.setattr(proxy, "draining", lambda: True)
    assert "out of service" in viewer(url).refusal()
