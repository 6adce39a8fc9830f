"""All workflows by name."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.errors import InternalError
from cloudstack.framework.jobs.steps import Workflow
from cloudstack.framework.plugins.manager import pm, within

_workflows: dict[str, type[Workflow]] = {}


def workflow(name: str) -> Callable[[type[Workflow]], type[Workflow]]:
    """Class decorator: register a workflow as ``<app>.<noun>.<verb>``."""

    def register(cls: type[Workflow]) -> type[Workflow]:
        known = _workflows.get(name, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ImproperlyConfigured(f"workflow {name} is declared twice")
        cls.name = name
        _workflows[name] = cls
        return cls

    return register


def get(name: str) -> type[Workflow]:
    """Raises ``InternalError`` when nothing is registered under ``name``."""
    try:
        return _workflows[name]
    except KeyError:
        raise InternalError(f"no workflow is named {name}; is its plugin enabled?") from None


def names() -> set[str]:
    return set(_workflows)


def register_plugin_workflows() -> None:
    """Take in the workflows that plugins return from ``register_workflows``."""
    pm.take("register_workflows", _register_of_plugin, lambda cls: _workflows.pop(cls.name, None))


def _register_of_plugin(plugin: str, cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Workflow)):
        raise ImproperlyConfigured(f"register_workflows: {cls!r} is no Workflow")
    if not cls.name.startswith(f"{plugin}."):
        raise ImproperlyConfigured(f"register_workflows: the name {cls.name!r} must begin with {plugin!r} and a dot")
    workflow(cls.name)(cls)


def _forget(package: str) -> None:
    for name in [name for name, cls in _workflows.items() if within(cls.__module__, package)]:
        del _workflows[name]


pm.when_out(_forget)
