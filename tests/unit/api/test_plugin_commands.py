"""Commands that plugins bring."""

from types import SimpleNamespace
from typing import Any

import pytest

from cloudstack.api import BaseCmd, registry
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import hookimpl


@pytest.fixture
def plugin():
    """``plugin("name", [commands])`` registers a plugin with these commands and looks at all plugins again."""
    names: list[str] = []

    def make(name: str, commands: list[Any]) -> None:
        @hookimpl
        def register_api_commands() -> list[Any]:
            return commands

        pm.register(SimpleNamespace(register_api_commands=register_api_commands), name=name)
        names.append(name)
        registry.register_plugin_commands()

    yield make
    for name in names:
        if pm.has_plugin(name):
            pm.unregister(name=name)
        pm.statuses.pop(name, None)


def test_a_plugins_command_is_one_of_all(plugin) -> None:
    class BrewCoffee(BaseCmd):
        """Makes coffee."""

    registry.unregister(BrewCoffee)
    plugin("coffee-of-the-tests", [BrewCoffee])
    try:
        assert registry.get("brewCoffee") is BrewCoffee
    finally:
        registry.unregister(BrewCoffee)


@pytest.mark.parametrize("nonsense", [object(), int, BaseCmd])
def test_a_plugin_that_gives_something_else_is_taken_out_with_what_it_gave(plugin, nonsense: Any) -> None:
    class GrindCoffee(BaseCmd):
        """Grinds."""

    plugin("broken-of-the-tests", [GrindCoffee, nonsense])
    assert registry.find("grindCoffee") is None
    assert "is no command" in pm.statuses["broken-of-the-tests"].error
    assert registry.find("listApis") is not None


def test_a_plugin_cannot_replace_a_command_of_the_core(plugin) -> None:
    thief = type("ListApis", (BaseCmd,), {"abstract": True, "__doc__": "Not ours.", "__module__": "elsewhere"})
    thief.abstract, thief.name = False, "listApis"
    plugin("thief-of-the-tests", [thief])
    assert registry.get("listApis").__module__ == "cloudstack.api.discovery"
    assert "listApis" in pm.statuses["thief-of-the-tests"].error
