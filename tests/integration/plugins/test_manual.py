"""The manual of plugins is true: each hook has a page, and each page's plugin is well and does what the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.portal.reference.hooks import specifications
from cloudstack.framework.plugins import hookspecs
from tests.integration.plugins import manual, told

pytestmark = pytest.mark.xdist_group("manual")
HOW_TO = (manual.BEGINNING, manual.ADMIN)
HOOKS = sorted(name for module in hookspecs.ALL for name, _ in specifications(module))
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
SECTIONS = ("When it is called", "When it fails", "Example", "Test it")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says that has the plugins of all pages."""
    folder = tmp_path_factory.mktemp("manual")
    for page in (*HOW_TO, *manual.pages().values()):
        manual.write(folder / "plugins", page)
    environment = os.environ | {
        "CLOUDSTACK_PLUGINS_PATH": str(folder / "plugins"),
        "CLOUDSTACK_DATA": str(folder / "data"),
        "CLOUDSTACK_TEST_RUN": str(folder / "run"),
        "DJANGO_SETTINGS_MODULE": "cloudstack.settings.test",
        "PYTHONPATH": str(manual.REPO),
    }
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.plugins.manual_run", str(folder)],
        cwd=manual.REPO,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    answer = folder / "answer.json"
    assert answer.exists(), (done.stdout + done.stderr)[-4000:]
    found: dict[str, Any] = json.loads(answer.read_text())
    assert found["collection"] == [], "\n".join(found["collection"])
    return found["plugins"]


def test_every_hook_has_a_page_and_every_page_a_hook() -> None:
    assert sorted(manual.pages()) == HOOKS


def test_no_two_pages_make_the_same_plugin() -> None:
    names = [manual.name_of(page) for page in (*HOW_TO, *manual.pages().values())]
    assert sorted(names) == sorted(set(names))


def test_the_index_leads_to_every_page() -> None:
    text = manual.INDEX.read_text(encoding="utf-8")
    assert [name for name in manual.pages() if f"]({name}.md)" not in text] == []


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_says_what_a_reader_needs(hook: str) -> None:
    text = manual.pages()[hook].read_text(encoding="utf-8")
    assert [title for title in SECTIONS if f"\n## {title}\n" not in text] == []
    assert f"../reference/hooks.md#{hook})" in text


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_a_page_does_what_the_page_says(hook: str, made: dict[str, Any]) -> None:
    seen = made[manual.name_of(manual.pages()[hook])]
    ensure_well(seen)
    assert hook in seen["hooks"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_example_of_a_how_to_works(page: Path, made: dict[str, Any]) -> None:
    ensure_well(made[manual.name_of(page)])


def ensure_well(seen: dict[str, Any]) -> None:
    assert seen["complaints"] == []
    assert seen["failed"] == [], "\n".join(seen["failed"])
    assert seen["passed"] > 0, "its page shows no test"


@pytest.mark.parametrize("hook", sorted(told.TOLD))
def test_a_page_names_every_member_of_what_it_is_about(hook: str) -> None:
    text = FENCE.sub("", manual.pages()[hook].read_text(encoding="utf-8"))
    words = {word for span in CODE.findall(text) for word in re.findall(r"\w+", span)}
    silent = [f"{cls.__name__}.{name}" for cls in told.TOLD[hook] for name in told.members(cls) if name not in words]
    assert silent == []
