"""Projects, their roles and invitations that a caller may see or change."""

from django.db.models import Q, QuerySet

from apps.accounts.models import Project, ProjectInvitation, ProjectRole, ProjectRolePermission
from apps.accounts.selectors.scope import domains_beneath
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller


def projects_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Project]:
    """Projects within reach: root admins reach all, domain admins those of their subtree, and everybody his own.

    To act in a project (OPERATE) the member's role there must allow the command; to change the project itself
    (MODIFY) he must be one of its admins.
    """
    projects = Project.objects.all()
    if caller.is_root_admin:
        return projects
    joined = caller.memberships + caller.barred if access == Access.USE else caller.memberships
    mine = Q(pk__in=[found.project_id for found in joined if access <= Access.OPERATE or found.is_admin])
    if caller.is_domain_admin:
        mine |= Q(domain__in=domains_beneath(caller.domain_path).values("pk"))
    return projects.filter(mine)


def project_roles_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ProjectRole]:
    """Members see the roles of a project, its admins change them."""
    projects = projects_visible_to(caller=caller, access=access)
    return ProjectRole.objects.filter(project__in=projects.values("pk"))


def project_role_permissions_visible_to(
    *, caller: Caller, access: Access = Access.USE
) -> QuerySet[ProjectRolePermission]:
    """Rules of the roles within reach."""
    roles = project_roles_visible_to(caller=caller, access=access)
    return ProjectRolePermission.objects.filter(role__in=roles.values("pk")).select_related("role__project")


def project_invitations_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ProjectInvitation]:
    """Who is invited sees and answers it; the project's admins take it back."""
    projects = projects_visible_to(caller=caller, access=max(access, Access.MODIFY))
    reach = Q(project__in=projects.values("pk"))
    if access < Access.MODIFY:
        reach |= Q(account_id=caller.account_id, user__isnull=True) | Q(user_id=caller.user_id)
    return ProjectInvitation.objects.filter(reach, project__removed__isnull=True)
