"""Who is in a project, and as what: the operations of its admins."""

from django.db import transaction

from apps.accounts import events
from apps.accounts.models import Account, AccountType, MemberRole, Project, ProjectRole, User
from apps.accounts.services.project_invitations import invitation_wanted, invite
from apps.accounts.services.project_jobs import done
from apps.accounts.services.project_membership import ensure_rules, ensure_takes_members, join, leave, locked
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class ProjectMemberManager:
    """Takes accounts and users into projects and out of them."""

    @transaction.atomic
    def add_account(
        self,
        *,
        caller: Caller,
        project: Project,
        account_name: str | None = None,
        email: str = "",
        role: MemberRole = MemberRole.REGULAR,
        project_role: ProjectRole | None = None,
    ) -> AsyncJob:
        """An account of the project's domain, or whoever reads the mail at ``email``.

        Where invitations are required, or a mail address is given, it is invited instead.
        """
        if not account_name and not email:
            raise InvalidParameter("Give account or email", parameter="account")
        project = locked(project)
        ensure_takes_members(project, project_role)
        account = _account_in(project, account_name) if account_name else None
        if account is not None and _is_there(project, account, None, role, project_role):
            return done(caller, project, events.PROJECT_ACCOUNT_ADD, f"account {account} is in project {project}")
        if account is None or invitation_wanted(email):
            return invite(
                caller=caller,
                project=project,
                account=account,
                email=email,
                role=role,
                project_role=project_role,
                event_type=events.PROJECT_ACCOUNT_ADD,
            )
        join(project, account=account, role=role, project_role=project_role)
        return done(caller, project, events.PROJECT_ACCOUNT_ADD, f"add account {account} to project {project}")

    @transaction.atomic
    def add_user(
        self,
        *,
        caller: Caller,
        project: Project,
        username: str,
        email: str = "",
        role: MemberRole = MemberRole.REGULAR,
        project_role: ProjectRole | None = None,
    ) -> AsyncJob:
        """One user of the project's domain; the rest of his account stays outside."""
        project = locked(project)
        ensure_takes_members(project, project_role)
        user = User.objects.filter(
            username=username, domain_id=project.domain_id, account__is_system=False, account__removed__isnull=True
        ).first()
        if user is None:
            raise InvalidParameter(
                f'Unable to find user "{username}" in domain {project.domain.shown_path}', parameter="username"
            )
        if _is_there(project, user.account, user, role, project_role):
            return done(caller, project, events.PROJECT_USER_ADD, f"user {username} is in project {project}")
        if invitation_wanted(email):
            return invite(
                caller=caller,
                project=project,
                account=user.account,
                user=user,
                email=email,
                role=role,
                project_role=project_role,
                event_type=events.PROJECT_USER_ADD,
            )
        join(project, account=user.account, user=user, role=role, project_role=project_role)
        return done(caller, project, events.PROJECT_USER_ADD, f"add user {username} to project {project}")

    @transaction.atomic
    def remove_account(self, *, caller: Caller, project: Project, account_name: str) -> AsyncJob:
        """Take an account out, with those of its users who are members themselves. Everybody may leave."""
        project = locked(project)
        member = project.members.filter(user=None, account__name=account_name).select_related("account").first()
        if member is None:
            raise InvalidParameter(
                f'account "{account_name}" is not in project {project}; see listProjectAccounts', parameter="account"
            )
        leaves = member.account_id == caller.account_id
        if not leaves:
            ensure_rules(caller, project)
        leave(project, project.members.filter(account=member.account), parameter="account")
        text = f"remove account {account_name} from project {project}"
        return done(caller, project, events.PROJECT_ACCOUNT_REMOVE, text, for_caller=leaves)

    @transaction.atomic
    def remove_user(self, *, caller: Caller, project: Project, user: User) -> AsyncJob:
        """Take a user out who is a member himself. Everybody may leave."""
        project = locked(project)
        leaves = user.pk == caller.user_id
        if not leaves:
            ensure_rules(caller, project)
        members = project.members.filter(user=user)
        if not members.exists():
            raise InvalidParameter(
                f"user {user.username} is not a member of project {project} by himself; see listProjectAccounts",
                parameter="userid",
            )
        leave(project, members, parameter="userid")
        text = f"remove user {user.username} from project {project}"
        return done(caller, project, events.PROJECT_USER_REMOVE, text, for_caller=leaves)


def _account_in(project: Project, name: str) -> Account:
    accounts = Account.objects.exclude(type=AccountType.PROJECT).select_related("domain")
    account = accounts.filter(name=name, domain_id=project.domain_id, is_system=False).first()
    if account is None:
        raise InvalidParameter(
            f'Unable to find account "{name}" in domain {project.domain.shown_path}', parameter="account"
        )
    return account


def _is_there(
    project: Project, account: Account, user: User | None, role: MemberRole, project_role: ProjectRole | None
) -> bool:
    """Whether it is a member already. Raises ``InvalidParameter`` for one that is something else there."""
    member = project.members.filter(account=account, user=user).first()
    if member is None:
        return False
    if member.role != role or member.project_role_id != (project_role.pk if project_role else None):
        raise InvalidParameter(
            f"{member} is there already as {member.role}; updateProject changes that, or take it out first",
            parameter="username" if user else "account",
        )
    return True
