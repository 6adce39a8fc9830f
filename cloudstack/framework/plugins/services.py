"""Managers of plugins: configured when all apps are ready, started and stopped with each process that serves."""

import logging
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.measures import note_failure

log = logging.getLogger(__name__)

Program = Literal["web", "worker"]


class Manager:
    """What a plugin keeps going: a pool of sessions, a listener, a cache. It does its work on request, too.

    The three methods are the platform's to call; whichever fails is logged and shown with the plugin.
    """

    def configure(self) -> None:
        """Called once in every process, also of ``manage.py``: reads no table and reaches nothing outside.

        Raise ``ImproperlyConfigured`` to take the plugin out of service with a sentence that says what is missing.
        """

    def start(self, program: Program) -> None:
        """A process begins to serve: ``web`` answers requests, ``worker`` carries out jobs. Returns soon."""

    def stop(self) -> None:
        """The process ends: give back what ``start`` took. Has a second or two."""


_managers: dict[str, list[Manager]] = {}
_running: list[tuple[str, Manager]] = []


def register_plugin_managers() -> None:
    """Take in what plugins return from ``register_managers``, and configure each."""
    _managers.clear()
    pm.take("register_managers", _take, lambda manager: None)


def _take(plugin: str, manager: Any) -> None:
    if not isinstance(manager, Manager):
        raise ImproperlyConfigured(f"register_managers: {manager!r} is no Manager")
    manager.configure()
    _managers.setdefault(plugin, []).append(manager)


def start_managers(program: Program) -> None:
    """The process serves from now on. A manager that does not start keeps no other from it."""
    for plugin, managers in _managers.items():
        for manager in managers if pm.in_service(plugin) else ():
            try:
                manager.start(program)
                _running.append((plugin, manager))
            except Exception as error:  # a plugin's fault must not take the process down
                _tell(plugin, manager, "start", error)


def stop_managers() -> None:
    """The process ends; the last that was started is stopped first."""
    while _running:
        plugin, manager = _running.pop()
        try:
            manager.stop()
        except Exception as error:
            _tell(plugin, manager, "stop", error)


def _tell(plugin: str, manager: Manager, what: str, error: Exception) -> None:
    log.error("plugin %s: its manager %s did not %s", plugin, type(manager).__name__, what, exc_info=error)
    note_failure(plugin, f"{type(manager).__name__}.{what}", error)
