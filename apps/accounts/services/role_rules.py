"""The role check: the first rule that matches a command decides; without one the command's own declaration does."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

from apps.accounts.models import Permission, Role
from cloudstack.api.roles import RoleSet
from cloudstack.framework.context import RoleType
from cloudstack.framework.rehearsal import current

_KEPT = 512
"""Rule lists a process keeps; the least recently used go first."""


class Command(Protocol):
    """What the role check needs to know of a command class."""

    name: str
    roles: RoleSet


@dataclass(slots=True)
class RuleList:
    """The compiled rules of one version of one role."""

    role_type: RoleType
    unrestricted: bool
    rules: tuple[tuple[re.Pattern[str], bool], ...]
    decided: dict[str, bool] = field(default_factory=dict)

    def allows(self, command: Command) -> bool:
        known = self.decided.get(command.name)
        if known is None:
            known = self.decided[command.name] = self._decide(command)
        return known

    def _decide(self, command: Command) -> bool:
        if self.unrestricted:
            return True
        for pattern, allowed in self.rules:
            if pattern.fullmatch(command.name):
                return allowed
        return self.role_type in command.roles


_cache: OrderedDict[tuple[int, int], RuleList] = OrderedDict()


def compile_rule(rule: str) -> re.Pattern[str]:
    """``list*`` → a pattern over whole names, whatever their case."""
    return re.compile(r"\w*".join(re.escape(part) for part in rule.split("*")), re.IGNORECASE)


def rules_of(role_id: int, version: int) -> RuleList:
    """One statement at first, none after: a change of the rules makes a new version and thus a new key."""
    key = (role_id, version)
    if current() is not None:
        return _load(role_id)
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = _load(role_id)
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return found


def forget_rules() -> None:
    """Read all rules again; for tests, whose rollbacks use version numbers twice."""
    _cache.clear()


def _load(role_id: int) -> RuleList:
    rows = list(
        Role.all_objects.filter(pk=role_id)
        .order_by("permissions__position", "permissions__pk")
        .values_list("type", "unrestricted", "permissions__rule", "permissions__permission")
    )
    kind, unrestricted = rows[0][:2]
    rules = tuple(
        (compile_rule(rule), permission == Permission.ALLOW) for _, _, rule, permission in rows if rule is not None
    )
    return RuleList(RoleType(kind), unrestricted, rules)
