"""How callers reach the entities of this app."""

from django.db.models import QuerySet

from apps.accounts.models import (
    Account,
    ApiKeyPair,
    ApiToken,
    Domain,
    Project,
    ProjectInvitation,
    ProjectRole,
    ProjectRolePermission,
    Role,
    RolePermission,
    User,
)
from apps.accounts.selectors import (
    accounts_visible_to,
    domains_visible_to,
    project_invitations_visible_to,
    project_role_permissions_visible_to,
    project_roles_visible_to,
    projects_visible_to,
    roles_visible_to,
    users_visible_to,
)
from apps.accounts.selectors.keys import key_pairs_visible_to, tokens_visible_to
from cloudstack.api import Access, register_entity
from cloudstack.framework.context import Caller


def role_permissions_visible_to(*, caller: Caller, access: Access) -> QuerySet[RolePermission]:
    """Rules of the roles within reach."""
    roles = roles_visible_to(caller=caller, access=access)
    return RolePermission.objects.filter(role__in=roles.values("pk")).select_related("role")


register_entity(Domain, scope=domains_visible_to)
register_entity(Account, scope=accounts_visible_to)
register_entity(User, scope=users_visible_to)
register_entity(Role, scope=roles_visible_to)
register_entity(RolePermission, scope=role_permissions_visible_to)
register_entity(ApiKeyPair, scope=key_pairs_visible_to, noun="key pair")
register_entity(ApiToken, scope=tokens_visible_to, noun="token")
register_entity(Project, scope=projects_visible_to)
register_entity(ProjectRole, scope=project_roles_visible_to)
register_entity(ProjectRolePermission, scope=project_role_permissions_visible_to)
register_entity(ProjectInvitation, scope=project_invitations_visible_to)
