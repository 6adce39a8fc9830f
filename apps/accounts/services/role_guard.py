"""What nobody may do with the rules of a role: open more than he has, or shut himself out."""

import contextlib
from collections.abc import Iterator, Sequence

from apps.accounts.models import Role
from apps.accounts.services.role_effects import Difference, RoleEffects, effects_of
from apps.accounts.services.role_rules import rules_of
from cloudstack.api import registry
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied

KEYS = frozenset(
    {"listRoles", "listRolePermissions", "createRolePermission", "updateRolePermission", "deleteRolePermission"}
)
"""With these somebody can take back what he did to a role. Nobody takes them from his own."""


@contextlib.contextmanager
def guarded(caller: Caller, role: Role) -> Iterator[None]:
    """Refuse what is done inside to the rules of ``role`` if it must not be: raises ``PermissionDenied``.

    Inside of a transaction, which the refusal then rolls back.
    """
    before = effects_of(role)
    yield
    ensure_harmless(caller, role, before.until(effects_of(role)))


def ensure_harmless(caller: Caller, role: Role, change: Difference) -> None:
    """Raises ``PermissionDenied`` for a change that opens more than the caller has, or shuts him out."""
    shut = sorted(KEYS.intersection(change.denied))
    if role.pk == caller.role_id and shut:
        raise PermissionDenied(
            f"Role {role.name} is your own: this would take {_some(shut)} from you, and you could not put it back; "
            "somebody with another role can do it",
            parameter="rule",
        )
    own = rules_of(caller.role_id, caller.role_version)
    if own.unrestricted or caller.is_system:
        return
    wider = [name for name in change.allowed if (command := registry.find(name)) and not own.allows(command)]
    if wider:
        raise PermissionDenied(
            f"This would let role {role.name} call what you may not call yourself: {_some(wider)}", parameter="rule"
        )


def refusal_of(caller: Caller, role: Role, before: RoleEffects, after: RoleEffects) -> str:
    """Why the step from ``before`` to ``after`` would be refused; empty if it would not."""
    try:
        ensure_harmless(caller, role, before.until(after))
    except PermissionDenied as refused:
        return refused.message
    return ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
