"""The role check: the first rule that matches a command decides; without one the command's own declaration does."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Protocol

from apps.accounts.models import Permission, Project, ProjectRole, Role
from cloudstack.api import default_rules
from cloudstack.api.registry import compile_rule
from cloudstack.api.roles import EVERYONE, RoleSet
from cloudstack.framework.context import Caller, Membership, RoleType
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
    default: RoleSet | None = None
    """Who may call what no rule speaks of; None leaves it to the command."""
    came_along_as: str = ""
    """Name of a default role, for which plugins may have rules over their own commands."""

    def allows(self, command: Command) -> bool:
        known = self.decided.get(command.name)
        if known is None:
            known = self.decided[command.name] = self._decide(command)
        return known

    def _decide(self, command: Command) -> bool:
        if self.unrestricted:
            return True
        if self.came_along_as and (said := default_rules.verdict(self.came_along_as, command.name)) is not None:
            return said
        for pattern, allowed in self.rules:
            if pattern.fullmatch(command.name):
                return allowed
        return self.role_type in (command.roles if self.default is None else self.default)


_cache: OrderedDict[tuple[type[Role] | type[ProjectRole], int, int, int], RuleList] = OrderedDict()


def rules_of(role_id: int, version: int) -> RuleList:
    """One statement at first, none after: a change of the rules makes a new version and thus a new key."""
    return _kept(Role, role_id, version)


def within_projects(caller: Caller, command: Command) -> Caller:
    """``caller`` with the projects barred whose role does not allow him ``command``; their admins may do everything."""
    barred = tuple(one for one in caller.memberships if not _allowed_in(one, command))
    if not barred:
        return caller
    return replace(caller, memberships=tuple(one for one in caller.memberships if one not in barred), barred=barred)


def allowed_in(caller: Caller, project: Project, command: Command) -> bool:
    """Whether the caller's role in the project allows the command. Administrators from outside have none there."""
    mine = (*caller.memberships, *caller.barred)
    return all(_allowed_in(one, command) for one in mine if one.project_id == project.pk)


def _allowed_in(membership: Membership, command: Command) -> bool:
    if membership.is_admin or not membership.role_id:
        return True
    return _kept(ProjectRole, membership.role_id, membership.role_version).allows(command)


def _kept(model: type[Role] | type[ProjectRole], role_id: int, version: int) -> RuleList:
    load = _load if model is Role else _load_of_project
    if current() is not None:
        return load(role_id)
    key = (model, role_id, version, default_rules.version())
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = load(role_id)
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
        .values_list("type", "unrestricted", "is_default", "name", "permissions__rule", "permissions__permission")
    )
    kind, unrestricted, is_default, name = rows[0][:4]
    rules = tuple(
        (compile_rule(rule), permission == Permission.ALLOW) for *_, rule, permission in rows if rule is not None
    )
    return RuleList(RoleType(kind), unrestricted, rules, came_along_as=name if is_default else "")


def _load_of_project(role_id: int) -> RuleList:
    rows = ProjectRole.objects.filter(pk=role_id, permissions__isnull=False)
    rules = rows.order_by("permissions__position", "permissions__pk").values_list(
        "permissions__rule", "permissions__permission"
    )
    # What no rule speaks of is left to the caller's own role.
    return RuleList(
        RoleType.USER,
        False,
        tuple((compile_rule(rule), permission == Permission.ALLOW) for rule, permission in rules),
        default=EVERYONE,
    )
