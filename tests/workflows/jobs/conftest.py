"""Jobs of the recording workflow, and processes that carry out others."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from cloudstack.framework.jobs import AsyncJob, dispatch, registry
from cloudstack.framework.plugins.manager import pm
from tests.workflows.jobs.outside import RaiseTower
from tests.workflows.jobs.recording import BUILD, Admire, Build, World
from tests.workflows.jobs.recording import world as the_world


@pytest.fixture(autouse=True)
def workflows_of_these_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only while a test of this folder runs: the reference pages are made from what is registered."""
    for one in (Build, Admire, RaiseTower):
        monkeypatch.setitem(registry._workflows, one.name, one)


@pytest.fixture
def world() -> Iterator[World]:
    the_world.reset()
    yield the_world
    the_world.reset()


@pytest.fixture
def submit(world: World) -> Callable[..., AsyncJob]:
    """Dispatch a job of the recording workflow (or another by name)."""

    def submit(name: str = BUILD, **options: Any) -> AsyncJob:
        with transaction.atomic():
            return dispatch(name, **options)

    return submit


@pytest.fixture
def plugin() -> Iterator[Callable[[Any], str]]:
    """Register an object with hooks as a plugin for the time of the test; answers its name."""
    names: list[str] = []

    def register(module: Any, name: str = "") -> str:
        name = name or f"guest{len(names) + 1}"
        pm.load(name, module)
        names.append(name)
        return name

    yield register
    for name in names:
        if pm.has_plugin(name):
            pm.unregister(name=name)
        pm.statuses.pop(name, None)
