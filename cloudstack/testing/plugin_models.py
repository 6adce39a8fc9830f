"""What the plugins in service tell the core's tests about their models, in their ``tests/factories.py``.

``OWNED``: model → a function that makes one for a user. ``UNOWNED``: models that belong to nobody. So a plugin's own
folder holds what the walls between tenants and the pages of the admin are tested with.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from django.apps import apps
from django.db.models import Model

from cloudstack.framework.plugins.config import PluginConfig


def owned_by_plugins() -> dict[type[Model], Callable[[Any], Model]]:
    """Kind of object → how to make one for a user."""
    return {model: make for module in _factories() for model, make in getattr(module, "OWNED", {}).items()}


def unowned_by_plugins() -> dict[type[Model], Callable[[int], Model]]:
    """Kind of object → how to make another one; the number differs each time."""
    return {model: make for module in _factories() for model, make in getattr(module, "UNOWNED", {}).items()}


def _factories() -> Iterator[ModuleType]:
    for config in apps.get_app_configs():
        if isinstance(config, PluginConfig) and not config.broken:
            name = f"{config.name}.tests.factories"
            try:
                yield import_module(name)
            except ModuleNotFoundError as error:
                # A plugin that has none; one that lacks something else is told so.
                if error.name not in (name, name.rpartition(".")[0]):
                    raise
