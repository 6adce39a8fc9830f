"""Placement: which hosts fit a machine, best first, and why the others do not.

Filters refuse a host with a reason, weighers prefer one; plugins add to both and may decide in the end.
"""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from apps.infrastructure.selectors.candidates import candidates_of
from apps.infrastructure.services.affinity_types import AffinityWeigher
from apps.infrastructure.services.host_filters import core_filters
from apps.infrastructure.services.host_weighers import core_weighers
from cloudstack.contracts.placement import (
    HostCandidate,
    HostFilter,
    HostWeigher,
    Placement,
    PlacementRequest,
    Refusal,
)
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.plugins.contract import ensure_object_of
from cloudstack.framework.plugins.manager import pm

log = logging.getLogger(__name__)

LOOKED_AT_FIRST = 100
"""Of a large zone only the emptiest hosts are looked at; all of them when none of these fits."""
SCORED = 500
"""Of so many of the best hosts the points of each weigher are told."""
MOST_S = 5.0
"""What a plugin's filter or weigher may take of one placement."""
FILTERS, WEIGHERS = "register_host_filters", "register_host_weighers"
_PROTOCOLS: Mapping[str, type] = {FILTERS: HostFilter, WEIGHERS: HostWeigher}
MAX_GROUPS = 6
MAX_NAMES = 3

CandidateSource = Callable[[Collection[int]], Mapping[int, frozenset[str]]]
_pool_source: CandidateSource | None = None


class NoHostFits(InsufficientCapacity):
    """No host fits a machine. The message names hosts and is for operators; ``summary`` is for everybody."""

    def __init__(self, message: str, *, summary: str, refusals: tuple[Refusal, ...]):
        super().__init__(message)
        self.summary = summary
        self.refusals = refusals


def register_candidate_source(source: CandidateSource) -> None:
    """Let the storage app tell which pools hosts reach: primary keys of hosts to UUIDs of pools, one statement."""
    global _pool_source
    _pool_source = source


def place(request: PlacementRequest, candidates: Sequence[HostCandidate] | None = None) -> Placement:
    """Rank the hosts that fit ``request``, without ``candidates`` those of the zone and hypervisor.

    Of more than ``LOOKED_AT_FIRST`` hosts the others are looked at when none of the emptiest fits, or when a plugin
    may prefer one of them. Raises ``NoHostFits`` (an ``InsufficientCapacity``) with the reasons when none fits.
    """
    filters = [*core_filters(request), *_guarded(FILTERS, "refuse")]
    preferences = _guarded(WEIGHERS, "weigh")
    source = _pool_source if request.pool_uuids else None
    if request.affinity:
        preferences.append(AffinityWeigher())
    few = candidates is None and not (preferences or pm.hook.choose_host.get_hookimpls())
    if candidates is None:
        candidates = candidates_of(request, source, most=LOOKED_AT_FIRST if few else None)
    fitting, refusals = _filtered(request, candidates, filters)
    if few and not fitting and len(candidates) == LOOKED_AT_FIRST:
        candidates = candidates_of(request, source)
        fitting, refusals = _filtered(request, candidates, filters)
    if not fitting:
        raise _no_host(request, refusals, len(candidates))
    ranked, scores = _ranked(request, fitting, [*core_weighers(), *preferences])
    preferred = _preferred(request, ranked)
    if preferred:
        ranked.sort(key=lambda host: host.uuid != preferred)
    return Placement(
        ranked=tuple(ranked),
        refusals=tuple(refusals),
        scores=scores,
        preferred=preferred,
        narrowed=few and len(candidates) == LOOKED_AT_FIRST,
    )


@dataclass(frozen=True, kw_only=True)
class Survey:
    """All hosts of a zone and hypervisor as one machine sees them. ``reasons``: by UUID, why a host does not fit."""

    hosts: tuple[HostCandidate, ...]
    reasons: Mapping[str, str]


def survey(request: PlacementRequest) -> Survey:
    """What placement thinks of every host of the zone for ``request``; nobody is chosen."""
    everywhere = replace(request, host_uuid="", cluster_uuid="", pod_uuid="")
    filters = [*core_filters(request), *_guarded(FILTERS, "refuse")]
    hosts = candidates_of(everywhere, _pool_source)
    _, refusals = _filtered(request, hosts, filters)
    return Survey(hosts=tuple(hosts), reasons={refusal.host_uuid: refusal.reason for refusal in refusals})


def _guarded(hook: str, verb: str) -> list[Any]:
    """What plugins register, each wrapped: one that fails is left out of this placement, not of the cloud."""
    return [_Guarded(plugin, hook, one, verb) for plugin, one in pm.listed_by(hook, partial(_ensure_fits, hook))]


def check_plugins() -> None:
    """At start: a plugin whose filter or weigher is none is taken out with what is wrong."""
    for hook in _PROTOCOLS:
        pm.listed_by(hook, partial(_ensure_fits, hook))


def _ensure_fits(hook: str, one: Any) -> None:
    ensure_object_of(_PROTOCOLS[hook], one, f"{hook}: {one!r}")


class _Guarded:
    """A plugin's filter or weigher that has no opinion once it has raised, or has taken too long in all."""

    def __init__(self, plugin: str, hook: str, inner: Any, verb: str):
        self._plugin, self._hook, self._spent_s = plugin, hook, 0.0
        # Both may be properties that read a setting.
        self.name = pm.guarded(plugin, hook, lambda: str(inner.name), type(inner).__name__)
        self.weight = pm.guarded(plugin, hook, lambda: _finite(getattr(inner, "weight", 1.0), "weight"), 0.0)
        self._ask = getattr(inner, verb) if verb == "refuse" else partial(self._points, inner.weigh)
        self._none = None if verb == "refuse" else 0.0
        self._broken = False
        setattr(self, verb, self._call)

    def _points(self, weigh: Callable[..., Any], request: PlacementRequest, host: HostCandidate) -> float:
        points = _finite(weigh(request, host), "points")
        _finite(points * self.weight, "points times its weight")
        return points

    def _call(self, request: PlacementRequest, host: HostCandidate) -> Any:
        if self._broken:
            return self._none
        begun = time.perf_counter()
        try:
            return pm.strict(self._plugin, self._hook, lambda: self._ask(request, host))
        except Exception:
            log.warning("placement goes on without %r of plugin %s", self.name, self._plugin)
            self._broken = True
            return self._none
        finally:
            self._spent_s += time.perf_counter() - begun
            if self._spent_s > MOST_S and not self._broken:
                log.warning("placement goes on without %r of plugin %s: it is too slow", self.name, self._plugin)
                self._broken = True


def _finite(number: Any, what: str) -> float:
    """Hosts cannot be sorted by anything else. Raises ``ValueError``, or ``TypeError`` for what is no number."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{what} of a weigher must be finite, not {value}")
    return value


def _filtered(
    request: PlacementRequest, candidates: Iterable[HostCandidate], filters: Sequence[HostFilter]
) -> tuple[list[HostCandidate], list[Refusal]]:
    fitting, refusals = [], []
    checks = [(one.name, one.refuse) for one in filters]
    for host in candidates:
        for name, refuse in checks:
            reason = refuse(request, host)
            if reason is not None:
                refusals.append(Refusal(host_uuid=host.uuid, host_name=host.name, reason=reason, filter=name))
                break
        else:
            fitting.append(host)
    return fitting, refusals


def _ranked(
    request: PlacementRequest, fitting: list[HostCandidate], weighers: Sequence[HostWeigher]
) -> tuple[list[HostCandidate], dict[str, dict[str, float]]]:
    """The hosts, best first, and the points that each weigher gave to the first of them."""
    points = []
    for weigher in weighers:
        weight, weigh = weigher.weight, weigher.weigh
        points.append([weight * weigh(request, host) for host in fitting])
    totals = [sum(given) for given in zip(*points, strict=True)]
    order = sorted(range(len(fitting)), key=lambda index: (-totals[index], fitting[index].name))
    names = [weigher.name for weigher in weighers]
    scores = {
        fitting[index].uuid: dict(zip(names, (given[index] for given in points), strict=True))
        for index in order[:SCORED]
    }
    return [fitting[index] for index in order], scores


def _preferred(request: PlacementRequest, ranked: list[HostCandidate]) -> str:
    """The host that a plugin chooses of those that fit, if one does."""
    uuid = pm.first("choose_host", request=request, candidates=tuple(ranked))
    if uuid is None:
        return ""
    if all(host.uuid != str(uuid) for host in ranked):
        log.warning("a plugin chose host %s, which does not fit machine %s", uuid, request.vm_uuid)
        return ""
    return str(uuid)


def _no_host(request: PlacementRequest, refusals: list[Refusal], looked_at: int) -> NoHostFits:
    wanted = f"{request.cpus} × {request.cpu_mhz} MHz and {request.memory_mib} MiB"
    if not looked_at:
        where = "the host asked for is not" if request.host_uuid else "there is no host"
        summary = f"{where} among the {request.hypervisor} hosts of the zone, cluster and pod asked for"
        return NoHostFits(summary, summary=summary, refusals=())
    summary = f"none of {looked_at} {request.hypervisor} hosts can take a machine with {wanted}"
    return NoHostFits(f"{summary}: {explain(refusals)}", summary=summary, refusals=tuple(refusals))


def explain(refusals: Sequence[Refusal]) -> str:
    """The refusals in one bounded sentence, hosts with the same reason together."""
    groups: dict[str, list[str]] = {}
    for refusal in refusals:
        groups.setdefault(refusal.reason, []).append(refusal.host_name)
    largest = sorted(groups.items(), key=lambda group: -len(group[1]))
    parts = []
    for reason, names in largest[:MAX_GROUPS]:
        more = len(names) - MAX_NAMES
        shown = ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
        parts.append(f"{shown}: {reason}")
    left = sum(len(names) for _, names in largest[MAX_GROUPS:])
    if left:
        parts.append(f"{left} more hosts for similar reasons")
    return "; ".join(parts)
