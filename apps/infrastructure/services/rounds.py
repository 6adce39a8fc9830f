"""Asking all hosts the same: many at once where their driver can, else one after the other."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from apps.infrastructure.models import Host
from apps.infrastructure.specs import host_ref
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import HypervisorDriver, SupportsManyHosts
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError

log = logging.getLogger(__name__)

BATCH = 500
"""Hosts that are asked at once at most, so that what they tell is stored now and then."""
Told = TypeVar("Told")


@dataclass(frozen=True)
class Question(Generic[Told]):
    """``of_one`` answers None when the driver does not know such a thing."""

    of_one: Callable[[HypervisorDriver], Told | None]
    of_many: Callable[[SupportsManyHosts, Sequence[HostRef]], Mapping[str, Told]]


@dataclass
class Answers(Generic[Told]):
    """Of some hosts: what was told, and why nothing was."""

    told: list[tuple[Host, Told]] = field(default_factory=list)
    failed: list[tuple[Host, Exception]] = field(default_factory=list)


def ask(hosts: Iterable[Host], question: Question[Told]) -> Iterator[Answers[Told]]:
    """Ask ``hosts``, loaded with ``select_related("zone", "pod", "cluster")``, and answer bit by bit what they told.

    Not for transactions: drivers are asked. Each that does not answer may take its time, so whoever has no more of it
    takes no further bit.
    """
    left = iter(hosts)
    while some := list(islice(left, BATCH)):
        by_hypervisor: dict[str, list[tuple[Host, HostRef]]] = defaultdict(list)
        for host in some:
            by_hypervisor[host.hypervisor].append((host, host_ref(host)))
        for group in by_hypervisor.values():
            together = _together([ref for _, ref in group], question)
            if together:
                yield Answers(told=[(host, together[ref.uuid]) for host, ref in group if ref.uuid in together])
            yield from (_alone(host, ref, question) for host, ref in group if ref.uuid not in together)


def _together(refs: list[HostRef], question: Question[Told]) -> Mapping[str, Told]:
    """What the driver told of many at once. Whatever goes wrong costs this alone: each is asked by itself then."""
    try:
        driver = hypervisor_driver(refs[0])
        if not isinstance(driver, SupportsManyHosts):
            return {}
        told = question.of_many(driver, refs)
        if not isinstance(told, Mapping):
            raise TypeError(f"{type(driver).__name__} answered {type(told).__name__} and no mapping")
        return {uuid: one for uuid, one in told.items() if one is not None}
    except (DriverError, CloudError):
        return {}
    except Exception:
        log.exception("the driver of %s broke over %d hosts; each is asked by itself", refs[0].hypervisor, len(refs))
        return {}


def _alone(host: Host, ref: HostRef, question: Question[Told]) -> Answers[Told]:
    try:
        told = question.of_one(hypervisor_driver(ref))
    except (DriverError, CloudError) as error:
        return Answers(failed=[(host, error)])
    except Exception as error:  # one driver's fault is no reason to leave all other hosts unasked
        log.exception("the driver of %s broke over host %s", host.hypervisor, host)
        return Answers(failed=[(host, DriverError(f"the driver of {host.hypervisor} broke: {error!r}"))])
    return Answers() if told is None else Answers(told=[(host, told)])
