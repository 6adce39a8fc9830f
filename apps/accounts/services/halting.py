"""Stopping all machines of accounts: they live in an app above this one, which registers how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.accounts.models import Account


@dataclass(frozen=True, kw_only=True)
class Halt:
    """How far it is: machines that are still up, and sentences on those that cannot be stopped."""

    left: int
    stuck: tuple[str, ...] = ()


Stop = Callable[..., Halt]

_stops: list[Stop] = []


def register_stop(stop: Stop) -> None:
    """``stop(*, accounts, caller, job_uuid) -> Halt`` is called again and again until nothing is left.

    It starts what is not yet under way (jobs of its own, found again by ``job_uuid``) and reports; it never waits.
    """
    if stop not in _stops:
        _stops.append(stop)


def stop_machines(*, accounts: QuerySet[Account], caller: Any, job_uuid: Any) -> Halt:
    """Have every machine of ``accounts`` stop; ``caller`` is the platform where it is None."""
    reports = [stop(accounts=accounts, caller=caller, job_uuid=job_uuid) for stop in _stops]
    return Halt(
        left=sum(report.left for report in reports),
        stuck=tuple(sentence for report in reports for sentence in report.stuck),
    )
