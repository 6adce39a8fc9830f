"""What plugins were promised is still there; what is new to them is promised on purpose.

``plugin_interface.toml`` is written by hand: a line is taken away only with a new version of the interface.
"""

import inspect
import tomllib
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from apps.portal.reference.hooks import signature, specifications
from cloudstack import plugin
from cloudstack.framework.plugins import hookspecs

LIST = Path(__file__).parent / "plugin_interface.toml"
PROMISED = tomllib.loads(LIST.read_text(encoding="utf-8"))


def exported() -> dict[str, list[str]]:
    """Module → what it exports, of all that plugins import from."""
    names = [plugin.__name__, *(f"{plugin.__name__}.{module.name}" for module in iter_modules(plugin.__path__))]
    return {name: sorted(import_module(name).__all__) for name in names}


ADD = f"new to plugins: add it to {LIST.name}, and a word about it to docs/plugins"
GONE = "promised to plugins and gone: keep the name for as long as the interface has this version (docs/adr/0051)"


def test_hooks_are_those_that_were_promised() -> None:
    """An argument may be added at the end: plugins name those that they want."""
    there = {signature(name, function) for module in hookspecs.ALL for name, function in specifications(module)}
    assert sorted(set(PROMISED["hooks"]) - there) == [], GONE
    assert sorted(there - set(PROMISED["hooks"])) == [], ADD


def test_modules_export_what_was_promised() -> None:
    there = {f"{module}.{name}" for module, names in exported().items() for name in names}
    promised = {f"{module}.{name}" for module, names in PROMISED["exports"].items() for name in names}
    assert sorted(promised - there) == [], GONE
    assert sorted(there - promised) == [], ADD


def test_the_list_is_of_the_version_that_plugins_are_held_to() -> None:
    assert PROMISED["api_version"] == plugin.API_VERSION


def test_what_is_exported_says_what_it_is() -> None:
    """Classes and functions without a docstring cannot be used from the manual alone."""
    silent = []
    for module, names in exported().items():
        found = import_module(module)
        for name in names:
            thing = getattr(found, name)
            if (inspect.isclass(thing) or inspect.isfunction(thing)) and not inspect.getdoc(thing):
                silent.append(f"{module}.{name}")
    assert silent == []
