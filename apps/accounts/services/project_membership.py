"""Joining and leaving projects, in the transaction of whoever decides it.

Each admin's account counts the project against its limit of projects. The project's row is held, so that who is in it
changes one after the other, and there is always an admin.
"""

from collections.abc import Collection, Mapping

from django.db.models import Count, QuerySet

from apps.accounts.models import Account, MemberRole, Project, ProjectMember, ProjectRole, ResourceType, User
from apps.accounts.services.limits import LimitManager
from apps.accounts.states import InvitationState, ProjectState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse, StaleState


def locked(project: Project) -> Project:
    """The project as it is, its row held. Raises ``StaleState`` when it has been removed."""
    rows = Project.objects.select_for_update(of=("self",), no_key=True).select_related("domain", "account")
    found: Project | None = rows.filter(pk=project.pk).first()
    if found is None:
        raise StaleState(f"project {project} has been deleted in the meantime")
    return found


def ensure_rules(caller: Caller, project: Project) -> None:
    """Raises ``PermissionDenied`` for whoever neither administers the project nor its domain."""
    mine = any(one.project_id == project.pk and one.is_admin for one in caller.memberships)
    above = caller.is_domain_admin and project.domain.path.startswith(caller.domain_path)
    if not (mine or above or caller.is_root_admin):
        raise PermissionDenied(f"Only admins of project {project} may do this", parameter="projectid")


def ensure_takes_members(project: Project, project_role: ProjectRole | None) -> None:
    """Raises ``PermissionDenied`` unless the project is active, ``InvalidParameter`` for a role of another project."""
    if project.state != ProjectState.ACTIVE:
        raise PermissionDenied(f"Project {project} is {project.state}: nobody can join it", parameter="projectid")
    if project_role is not None and project_role.project_id != project.pk:
        raise InvalidParameter(f"role {project_role} is not one of project {project}", parameter="projectroleid")


def join(
    project: Project,
    *,
    account: Account,
    user: User | None = None,
    role: MemberRole,
    project_role: ProjectRole | None = None,
) -> ProjectMember:
    """A new member, in the running transaction; who is one already stays what he is."""
    project = locked(project)
    known = project.members.filter(account=account, user=user).first()
    if known is not None:
        return known
    if project_role is not None and not project.roles.filter(pk=project_role.pk).exists():
        raise StaleState(f"role {project_role} has been deleted in the meantime")
    if role == MemberRole.ADMIN:
        _take(project, account)
    # Who is in needs no invitation any more.
    pending = project.invitations.filter(account=account, user=user, state=InvitationState.PENDING)
    pending.update(state=InvitationState.COMPLETED)
    return ProjectMember.objects.create(
        project=project, account=account, user=user, role=role, project_role=project_role
    )


def set_role(project: Project, member: ProjectMember, role: MemberRole) -> None:
    """Make a member admin or regular; the last admin stays one. The project's row is held by the caller."""
    if member.role == role:
        return
    if role == MemberRole.ADMIN:
        _take(project, member.account)
        ProjectMember.objects.filter(pk=member.pk).update(role=role)
        return
    others = project.members.filter(role=MemberRole.ADMIN).exclude(pk=member.pk)
    if not others.exists():
        raise InvalidParameter(f"{member} is its only admin: make another one first", parameter="roletype")
    ProjectMember.objects.filter(pk=member.pk).update(role=role)
    _give_back(project, member.account)


def leave(project: Project, members: QuerySet[ProjectMember], *, parameter: str = "") -> None:
    """Take ``members`` out; the last admin stays. The project's row is held by the caller."""
    going = list(members.select_related("account__domain"))
    admins = [member for member in going if member.role == MemberRole.ADMIN]
    rest = project.members.filter(role=MemberRole.ADMIN).exclude(pk__in=[member.pk for member in going])
    if admins and not rest.exists():
        raise InvalidParameter(f"{admins[0]} is its only admin: make another one first", parameter=parameter)
    ProjectMember.objects.filter(pk__in=[member.pk for member in going]).delete()
    for account in {member.account for member in admins}:
        _give_back(project, account)


def leave_all(user: User) -> None:
    """A user who is deleted leaves the projects that he is in by himself. Raises ``ResourceInUse`` for a last admin."""
    for member in ProjectMember.objects.filter(user=user).select_related("project").order_by("project"):
        project = locked(member.project)
        try:
            leave(project, project.members.filter(user=user))
        except InvalidParameter as error:
            raise ResourceInUse(f"project {project}: {error.message}", parameter="id") from None


def take_along(user: User, account: Account) -> None:
    """A user who moves to ``account`` stays in the projects that he is in by himself."""
    for member in ProjectMember.objects.filter(user=user).select_related("account__domain").order_by("project"):
        project = locked(member.project)
        if member.role == MemberRole.ADMIN:
            LimitManager().hold(account, member.account)
            _take(project, account)
        ProjectMember.objects.filter(pk=member.pk).update(account=account)
        if member.role == MemberRole.ADMIN:
            _give_back(project, member.account)


def disband(project: Project) -> None:
    """Everybody leaves a project that is gone."""
    admins = project.members.filter(role=MemberRole.ADMIN).values("account")
    owners = list(Account.objects.filter(pk__in=admins).select_related("domain").order_by("pk"))
    LimitManager().hold(*owners)
    for account in owners:
        LimitManager().release(account, {ResourceType.PROJECT: 1})
    project.members.all().delete()
    project.invitations.all().delete()
    project.roles.all().delete()


def _take(project: Project, account: Account) -> None:
    if not project.members.filter(account=account, role=MemberRole.ADMIN).exists():
        LimitManager().reserve(account, {ResourceType.PROJECT: 1})


def _give_back(project: Project, account: Account) -> None:
    if not project.members.filter(account=account, role=MemberRole.ADMIN).exists():
        LimitManager().release(account, {ResourceType.PROJECT: 1})


def projects_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Account → projects that it, or a user of it, administers."""
    admins = ProjectMember.objects.filter(account__in=account_pks, role=MemberRole.ADMIN, project__removed=None)
    return dict(admins.order_by().values_list("account").annotate(Count("project", distinct=True)))
