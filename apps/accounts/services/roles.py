"""Roles and their rules."""

import re
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max

from apps.accounts import events
from apps.accounts.models import Account, Permission, Role, RolePermission
from apps.accounts.services.names import ensure_name
from apps.accounts.services.role_guard import guarded
from apps.accounts.services.state_machines import ROLE_FSM
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish

_RULE = re.compile(r"[A-Za-z0-9*]+")


def is_rule(text: str) -> bool:
    """Whether it is the name of a command, or a pattern of names."""
    return len(text) <= 255 and bool(_RULE.fullmatch(text))


class RoleManager:
    """Creates, changes and deletes roles and rules. Only root admins come here."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        name: str,
        kind: RoleType | None = None,
        based_on: Role | None = None,
        description: str = "",
        is_public: bool = True,
    ) -> Role:
        """A role of a type, or a copy of another with its rules."""
        self._ensure_root(caller)
        if (kind is None) == (based_on is None):
            raise InvalidParameter("Give either type or roleid (of the role to copy)", parameter="type")
        role = Role(
            name=self._free_name(name),
            type=based_on.type if based_on else kind,
            description=description or (based_on.description if based_on else ""),
            is_public=is_public,
        )
        role.save()
        if based_on:
            RolePermission.objects.bulk_create(
                RolePermission(
                    role=role,
                    rule=rule.rule,
                    permission=rule.permission,
                    position=rule.position,
                    description=rule.description,
                )
                for rule in based_on.permissions.all()
            )
        publish(events.ROLE_CREATE, caller=caller, description=f"role {role.name} created", resource=role)
        return role

    @transaction.atomic
    def bring_in(
        self,
        *,
        caller: Caller,
        name: str,
        rules: Sequence[tuple[str, Permission, str]],
        kind: RoleType | None = None,
        description: str | None = None,
        is_public: bool | None = None,
        forced: bool = False,
    ) -> Role:
        """A role with all its rules (rule, permission, description) in order.

        With ``forced`` a role of that name takes them in the place of its own, and what else is given.
        """
        self._ensure_root(caller)
        known = Role.objects.filter(name=name.strip()).first()
        if known is None:
            if kind is None:
                raise InvalidParameter("Give type: there is no role of that name to take it from", parameter="type")
            public = True if is_public is None else is_public
            role = Role(name=self._free_name(name), type=kind, description=description or "", is_public=public)
            role.save()
        elif forced:
            role = self.update(caller=caller, role=known, kind=kind, description=description, is_public=is_public)
        else:
            raise InvalidParameter(f"A role named {name} exists already; forced=true overwrites it", parameter="name")
        self._touch(role)
        with guarded(caller, role):
            role.permissions.all().delete()
            RolePermission.objects.bulk_create(
                RolePermission(role=role, rule=rule, permission=permission, position=position, description=text)
                for position, (rule, permission, text) in enumerate(rules)
            )
        publish(
            events.ROLE_IMPORT,
            caller=caller,
            description=f"role {role.name} imported with {len(rules)} rules",
            resource=role,
        )
        return role

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        role: Role,
        name: str | None = None,
        kind: RoleType | None = None,
        description: str | None = None,
        is_public: bool | None = None,
    ) -> Role:
        """Change what is given; the type only while no account has the role."""
        self._ensure_changeable(caller, role)
        if name is not None and name != role.name:
            role.name = self._free_name(name)
        if kind is not None and kind != role.type:
            if Account.objects.filter(role=role).exists():
                raise ResourceInUse(f"Role {role.name} is held by accounts: its type cannot change", parameter="type")
            role.type = kind
        if description is not None:
            role.description = description
        if is_public is not None:
            role.is_public = is_public
        role.save(update_fields=["name", "type", "description", "is_public"])
        self._touch(role)
        publish(events.ROLE_UPDATE, caller=caller, description=f"role {role.name} changed", resource=role)
        return role

    @transaction.atomic
    def delete(self, *, caller: Caller, role: Role) -> None:
        """Remove a role that no account has."""
        self._ensure_changeable(caller, role)
        if Account.objects.filter(role=role).exists():
            raise ResourceInUse(f"Role {role.name} is held by accounts: give them another one first", parameter="id")
        role.mark_removed()
        publish(events.ROLE_DELETE, caller=caller, description=f"role {role.name} deleted", resource=role)

    @transaction.atomic
    def enable(self, *, caller: Caller, role: Role) -> Role:
        self._ensure_changeable(caller, role)
        ROLE_FSM.fire(role, "enable")
        return role

    @transaction.atomic
    def disable(self, *, caller: Caller, role: Role) -> Role:
        """Its users cannot call anything until it is enabled again. Nobody does that to his own."""
        self._ensure_changeable(caller, role)
        if role.pk == caller.role_id:
            raise PermissionDenied(
                f"Role {role.name} is your own: disabled, it would shut you out; somebody with another role can do it",
                parameter="id",
            )
        ROLE_FSM.fire(role, "disable")
        return role

    @transaction.atomic
    def add_rule(
        self, *, caller: Caller, role: Role, rule: str, permission: Permission, description: str = ""
    ) -> RolePermission:
        """Append a rule to the role's list."""
        self._ensure_changeable(caller, role)
        if not is_rule(rule):
            raise InvalidParameter(
                f"rule={rule!r}: a rule is the name of a command, of letters, digits and *", parameter="rule"
            )
        # The role's row is the gate: positions are given out one at a time.
        self._touch(role)
        if role.permissions.filter(rule__iexact=rule).exists():
            raise InvalidParameter(f"Role {role.name} has a rule {rule} already", parameter="rule")
        last = role.permissions.aggregate(last=Max("position"))["last"]
        with guarded(caller, role):
            added = RolePermission.objects.create(
                role=role,
                rule=rule,
                permission=permission,
                description=description,
                position=0 if last is None else last + 1,
            )
        publish(
            events.ROLE_PERMISSION_CREATE, caller=caller, description=f"role {role.name}: {added} added", resource=role
        )
        return added

    @transaction.atomic
    def set_permission(self, *, caller: Caller, rule: RolePermission, permission: Permission) -> None:
        """Turn one rule from allow to deny or back."""
        self._ensure_changeable(caller, rule.role)
        self._touch(rule.role)
        with guarded(caller, rule.role):
            RolePermission.objects.filter(pk=rule.pk).update(permission=permission)
        self._rules_changed(caller, rule.role, f"{permission} {rule.rule}")

    @transaction.atomic
    def reorder(self, *, caller: Caller, role: Role, order: Sequence[RolePermission]) -> None:
        """Put the rules in this order; raises ``InvalidParameter`` unless it names each rule of the role once."""
        self._ensure_changeable(caller, role)
        self._touch(role)
        if sorted(rule.pk for rule in order) != sorted(role.permissions.values_list("pk", flat=True)):
            raise InvalidParameter(
                f"ruleorder must name every rule of role {role.name} exactly once; somebody may have changed them",
                parameter="ruleorder",
            )
        for position, rule in enumerate(order):
            rule.position = position
        with guarded(caller, role):
            RolePermission.objects.bulk_update(order, ["position"])
        self._rules_changed(caller, role, "rules put in another order")

    @transaction.atomic
    def remove_rule(self, *, caller: Caller, rule: RolePermission) -> None:
        """Take a rule away."""
        self._ensure_changeable(caller, rule.role)
        text = str(rule)
        self._touch(rule.role)
        with guarded(caller, rule.role):
            RolePermission.objects.filter(pk=rule.pk).delete()
        publish(
            events.ROLE_PERMISSION_DELETE,
            caller=caller,
            description=f"role {rule.role.name}: {text} removed",
            resource=rule.role,
        )

    def _rules_changed(self, caller: Caller, role: Role, what: str) -> None:
        publish(events.ROLE_PERMISSION_UPDATE, caller=caller, description=f"role {role.name}: {what}", resource=role)

    def _touch(self, role: Role) -> None:
        Role.objects.filter(pk=role.pk).update(version=F("version") + 1)

    def _free_name(self, name: str) -> str:
        name = ensure_name(name, parameter="name", what="a role's name")
        if Role.objects.filter(name=name).exists():
            raise InvalidParameter(f"A role named {name} exists already", parameter="name")
        return name

    def _ensure_root(self, caller: Caller) -> None:
        if not caller.is_root_admin:
            raise PermissionDenied("Roles are changed by root admins only")

    def refusal(self, *, caller: Caller, role: Role) -> str:
        """Why the caller cannot change ``role`` at all; empty if he can."""
        try:
            self._ensure_changeable(caller, role)
        except PermissionDenied as refused:
            return refused.message
        return ""

    def _ensure_changeable(self, caller: Caller, role: Role) -> None:
        self._ensure_root(caller)
        if role.is_default:
            raise PermissionDenied(f"Role {role.name} belongs to the installation: copy it and change the copy")
