"""Plugins for the time of one test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloudstack.framework import drivers
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.pauses import Quiet


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Register an object with hooks as a plugin; answers its name. A real one of that name steps aside meanwhile."""
    # What an earlier test's plugin of this name was told off for is said anew.
    monkeypatch.setattr(pm, "_quiet", Quiet())
    names: list[str] = []
    aside: dict[str, tuple[Any, Any]] = {}
    real = {name for name, status in pm.statuses.items() if status.enabled}

    def register(hooks: Any, name: str = "") -> str:
        name = name or f"guest{len(names) + 1}"
        if pm.has_plugin(name) and name not in names:
            aside[name] = (pm.unregister(name=name), pm.statuses.pop(name))
        names.append(name)
        pm.load(name, hooks)
        return name

    yield register
    for name in names:
        if pm.has_plugin(name):
            pm.unregister(name=name)
        pm.statuses.pop(name, None)
    for name, (module, status) in aside.items():
        pm.register(module, name=name)
        pm.statuses[name] = status
    drivers.reset()
    out = {name: pm.statuses[name].error for name in real if not pm.statuses[name].enabled}
    assert out == {}, "plugins that other tests need were taken out of service"
