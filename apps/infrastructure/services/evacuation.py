"""Emptying a host: machines live in an app above this one, which registers how they leave."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apps.infrastructure.models import CapacityReservation, Host


@dataclass(frozen=True, kw_only=True)
class Evacuation:
    """How far a host is: machines ``left`` on it, and sentences on those that cannot leave."""

    left: int
    stuck: tuple[str, ...] = ()


Evacuate = Callable[..., Evacuation]
Occupants = Callable[[Collection[int]], Mapping[int, int]]
Counts = Callable[[Collection[int]], Mapping[int, tuple[int, int]]]

_evacuators: list[Evacuate] = []
_occupants: list[Occupants] = []
_counts: Counts | None = None
_holders: Callable[[Host], Collection[Any]] | None = None


def register_evacuation(evacuate: Evacuate) -> None:
    """Register ``evacuate(*, host, caller, job_uuid) -> Evacuation``.

    It is called again and again until nothing is left: it starts what is not yet under way (jobs of its
    own, found again by ``job_uuid``) and reports; it never waits.
    """
    if evacuate not in _evacuators:
        _evacuators.append(evacuate)


def register_occupants(count: Occupants) -> None:
    """Register ``count(host_pks) -> {host_pk: machines}``: what keeps a host from being deleted."""
    if count not in _occupants:
        _occupants.append(count)


def register_machine_counts(count: Counts) -> None:
    """Register ``count(host_pks) -> {host_pk: (running, all)}``: what lists of metrics show."""
    global _counts
    _counts = count


def machine_counts(host_pks: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """Machines of each host: those that run, and all that take room on it."""
    return _counts(host_pks) if _counts else {}


def register_holders(holders: Callable[[Host], Collection[Any]]) -> None:
    """Register ``holders(host) -> UUIDs`` of what is on the host and rightly holds its capacity."""
    global _holders
    _holders = holders


def holders_on(host: Host) -> Collection[Any]:
    """What is on ``host``. Raises ``RuntimeError`` when no app knows: nothing may be taken from whom nobody sees."""
    if _holders is None:
        raise RuntimeError("no app has registered what holds the capacity of hosts")
    return _holders(host)


def evacuate(*, host: Host, caller: Any, job_uuid: Any) -> Evacuation:
    """Ask everybody to leave ``host``; without a registered evacuator, whoever holds capacity is stuck."""
    if not _evacuators:
        held = CapacityReservation.objects.filter(host=host).count()
        stuck = (f"{held} machines hold capacity and nothing can move them",) if held else ()
        return Evacuation(left=held, stuck=stuck)
    reports = [one(host=host, caller=caller, job_uuid=job_uuid) for one in _evacuators]
    return Evacuation(
        left=sum(report.left for report in reports),
        stuck=tuple(sentence for report in reports for sentence in report.stuck),
    )


def occupants_of(host: Host) -> int:
    """Machines on ``host``: those that hold capacity there, or more if an app above knows of more."""
    held = CapacityReservation.objects.filter(host=host).count()
    return max([held, *(count([host.pk]).get(host.pk, 0) for count in _occupants)])
