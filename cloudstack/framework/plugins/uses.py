"""What stands and falls with a plugin: asked of the apps before it is disabled."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudstack.framework.plugins.manager import pm

Given = Mapping[str, frozenset[Any]]
"""Hook → the keys or names that a plugin gives by it: ``{"register_hypervisor_drivers": {"KVM"}}``."""
Provider = Callable[[Given], Iterable[str]]

_providers: list[Provider] = []


def register_uses(provider: Provider) -> None:
    """Have ``provider`` say what uses a plugin: short texts such as ``3 hosts of the hypervisor KVM``."""
    if provider not in _providers:
        _providers.append(provider)


def uses_of(plugin: str) -> list[str]:
    """What still uses the plugin, in words; empty for one that is not in service."""
    given = pm.given(plugin)
    found = [text for provider in _providers for text in provider(given)] if given else []
    return [*found, *(f"plugin {name}, which needs it" for name in needed_by(plugin))]


def needed_by(plugin: str) -> list[str]:
    """Plugins in service that name it in ``requires``."""
    return sorted(one.name for one in pm.statuses.values() if one.enabled and plugin in one.requires)


def counted(number: int, noun: str, rest: str = "") -> list[str]:
    """``3 hosts of …`` for a provider; nothing for none."""
    plural = noun if number == 1 else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return [f"{number} {plural}{' ' if rest else ''}{rest}"] if number else []
