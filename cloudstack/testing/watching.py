"""Looks over the core's shoulder while it talks to drivers: of plugins, of the simulator, of the stage alike."""

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

from cloudstack.framework import drivers

KINDS = {
    "hypervisor": "register_hypervisor_drivers",
    "storage": "register_storage_drivers",
    "images": "register_image_store_drivers",
    "network": "register_network_elements",
    "agent": "register_host_agents",
    "discovery": "register_host_discoveries",
}
"""Kind of driver, as calls are named (``hypervisor.start``) → the hook that gives them."""

Watcher = Callable[[str], object]


@contextlib.contextmanager
def watched_drivers(before: Watcher, after: Watcher, *, kinds: tuple[str, ...] = tuple(KINDS)) -> Iterator[None]:
    """Inside, ``before`` and ``after`` are called around each call of a driver in this process, with its name.

    A name is kind and verb, ``storage.create_volume``; of an agent the kind of command, ``agent.bridge.ensure``. What
    a driver calls of itself does not count. What ``before`` raises is raised in the place of the call.
    """
    registered, names = drivers._registered, {KINDS[kind]: kind for kind in kinds}
    watch = _Watch(before, after)

    def found(hook: str) -> dict[Any, Any]:
        known = registered(hook)
        return {key: watch.made(names[hook], maker) for key, maker in known.items()} if hook in names else known

    found.cache_clear = registered.cache_clear  # type: ignore[attr-defined]
    drivers._registered = found  # type: ignore[assignment]
    drivers.network_element.cache_clear()
    try:
        yield
    finally:
        drivers._registered = registered
        drivers.network_element.cache_clear()


def verbs(kind: str) -> set[str]:
    """All that drivers of ``kind`` can be asked, of those that are there."""
    if kind == "agent":
        from cloudstack.contracts.agent import COMMANDS

        return set(COMMANDS)
    return {name for driver in drivers._registered(KINDS[kind]).values() for name in _public(inspect.unwrap(driver))}


class _Watch:
    """Makes drivers whose verbs are told of."""

    def __init__(self, before: Watcher, after: Watcher):
        self.before, self.after = before, after
        self.inside = threading.local()
        self.classes: dict[type, type] = {}

    def made(self, kind: str, maker: Any) -> Callable[..., Any]:
        @functools.wraps(maker)
        def make(*references: Any) -> Any:
            driver = maker(*references)
            # A class of its own, so that what the driver is and which abilities it has stays as it was.
            driver.__class__ = self._class_of(kind, type(driver))
            return driver

        return make

    def _class_of(self, kind: str, cls: type) -> type:
        if cls not in self.classes:
            body = {name: self._told(kind, name, getattr(cls, name)) for name in _public(cls)}
            self.classes[cls] = type(cls.__name__, (cls,), {"__slots__": (), "__module__": cls.__module__, **body})
        return self.classes[cls]

    def _told(self, kind: str, verb: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(driver: Any, *args: Any, **kwargs: Any) -> Any:
            busy: set[int] = self.inside.__dict__.setdefault("drivers", set())
            if id(driver) in busy:
                return method(driver, *args, **kwargs)
            name = f"{kind}.{args[0].kind}" if kind == "agent" and verb == "call" else f"{kind}.{verb}"
            busy.add(id(driver))
            try:
                self.before(name)
                answer = method(driver, *args, **kwargs)
                self.after(name)
                return answer
            finally:
                busy.discard(id(driver))

        call.__name__, call.__doc__ = verb, method.__doc__
        return call


def _public(cls: Any) -> list[str]:
    names = (name for name in dir(cls) if not name.startswith("_"))
    return [name for name in names if inspect.isfunction(inspect.getattr_static(cls, name))]
