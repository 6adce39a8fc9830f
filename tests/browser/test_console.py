"""The page of a console in a real browser, over a web server that speaks WebSocket."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.test import override_settings

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from cloudstack.contracts.console import ConsoleFacts, ConsoleKind
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.integration.console.conftest import PASSWORD, screen, serving
from tests.support.cloud import SimulatedCloud
from tests.support.screen import FakeScreen

from .conftest import PHONE, Window

__all__ = ["screen"]


@pytest.fixture
def live_server() -> Iterator[Any]:
    """In the place of Django's, which has no WebSockets."""
    from cloudstack.asgi import application

    with serving(ASGIStaticFilesHandler(application)) as address:
        # pytest-django looks for its own by name.
        yield SimpleNamespace(url=address.replace("ws", "http", 1), _live_server_modified_settings=override_settings())


@pytest.fixture
def vm(cloud: SimulatedCloud, screen: FakeScreen, monkeypatch: pytest.MonkeyPatch) -> VirtualMachine:
    facts = ConsoleFacts(kind=ConsoleKind.VNC, host="127.0.0.1", port=screen.port, password=PASSWORD)
    monkeypatch.setattr(SimulatorDriver, "console", lambda self, uuid: facts, raising=False)
    made = cloud.deploy(name="web1")
    run_jobs()
    return VirtualMachine.objects.get(uuid=made["id"])


def state_is(window: Window, words: str) -> None:
    window.page.locator("#state", has_text=re.compile(words)).wait_for()


def until(window: Window, question: Callable[[], bool]) -> None:
    for _ in range(100):
        if question():
            return
        window.page.wait_for_timeout(50)
    raise AssertionError("it does not come")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_keys_reach_the_machine_and_the_bar_says_how_it_stands(
    window: Callable[..., Window], vm: VirtualMachine, screen: FakeScreen, look: str
) -> None:
    opened = window(color_scheme=look, **({"viewport": PHONE} if look == "dark" else {}))
    opened.log_in()
    opened.open(f"/admin/compute/virtualmachine/{vm.pk}/change/")
    opened.page.get_by_role("link", name="Console", exact=True).click()
    state_is(opened, "^Connected$")
    assert opened.page.evaluate("document.activeElement.tagName") == "CANVAS"
    opened.page.keyboard.press("a")
    until(opened, lambda: ord("a") in screen.keys)
    opened.shot(f"console-{look}")
    assert opened.overflow_px() == 0
    screen.keys.clear()
    opened.page.get_by_role("button", name="Ctrl+Alt+Del").click()
    until(opened, lambda: screen.keys == [0xFFE3, 0xFFE9, 0xFFFF])
    screen.keys.clear()
    opened.page.get_by_role("button", name="Type text…").click()
    opened.page.locator("#typed").fill("aB?\n")
    opened.shot(f"console-text-{look}")
    opened.page.get_by_role("button", name="Type it").click()
    until(opened, lambda: screen.keys == [ord("a"), 0xFFE1, ord("B"), 0xFFE1, ord("?"), 0xFF0D])
    # The screen takes Tab as well: one combination leads out of it.
    opened.page.keyboard.press("Tab")
    until(opened, lambda: screen.keys[-1] == 0xFF09)
    opened.page.keyboard.press("Control+Alt+Home")
    assert opened.page.evaluate("document.activeElement.id") == "cad"
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.id") == "paste"
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.tagName") == "CANVAS", "no way back into the screen"
    screen.hang_up()
    state_is(opened, "The hypervisor closed the console")
    assert opened.page.get_by_role("button", name="Ctrl+Alt+Del").is_disabled()
    opened.page.get_by_role("button", name="Connect again").click()
    state_is(opened, "^Connected$")
    VirtualMachine.objects.filter(pk=vm.pk).update(state=VmState.STOPPED)
    screen.hang_up()
    state_is(opened, "The machine is Stopped")
    opened.page.get_by_role("button", name="Connect again").click()
    state_is(opened, "Only a running machine has a console")
    opened.shot(f"console-over-{look}")
    opened.forgive("409")


def test_a_refusal_is_shown_in_the_hypervisors_words(
    window: Callable[..., Window], vm: VirtualMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeScreen(refusal="Too many authentication failures, which is told at some length") as strict:
        facts = ConsoleFacts(kind=ConsoleKind.VNC, host="127.0.0.1", port=strict.port)
        monkeypatch.setattr(SimulatorDriver, "console", lambda self, uuid: facts)
        opened = window()
        opened.log_in()
        opened.open(f"/console/{vm.uuid}")
        state_is(opened, "could not be opened: the VNC server refuses: Too many .* told at some length")
        opened.forgive("")


def test_without_scripts_the_page_says_what_it_needs(window: Callable[..., Window], vm: VirtualMachine) -> None:
    opened = window(java_script_enabled=False)
    opened.log_in()
    opened.open(f"/console/{vm.uuid}")
    assert opened.page.locator("noscript p").is_visible()
