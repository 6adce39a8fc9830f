"""The job engine: rows are the truth, Celery is only the bell.

Authors of workflows use ``dispatch``, ``workflow``, ``Workflow``, ``Step``, ``JobContext`` and ``RetryLater``.
They are looked up lazily because the models behind them need a ready app registry.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudstack.framework.jobs.models import AsyncJob
    from cloudstack.framework.jobs.registry import workflow
    from cloudstack.framework.jobs.steps import JobContext, RetryLater, Step, Workflow
    from cloudstack.framework.jobs.submit import dispatch

_WHERE = {
    "AsyncJob": "models",
    "JobContext": "steps",
    "RetryLater": "steps",
    "Step": "steps",
    "Workflow": "steps",
    "dispatch": "submit",
    "workflow": "registry",
}

__all__ = ["AsyncJob", "JobContext", "RetryLater", "Step", "Workflow", "dispatch", "workflow"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"cloudstack.framework.jobs has no {name}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
