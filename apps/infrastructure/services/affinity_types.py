"""Types of affinity groups: the core's four and those of plugins."""

import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cloudstack.contracts.placement import AffinityRule, AffinityType, HostCandidate, PlacementRequest
from cloudstack.framework.plugins.manager import pm

log = logging.getLogger(__name__)


class HostAntiAffinity:
    """No two machines of the group on one host; soft: rather not."""

    domain_wide = admins_only = False

    def __init__(self, name: str, *, strict: bool):
        self.name, self.strict = name, strict

    def refuse(self, rule: AffinityRule, host: HostCandidate) -> str | None:
        if self.strict and host.uuid in rule.hosts:
            return "holds another machine of an anti-affinity group"
        return None

    def weigh(self, rule: AffinityRule, host: HostCandidate) -> float:
        return 1.0 / (1 + rule.hosts.get(host.uuid, 0))


class HostAffinity:
    """All machines of the group on one host; soft: rather there."""

    domain_wide = admins_only = False

    def __init__(self, name: str, *, strict: bool):
        self.name, self.strict = name, strict

    def refuse(self, rule: AffinityRule, host: HostCandidate) -> str | None:
        if self.strict and rule.hosts and host.uuid not in rule.hosts:
            return "not the host of the other machines of an affinity group"
        return None

    def weigh(self, rule: AffinityRule, host: HostCandidate) -> float:
        return rule.hosts.get(host.uuid, 0) / max(1, sum(rule.hosts.values()))


CORE = (
    HostAntiAffinity("host anti-affinity", strict=True),
    HostAffinity("host affinity", strict=True),
    HostAntiAffinity("non-strict host anti-affinity", strict=False),
    HostAffinity("non-strict host affinity", strict=False),
)


def affinity_types() -> Mapping[str, AffinityType]:
    """Name → type, of the core and of the plugins that are in service."""
    return _merged(tuple((name, id(plugin)) for name, plugin in pm.list_name_plugin() if plugin is not None))


@lru_cache(maxsize=8)
def _merged(plugins: tuple[tuple[str, int], ...]) -> Mapping[str, AffinityType]:
    core: dict[str, AffinityType] = {one.name: one for one in CORE}
    return {**pm.merged("register_affinity_types"), **core}


def refusal(rules: Iterable[AffinityRule], host: HostCandidate) -> str | None:
    """Why a machine with ``rules`` must not go to ``host``, or None. A type whose plugin is gone has no opinion."""
    types = affinity_types()
    for rule in rules:
        kind = types.get(rule.type)
        reason = _asked(kind, rule, host) if kind is not None else None
        if reason is not None:
            return reason
    return None


def _asked(kind: AffinityType, rule: AffinityRule, host: HostCandidate) -> str | None:
    try:
        return kind.refuse(rule, host)
    except Exception:
        log.exception("affinity type %r could not say whether %s fits", kind.name, host.name)
        # Somebody relies on this rule: what cannot be judged is not taken.
        return f"the affinity type {kind.name!r} could not judge it"


class AffinityFilter:
    """What strict groups of the machine forbid."""

    name = "affinity"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        return refusal(request.affinity, host)


class AffinityWeigher:
    """What soft groups of the machine prefer; it outweighs the last host."""

    name = "affinity"
    weight = 4.0

    def __init__(self) -> None:
        self.types = affinity_types()

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        rules = request.affinity
        return sum(self._weighed(rule, host) for rule in rules) / max(1, len(rules))

    def _weighed(self, rule: AffinityRule, host: HostCandidate) -> float:
        kind = self.types.get(rule.type)
        if kind is None:
            return 0.0
        try:
            return kind.weigh(rule, host)
        except Exception:
            log.exception("affinity type %r has no opinion on %s", rule.type, host.name)
            return 0.0
