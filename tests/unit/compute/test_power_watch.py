"""The watcher: one thread for each host that tells of power changes, for as long as the host is there."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from apps.compute.services import power_watch
from apps.compute.services.power_watch import PowerWatch
from cloudstack.contracts.errors import DriverUnavailable
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState


class Teller:
    """A driver whose connection breaks as often as it is told to, and which then tells one change."""

    def __init__(self, breaks: int = 0):
        self.breaks = breaks
        self.begun = 0
        self.listening = threading.Event()
        self.ended = threading.Event()

    def watch_power(self, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
        self.begun += 1
        if self.begun <= self.breaks:
            raise DriverUnavailable("the connection was lost")
        report("host", "vm", PowerState.OFF)
        self.listening.set()
        while not stop():
            time.sleep(0.005)
        self.ended.set()


def ref(name: str) -> HostRef:
    return HostRef(uuid=name, name=name, hypervisor="KVM", url="")


@pytest.fixture
def tellers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Teller]:
    known: dict[str, Teller] = {}
    monkeypatch.setattr(power_watch, "hypervisor_driver", lambda host: known[host.name])
    monkeypatch.setattr(power_watch, "RETRY_S", 0.01)
    monkeypatch.setattr(power_watch, "LOOK_S", 0.02)
    monkeypatch.setattr(power_watch, "_report", lambda *told: None)
    return known


def watch(wanted: dict[str, HostRef], monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()
    watcher = PowerWatch(stop)
    monkeypatch.setattr(watcher, "_watchable", lambda: dict(wanted))
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    return thread, stop


def test_hosts_come_and_go(tellers: dict[str, Teller], monkeypatch: pytest.MonkeyPatch) -> None:
    tellers.update(a=Teller(), b=Teller())
    wanted = {"a": ref("a")}
    thread, stop = watch(wanted, monkeypatch)
    assert tellers["a"].listening.wait(5) and not tellers["b"].begun
    wanted["b"] = ref("b")
    assert tellers["b"].listening.wait(5)
    del wanted["a"]
    assert tellers["a"].ended.wait(5) and not tellers["b"].ended.is_set()
    stop.set()
    thread.join(5)
    assert not thread.is_alive() and tellers["b"].ended.is_set()


def test_a_connection_that_breaks_is_made_again(tellers: dict[str, Teller], monkeypatch: pytest.MonkeyPatch) -> None:
    tellers["a"] = Teller(breaks=3)
    thread, stop = watch({"a": ref("a")}, monkeypatch)
    assert tellers["a"].listening.wait(5) and tellers["a"].begun == 4
    stop.set()
    thread.join(5)


@pytest.mark.django_db
def test_a_report_that_cannot_be_taken_in_does_not_stop_the_listening(
    monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(power_watch, "close_old_connections", lambda: None)
    monkeypatch.setattr(power_watch.PowerSyncManager, "report", broken)
    power_watch._report("host", "vm", PowerState.OFF)
    assert "was not taken in" in caplog.text
