"""Periodic jobs, declared in code: a name, an interval, a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm, within

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class ScheduledJob:
    """A function that runs every ``every_s`` seconds, in one worker at a time."""

    name: str
    every_s: float
    function: Callable[[], Any]
    description: str = ""
    limit_s: float = 600
    """A run on another machine that takes longer than this is taken for dead."""


_jobs: dict[str, ScheduledJob] = {}


def register(job: ScheduledJob) -> None:
    """Raises ``ImproperlyConfigured`` when the name is taken by another function."""
    known = _jobs.setdefault(job.name, job)
    if _identity(known) != _identity(job):
        raise ImproperlyConfigured(f"scheduled job {job.name} is declared twice")


def _identity(job: ScheduledJob) -> tuple[str, str]:
    return job.function.__module__, job.function.__qualname__


def scheduled(name: str, *, every_s: float, limit_s: float = 600) -> Callable[[F], F]:
    """Function decorator: have Celery beat run it every ``every_s`` seconds; ``limit_s`` as in ``ScheduledJob``."""

    def mark(function: F) -> F:
        description = (function.__doc__ or "").strip().split("\n")[0]
        register(ScheduledJob(name, every_s, function, description, limit_s))
        return function

    return mark


def get(name: str) -> ScheduledJob | None:
    return _jobs.get(name)


def all_jobs() -> list[ScheduledJob]:
    return [_jobs[name] for name in sorted(_jobs)]


def register_plugin_jobs() -> None:
    """Take in what plugins return from ``register_scheduled_jobs``."""
    pm.take("register_scheduled_jobs", _register_of_plugin, lambda job: _jobs.pop(job.name, None))


def _register_of_plugin(plugin: str, job: Any) -> None:
    if not isinstance(job, ScheduledJob):
        raise ImproperlyConfigured(f"register_scheduled_jobs: {job!r} is no ScheduledJob")
    register(job)


def _forget(package: str) -> None:
    for name in [name for name, job in _jobs.items() if within(job.function.__module__, package)]:
        del _jobs[name]


pm.when_out(_forget)
