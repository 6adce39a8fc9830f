"""Which tests need which plugins: without its folder they are skipped, and the others pass.

The core knows no plugin. Its tests need a hypervisor to try things on, and an element that gives networks their
services; these two are their stage, and stand for any. Some tests are about one plugin. What a test needs is read off
what it imports, in its folder's conftest files and helpers too.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cloudstack.composition.plugin_checks import imports_of

REPO = Path(__file__).resolve().parent.parent.parent
TESTS = REPO / "tests"

STAGE = frozenset({"hypervisors/simulator", "network/virtual_router"})
"""Plugins that tests of the core play on. They import the first alone; of the second they use names of services."""
PLAYS_ON = {"support/cloud.py": STAGE}
"""Helper of ``tests/`` → the plugins that it needs beyond those that it imports."""

ABOUT = {
    "integration/kvm": "hypervisors/kvm",
    "integration/lab/test_agent_conformance.py": "hypervisors/kvm",
    "integration/vmware": "hypervisors/vmware",
    "unit/kvm": "hypervisors/kvm",
    "unit/simulator": "hypervisors/simulator",
    "unit/virtual_router": "network/virtual_router",
    "workflows/network/test_real_hosts.py": "network/virtual_router",
    "workflows/storage/test_directory_store.py": "storage/directory",
    "workflows/storage/test_template_registration.py": "storage/directory",
}
"""Folder or file of ``tests/`` → the plugin in ``plugins/`` that it is about."""


def plugin_of(path: Path) -> str:
    """The plugin that the tests at ``path`` are about; empty for those of the core."""
    inside = path.relative_to(REPO / "tests") if path.is_relative_to(REPO / "tests") else None
    for place, plugin in ABOUT.items():
        if inside is not None and inside.is_relative_to(place):
            return plugin
    return ""


def absent_for(path: Path) -> list[str]:
    """Plugins that the tests at ``path``, a file or a folder, need and whose folders are not there."""
    if not any(absent(plugin) for plugin in STAGE | set(ABOUT.values())):
        return []
    conftests = [folder / "conftest.py" for folder in (path, *path.parents) if folder.is_relative_to(TESTS)]
    files = [file for file in (path, *conftests) if file.is_file() and file != TESTS / "conftest.py"]
    needed = {plugin for file in files for plugin in needs(file)} | {plugin_of(path)}
    return sorted(plugin for plugin in needed if plugin and absent(plugin))


def absent(plugin: str) -> bool:
    return not (REPO / "plugins" / plugin).is_dir()


def needs(path: Path) -> set[str]:
    """Plugins without which the file of ``tests/`` cannot be imported or does not work."""
    found: set[str] = set()
    seen, left = set(), [path]
    while left:
        file = left.pop()
        if file not in seen:
            seen.add(file)
            plugins, helpers = _imported(file)
            found |= plugins | PLAYS_ON.get(file.relative_to(TESTS).as_posix(), set())
            left += helpers
    return found


@cache
def _imported(path: Path) -> tuple[set[str], list[Path]]:
    """Plugins and helpers that a file imports itself."""
    plugins: set[str] = set()
    helpers: list[Path] = []
    for name in _names(path):
        parts = name.split(".")
        if parts[0] == "plugins" and len(parts) > 2:
            plugins.add("/".join(parts[1:3]))
        elif parts[0] == "tests":
            files = (REPO.joinpath(*parts[:n]).with_suffix(".py") for n in range(2, len(parts) + 1))
            helpers += [file for file in files if file.is_file()]
    return plugins, helpers


def _names(path: Path) -> Iterator[str]:
    yield from (name for name, _ in imports_of(path))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1].relative_to(REPO)
            yield from (".".join([*folder.parts, node.module or "", one.name]).replace("..", ".") for one in node.names)
