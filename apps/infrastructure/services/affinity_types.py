"""Types of affinity groups: the core's four and those of plugins."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cloudstack.contracts.placement import AffinityRule, AffinityType, HostCandidate, PlacementRequest
from cloudstack.framework.plugins.contract import ensure_object_of
from cloudstack.framework.plugins.manager import pm


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


HOOK = "register_affinity_types"


def affinity_types() -> Mapping[str, AffinityType]:
    """Name → type, of the core and of the plugins that are in service."""
    return {name: kind for name, (_, kind) in _types().items()}


def _types() -> Mapping[str, tuple[str, AffinityType]]:
    """Name → the plugin that gives the type, and the type; an empty name for the core's."""
    return _merged(tuple((name, id(plugin)) for name, plugin in pm.list_name_plugin() if plugin is not None))


@lru_cache(maxsize=8)
def _merged(plugins: tuple[tuple[str, int], ...]) -> Mapping[str, tuple[str, AffinityType]]:
    core: dict[str, tuple[str, AffinityType]] = {one.name: ("", one) for one in CORE}
    return {**pm.merged_by(HOOK, _ensure_type), **core}


def _ensure_type(name: Any, kind: Any) -> None:
    ensure_object_of(AffinityType, kind, f"{HOOK}: the type {name!r}")


def refusal(rules: Iterable[AffinityRule], host: HostCandidate) -> str | None:
    """Why a machine with ``rules`` must not go to ``host``, or None. A type whose plugin is gone has no opinion."""
    types = _types()
    for rule in rules:
        plugin, kind = types.get(rule.type, ("", None))
        reason = _asked(plugin, kind, rule, host) if kind is not None else None
        if reason is not None:
            return reason
    return None


def _asked(plugin: str, kind: AffinityType, rule: AffinityRule, host: HostCandidate) -> str | None:
    if not plugin:
        return kind.refuse(rule, host)
    try:
        return pm.strict(plugin, HOOK, lambda: kind.refuse(rule, host))
    except Exception:
        # Somebody relies on this rule: what cannot be judged is not taken.
        return f"the affinity type {kind.name!r} of plugin {plugin} could not judge it"


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
        self.types = _types()

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        rules = request.affinity
        return sum(self._weighed(rule, host) for rule in rules) / max(1, len(rules))

    def _weighed(self, rule: AffinityRule, host: HostCandidate) -> float:
        plugin, kind = self.types.get(rule.type, ("", None))
        if kind is None:
            return 0.0
        return pm.guarded(plugin, HOOK, lambda: kind.weigh(rule, host), 0.0) if plugin else kind.weigh(rule, host)
