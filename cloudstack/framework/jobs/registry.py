"""All workflows by name."""

from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.errors import InternalError
from cloudstack.framework.jobs.steps import Workflow
from cloudstack.framework.plugins.manager import pm

_workflows: dict[str, type[Workflow]] = {}


def workflow(name: str) -> Callable[[type[Workflow]], type[Workflow]]:
    """Class decorator: register a workflow as ``<app>.<noun>.<verb>``."""

    def register(cls: type[Workflow]) -> type[Workflow]:
        if _workflows.get(name, cls).__qualname__ != cls.__qualname__:
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
    for cls in pm.listed("register_workflows"):
        workflow(cls.name)(cls)
