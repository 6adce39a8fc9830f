"""What the rules of a role come to: which commands each rule decides, and what a change of them would open or close."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from apps.accounts.models import Permission, Role, RolePermission
from apps.accounts.services.role_rules import Command
from cloudstack.api import default_rules, registry
from cloudstack.api.registry import compile_rule
from cloudstack.framework.context import RoleType


@dataclass(frozen=True)
class Verdict:
    """Whether a role may call a command, and what says so: a rule by its place, or a reason beside all rules."""

    command: str
    allowed: bool
    rule: int | None
    """Place of the deciding rule in the list, from 0; None: no rule decided."""
    reason: str = ""
    """Without a rule: ``declaration``, ``plugin`` (which has a rule over its own command for this default role),
    ``unrestricted``, or ``open`` for what needs no credentials."""


@dataclass(frozen=True)
class Reach:
    """The commands that a rule's pattern fits, by name: those it decides, and those it comes too late for."""

    decided: tuple[str, ...]
    late: tuple[Verdict, ...]

    @property
    def matched(self) -> int:
        return len(self.decided) + len(self.late)


@dataclass(frozen=True)
class Difference:
    """What a change of rules would newly allow and newly deny; names in order."""

    allowed: tuple[str, ...]
    denied: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.allowed or self.denied)


@dataclass(frozen=True)
class RoleEffects:
    """All commands under one ordered list of rules (pattern, permission)."""

    role_type: RoleType
    unrestricted: bool
    rules: tuple[tuple[str, Permission], ...]
    came_along_as: str = ""
    """Name of a default role."""

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        return {command.name: self._verdict(command) for command in registry.all()}

    @cached_property
    def reaches(self) -> tuple[Reach, ...]:
        """One for each rule, in order."""
        found = []
        for place, (rule, _) in enumerate(self.rules):
            pattern = compile_rule(rule)
            fitting = [one for name, one in self.verdicts.items() if pattern.fullmatch(name)]
            decided = tuple(one.command for one in fitting if one.rule == place)
            found.append(Reach(decided, tuple(one for one in fitting if one.rule != place)))
        return tuple(found)

    @cached_property
    def allowed(self) -> frozenset[str]:
        return frozenset(name for name, one in self.verdicts.items() if one.allowed)

    def until(self, after: "RoleEffects") -> Difference:
        """What would be different with ``after``."""
        return Difference(tuple(sorted(after.allowed - self.allowed)), tuple(sorted(self.allowed - after.allowed)))

    def with_rules(self, rules: Iterable[tuple[str, Permission]]) -> "RoleEffects":
        """The same role under other rules."""
        return RoleEffects(self.role_type, self.unrestricted, tuple(rules), self.came_along_as)

    @cached_property
    def _patterns(self) -> tuple[tuple[int, re.Pattern[str], bool], ...]:
        return tuple(
            (place, compile_rule(rule), permission == Permission.ALLOW)
            for place, (rule, permission) in enumerate(self.rules)
        )

    def _verdict(self, command: Command) -> Verdict:
        if getattr(command, "anonymous", False):
            return Verdict(command.name, True, None, "open")
        if self.unrestricted:
            return Verdict(command.name, True, None, "unrestricted")
        if self.came_along_as and (said := default_rules.verdict(self.came_along_as, command.name)) is not None:
            return Verdict(command.name, said, None, "plugin")
        for place, pattern, allowed in self._patterns:
            if pattern.fullmatch(command.name):
                return Verdict(command.name, allowed, place)
        return Verdict(command.name, self.role_type in command.roles, None, "declaration")


def effects_of(role: Role, rules: Sequence[RolePermission] | None = None) -> RoleEffects:
    """As the role is now; one statement unless its ``rules`` are given in order."""
    listed = role.permissions.order_by("position", "pk") if rules is None else rules
    return RoleEffects(
        RoleType(role.type),
        role.unrestricted,
        tuple((one.rule, Permission(one.permission)) for one in listed),
        role.name if role.is_default else "",
    )
