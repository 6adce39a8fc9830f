"""Nobody gives away, or takes over, more than he has."""

from apps.accounts.models import Account, Role
from apps.accounts.services.role_rules import rules_of
from cloudstack.api import registry
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied


def ensure_role_within(caller: Caller, role: Role) -> None:
    """Raises ``PermissionDenied`` when ``role`` may call something that the caller's role may not."""
    own = rules_of(caller.role_id, caller.role_version)
    if own.unrestricted or role.pk == caller.role_id:
        return
    if role.type < caller.role_type or role.unrestricted:
        raise PermissionDenied(
            f"Role {role.name} is wider than yours: only a holder of it can give it", parameter="roleid"
        )
    other = rules_of(role.pk, role.version)
    wider = sorted(command.name for command in registry.all() if other.allows(command) and not own.allows(command))
    if wider:
        shown = ", ".join(wider[:5]) + (" …" if len(wider) > 5 else "")
        raise PermissionDenied(f"Role {role.name} allows what yours does not: {shown}", parameter="roleid")


def ensure_reach(caller: Caller, *, account: Account) -> None:
    """Raises ``PermissionDenied`` when acting on the users of ``account`` would lend the caller more rights."""
    if account.pk != caller.account_id:
        ensure_role_within(caller, account.role)
