"""Documents say what the code says: reference pages, hooks, commands, links, environment variables."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from apps.portal import reference
from apps.portal.reference.hooks import specifications
from apps.portal.reference.markdown import anchor
from cloudstack.api import registry
from cloudstack.framework.configuration.registry import all_keys
from cloudstack.framework.events.types import event_types
from cloudstack.framework.plugins import hookspecs
from cloudstack.runtime.variables import INTERNAL, VARIABLES, Reader

REPO = Path(__file__).resolve().parent.parent.parent
REFERENCE = REPO / "docs" / "reference"
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
READ = re.compile(r"environ(?:\.get|\.setdefault|\.pop)?[\[(]\s*\"([A-Z_]+)\"|_number\(environ, \"([A-Z_]+)\"")
NAMED = re.compile(r"^[A-Z_]*VARIABLE = \"([A-Z_]+)\"|^MARKER = \"([A-Z_]+)\"", re.MULTILINE)
WITH_PLUGINS = re.compile(r"^The pages of this reference were written with the plugins (.+)\.$", re.MULTILINE)
SHELL = re.compile(r"\$\{([A-Z_]+)[:+}-]")
OF_THE_SHELL = {"TMPDIR"}
HELP = {
    Reader.RUN: (["bin/run", "--help"],),
    Reader.BOOTSTRAP: (["bin/bootstrap", "--help"],),
    Reader.LAB: (["bin/lab", "--help"], ["bin/lab", "up", "--help"]),
    Reader.AGENT: ([".venv/bin/python", "-m", "cloudstack.agent", "--help"],),
}


def documents() -> list[Path]:
    found = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").rglob("*.md"))]
    assert len(found) > 10
    return found


def short(path: Path) -> str:
    return str(path.relative_to(REPO))


# Reference


@pytest.fixture(scope="module")
def fresh_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as a process writes them in which no test has declared anything of its own."""
    folder = tmp_path_factory.mktemp("docs") / "reference"
    subprocess.run([sys.executable, "manage.py", "write_reference", "--folder", folder], cwd=REPO, check=True)
    return folder


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_reference_page_says_what_the_code_says(name: str, fresh_pages: Path) -> None:
    """Failed? Run manage.py write_reference and commit what it wrote."""
    [documented] = WITH_PLUGINS.findall((REFERENCE / "commands.md").read_text())
    [there] = WITH_PLUGINS.findall((fresh_pages / "commands.md").read_text())
    if gone := set(documented.split(", ")) - set(there.split(", ")):
        pytest.skip(f"the reference tells of plugins that are not here: {', '.join(sorted(gone))}")
    written = (REFERENCE / name).read_text().splitlines()
    fresh = (fresh_pages / name).read_text().splitlines()
    assert written == fresh, f"run manage.py write_reference: {name} is out of date"


def test_no_page_of_the_reference_is_left_over() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == {name for name in reference.PAGES if "/" not in name}


def test_every_command_setting_and_event_stands_in_the_reference() -> None:
    commands = headings((REFERENCE / "commands.md").read_text())
    assert [command.name for command in registry.all() if command.name not in commands] == []
    settings = (REFERENCE / "settings.md").read_text()
    assert [key.name for key in all_keys() if f"`{key.name}`" not in settings] == []
    events = (REFERENCE / "events.md").read_text()
    assert [name for name in event_types() if f"`{name}`" not in events] == []


HOOKS = [hook for module in hookspecs.ALL for hook in specifications(module)]


@pytest.mark.parametrize(("name", "function"), HOOKS, ids=[name for name, _ in HOOKS])
def test_every_hook_is_documented_with_its_exact_arguments(name: str, function: Callable[..., Any]) -> None:
    section = section_of((REFERENCE / "hooks.md").read_text(), name)
    [arguments] = re.findall(rf"^def {name}\((.*)\):$", section, re.MULTILINE)
    assert arguments.replace(" ", "").split(",") == (list(inspect.signature(function).parameters) or [""])
    meaning = " ".join((inspect.getdoc(function) or "").split()).replace("``", "`")
    assert meaning in section


# Links


def headings(text: str) -> list[str]:
    return HEADING.findall(FENCE.sub("", text))


def section_of(text: str, heading: str) -> str:
    """From the heading to the next one."""
    _, _, rest = text.partition(f"\n### {heading}\n")
    assert rest, f"there is no section {heading}"
    return re.split(r"^#{1,3} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


@cache
def anchors(path: Path) -> frozenset[str]:
    return frozenset(anchor(heading) for heading in headings(path.read_text()))


def broken_links(path: Path) -> list[str]:
    broken = []
    for target in LINK.findall(FENCE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        outside = not place.is_relative_to(REPO)
        if outside or not place.exists() or (fragment and fragment not in anchors(place)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("path", documents(), ids=short)
def test_every_relative_link_resolves(path: Path) -> None:
    assert broken_links(path) == []


def test_the_search_for_broken_links_finds_them(tmp_path: Path) -> None:
    text = "[a](hooks.md#event_published) [b](nowhere.md) [c](hooks.md#nothing) [d](https://example.org)\n"
    probe = tmp_path / "probe.md"
    probe.write_text(text)
    (tmp_path / "hooks.md").write_text("### event_published\n")
    assert LINK.findall(text) == ["hooks.md#event_published", "nowhere.md", "hooks.md#nothing", "https://example.org"]
    # Outside the repository everything is broken, except what is no path at all.
    assert broken_links(probe) == ["hooks.md#event_published", "nowhere.md", "hooks.md#nothing"]
    assert "event_published" in anchors(REFERENCE / "hooks.md") and "nothing" not in anchors(REFERENCE / "hooks.md")


@pytest.mark.parametrize("path", documents(), ids=short)
def test_paths_in_backticks_exist(path: Path) -> None:
    """Such as ``cloudstack/framework/fsm.py``: what a reader would open."""
    text = FENCE.sub("", path.read_text())
    named = re.findall(r"`((?:apps|bin|cloudstack|docs|lab|plugins|tests|requirements)/[\w./-]+)`", text)
    # Those are written at run time, these by the reader.
    named = [name for name in named if not name.endswith(".json") and not name.startswith("plugins/features/")]
    assert [name for name in named if not (REPO / name).exists()] == []


# Environment


def read_by_the_code() -> set[str]:
    """Names of environment variables that some file of the product reads or sets."""
    found: set[str] = set()
    for folder in ("apps", "cloudstack", "lab", "plugins"):
        for path in (REPO / folder).rglob("*.py"):
            if path.name != "variables.py":
                found.update(a or b for pattern in (READ, NAMED) for a, b in pattern.findall(path.read_text()))
    for path in (REPO / "bin").iterdir():
        found.update(SHELL.findall(path.read_text()))
    return found - OF_THE_SHELL


def test_every_variable_that_is_read_is_declared_and_the_other_way_round() -> None:
    declared = {variable.name for variable in VARIABLES}
    assert len(declared) == len(VARIABLES)
    read = read_by_the_code()
    assert read - declared - set(INTERNAL) == set(), "declare it in cloudstack/runtime/variables.py"
    assert declared - read == set(), "nobody reads it"
    assert set(INTERNAL) - read == set(), "nobody uses it"


@cache
def help_of(reader: Reader) -> str:
    texts = []
    for command in HELP[reader]:
        answer = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False, timeout=60)
        assert answer.returncode == 0, answer.stderr
        texts.append(answer.stdout)
    return "\n".join(texts)


@pytest.mark.parametrize("reader", Reader)
def test_help_names_every_variable_that_is_documented_for_it(reader: Reader) -> None:
    wanted = [variable.name for variable in VARIABLES if reader in variable.readers]
    assert wanted
    assert [name for name in wanted if not re.search(rf"\b{name}\b", help_of(reader))] == []


def test_the_readme_names_only_variables_that_there_are() -> None:
    text = (REPO / "README.md").read_text()
    of_admin_env = {"CLOUDSTACK_ENDPOINT", "CLOUDSTACK_KEY", "CLOUDSTACK_SECRET", "ADMIN_USER", "ADMIN_PASSWORD"}
    named = set(re.findall(r"`\$?([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", text))
    assert named, "the README has a table of variables"
    assert named - {variable.name for variable in VARIABLES} - of_admin_env == set()
