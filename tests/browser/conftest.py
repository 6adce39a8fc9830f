"""A real browser in front of a live server with a simulated cloud."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from apps.accounts.factories import PASSWORD, UserFactory
from apps.accounts.models import Account
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api.config import STREAMS_A_PROCESS
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager
from tests.support.cloud import SimulatedCloud, build_cloud

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SHOTS = "CLOUDSTACK_SCREENSHOTS"
"""Environment variable: folder that keeps the pictures; without it they go with the test's own folder."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser of the system, with a fresh profile."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no chromium here: as root, bin/bootstrap --dev installs it")
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is in requirements/dev.txt")
    # Playwright's loop runs in this thread; Django takes that for asynchronous code, which it is not.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with playwright_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS), headless=True)
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@dataclass
class Window:
    """A page with what went wrong on it. Paths are those of the live server."""

    page: Any
    base: str
    shots: Path
    errors: list[str] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)

    def open(self, path: str) -> None:
        answer = self.page.goto(self.base + path)
        assert answer is not None and answer.status < 400, f"{path}: {answer and answer.status}"

    def shot(self, name: str) -> None:
        self.page.screenshot(path=str(self.shots / f"{name}.png"), full_page=True)

    def log_in(self, username: str = "operator") -> None:
        self.open("/admin/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/admin/")

    def messages(self) -> list[str]:
        """What the page says about the last operation; waits for it."""
        self.page.locator(".messagelist li").first.wait_for()
        return [text.strip() for text in self.page.locator(".messagelist li").all_inner_texts()]

    def forgive(self, status: str) -> None:
        """Forget that the browser noted an answer with this status: it was meant."""
        self.errors[:] = [error for error in self.errors if status not in error]

    def overflow_px(self) -> int:
        """How far the page is wider than the window."""
        script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(script))


@pytest.fixture
def cloud(transactional_db: None) -> Iterator[SimulatedCloud]:
    forget_rules()
    store.forget()
    cache.clear()
    # A stream would outlive the test and its database; pages ask again by themselves then.
    cloud = build_cloud()
    ConfigurationManager().update(caller=cloud.root, name=STREAMS_A_PROCESS.name, value="0")
    yield cloud
    forget_rules()
    store.forget()


@pytest.fixture
def window(chromium: Any, cloud: SimulatedCloud, live_server: Any, tmp_path: Path) -> Iterator[Callable[..., Window]]:
    """Opens a window: ``window(viewport=PHONE, color_scheme="dark")``. A fault on any page fails the test."""
    UserFactory(username="operator", account=Account.objects.get(pk=cloud.root.account_id))
    shots = Path(os.environ[SHOTS]) if os.environ.get(SHOTS) else tmp_path
    shots.mkdir(parents=True, exist_ok=True)
    opened: list[tuple[Any, Window]] = []

    def make(viewport: dict[str, int] = DESKTOP, color_scheme: str = "light", **options: Any) -> Window:
        context = chromium.new_context(viewport=viewport, color_scheme=color_scheme, **options)
        context.set_default_timeout(15_000)
        made = Window(context.new_page(), live_server.url, shots)
        made.page.on("pageerror", lambda error: made.errors.append(f"script: {error}"))
        made.page.on("console", lambda line: line.type == "error" and made.errors.append(f"console: {line.text}"))
        made.page.on("request", lambda request: _note_stranger(made, request.url))
        opened.append((context, made))
        return made

    yield make
    for context, made in opened:
        context.close()
        assert made.errors == []
        assert made.strangers == set(), "a page asks other servers"


def _note_stranger(window: Window, url: str) -> None:
    if urlsplit(url).scheme in ("http", "https") and not url.startswith(window.base):
        window.strangers.add(url)
