"""Periodic jobs, declared in code: a name, an interval, a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class ScheduledJob:
    """A function that runs every ``every_s`` seconds, in one worker at a time."""

    name: str
    every_s: float
    function: Callable[[], Any]
    description: str = ""


_jobs: dict[str, ScheduledJob] = {}


def register(job: ScheduledJob) -> None:
    """Raises ``ImproperlyConfigured`` when the name is taken by another function."""
    known = _jobs.setdefault(job.name, job)
    if known.function.__qualname__ != job.function.__qualname__:
        raise ImproperlyConfigured(f"scheduled job {job.name} is declared twice")


def scheduled(name: str, *, every_s: float) -> Callable[[F], F]:
    """Function decorator: have Celery beat run it every ``every_s`` seconds."""

    def mark(function: F) -> F:
        register(ScheduledJob(name, every_s, function, (function.__doc__ or "").strip().split("\n")[0]))
        return function

    return mark


def get(name: str) -> ScheduledJob | None:
    return _jobs.get(name)


def all_jobs() -> list[ScheduledJob]:
    return [_jobs[name] for name in sorted(_jobs)]


def register_plugin_jobs() -> None:
    """Take in what plugins return from ``register_scheduled_jobs``."""
    for job in pm.listed("register_scheduled_jobs"):
        register(job)
