"""The core does not know its plugins: neither its code nor its tests name one, but for the stage of the tests."""

from collections.abc import Iterator
from pathlib import Path

from cloudstack.composition.plugin_checks import imports_of
from tests.support.about_plugins import ABOUT, REPO, STAGE, absent_for, needs, plugin_of

SIMULATOR = "hypervisors/simulator"
NAMES = {path.parent.name: path.parent for path in (REPO / "plugins").glob("*/*/plugin.toml")}


def imported(path: Path) -> Iterator[str]:
    """Plugins that a file imports, as ``kind/name``; also inside functions and in type checks."""
    for name, _ in imports_of(path):
        parts = name.split(".")
        if parts[0] == "plugins" and len(parts) > 2:
            yield "/".join(parts[1:3])


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPO / folder).rglob("*.py"))]


def test_the_core_imports_no_plugin() -> None:
    """import-linter says so of static imports; here also of those inside functions and for types only."""
    found = {str(path.relative_to(REPO)): set(imported(path)) for path in files("apps", "cloudstack", "lab")}
    assert found and {path: names for path, names in found.items() if names} == {}


def test_tests_of_the_core_import_no_plugin_but_their_stage() -> None:
    strangers = {}
    for path in files("tests"):
        others = set(imported(path)) - {SIMULATOR, plugin_of(path)}
        if others:
            strangers[str(path.relative_to(REPO))] = others
    assert strangers == {}, "name them in tests/support/about_plugins.py, or keep them in the plugin's own tests/"


def test_every_test_about_a_plugin_is_there() -> None:
    assert [place for place in ABOUT if not (REPO / "tests" / place).exists()] == []
    assert bool(absent_for(REPO / "tests/unit/kvm/test_seed.py")) is not (REPO / "plugins/hypervisors/kvm").is_dir()
    assert needs(REPO / "tests/workflows/infrastructure/test_host_life.py") == {SIMULATOR}
    assert needs(REPO / "tests/api/compute/conftest.py") == STAGE, "through a helper, by a name that it uses"


def test_every_plugin_says_what_it_is() -> None:
    assert NAMES and {path.parent.name + "/" + path.name for path in NAMES.values()} >= STAGE
    assert [name for name, folder in NAMES.items() if not (folder / "hooks.py").is_file()] == []
