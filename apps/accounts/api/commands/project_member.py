"""Commands on the members of projects, and on invitations to join them."""

from django.db.models import Q, QuerySet

from apps.accounts import events
from apps.accounts.api.listing import DomainScopedListCmd
from apps.accounts.api.responses.project import ProjectInvitationResponse, ProjectMemberResponse
from apps.accounts.models import (
    Account,
    MemberRole,
    Project,
    ProjectInvitation,
    ProjectMember,
    ProjectRole,
    User,
)
from apps.accounts.selectors import accounts_visible_to, project_invitations_visible_to
from apps.accounts.services.project_invitations import ProjectInvitationManager, open_invitations
from apps.accounts.services.project_members import ProjectMemberManager
from apps.accounts.states import InvitationState
from cloudstack.api import (
    Access,
    BaseAsyncCmd,
    BaseListCmd,
    Choice,
    Flag,
    Ref,
    Secret,
    Str,
    SuccessResponse,
    Uuid,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class ListProjectAccounts(BaseListCmd):
    """Lists who is in a project: whole accounts, and single users."""

    response = ProjectMemberResponse
    keyword_fields = ("account__name", "user__username")
    id_filter = ids_filter = after = None  # who is in a project has no UUID of its own there

    project = Ref("projectid", Project, access=Access.OPERATE, required=True, lookup="project", help="the project")
    account = Str("account", lookup="account__name", help="members of this account")
    user = Uuid("userid", help="this user, by himself or with his account")
    role = Choice("role", MemberRole, lookup="role", help="Admin or Regular")
    project_role = Ref("projectroleid", ProjectRole, lookup="project_role", help="those with this role in the project")

    def queryset(self) -> QuerySet[ProjectMember]:
        members = ProjectMember.objects.all()
        if self.user is None:
            return members
        account = User.objects.filter(uuid=self.user).values("account")
        return members.filter(Q(user__uuid=self.user) | Q(user=None, account__in=account))


class _Adding(BaseAsyncCmd):
    abstract = True
    response = SuccessResponse

    project = Ref(
        "projectid",
        Project,
        access=Access.MODIFY,
        required=True,
        select_related=("domain",),
        help="the project; its admins and those of its domain",
    )
    email = Str("email", default="", max_length=254, help="send an invitation with a token to this address")
    project_role = Ref("projectroleid", ProjectRole, help="role in the project; none if left out")
    role = Choice("roletype", MemberRole, default=MemberRole.REGULAR, help="Admin or Regular, which is the default")


class AddAccountToProject(_Adding):
    """Takes an account into a project, or invites it, or invites whoever reads a mail box."""

    event_type = events.PROJECT_ACCOUNT_ADD

    account = Str("account", help="name of an account in the project's domain")

    def execute(self) -> AsyncJob:
        return ProjectMemberManager().add_account(
            caller=self.caller,
            project=self.project,
            account_name=self.account,
            email=self.email,
            role=MemberRole(self.role),
            project_role=self.project_role,
        )


class AddUserToProject(_Adding):
    """Takes one user into a project, or invites him; the rest of his account stays outside."""

    event_type = events.PROJECT_USER_ADD

    username = Str("username", required=True, help="name of a user in the project's domain")

    def execute(self) -> AsyncJob:
        return ProjectMemberManager().add_user(
            caller=self.caller,
            project=self.project,
            username=self.username,
            email=self.email,
            role=MemberRole(self.role),
            project_role=self.project_role,
        )


class _Removing(BaseAsyncCmd):
    abstract = True
    response = SuccessResponse

    project = Ref("projectid", Project, access=Access.OPERATE, required=True, help="the project")


class DeleteAccountFromProject(_Removing):
    """Takes an account out of a project. Everybody may leave, except the last admin."""

    event_type = events.PROJECT_ACCOUNT_REMOVE

    account = Str("account", required=True, help="name of the account")

    def execute(self) -> AsyncJob:
        return ProjectMemberManager().remove_account(
            caller=self.caller, project=self.project, account_name=self.account
        )


class DeleteUserFromProject(_Removing):
    """Takes a user out of a project who is in it by himself. Everybody may leave, except the last admin."""

    event_type = events.PROJECT_USER_REMOVE

    user = Uuid("userid", required=True, help="UUID of the user, as listProjectAccounts shows it")

    def execute(self) -> AsyncJob:
        member = self.project.members.filter(user__uuid=self.user).select_related("user").first()
        if member is None:
            raise InvalidParameter(
                f"no user {self.user} is in project {self.project} by himself; see listProjectAccounts",
                parameter="userid",
            )
        return ProjectMemberManager().remove_user(caller=self.caller, project=self.project, user=member.user)


class ListProjectInvitations(DomainScopedListCmd):
    """Lists invitations: to you, with projectid to a project that you administer, with listall all within reach."""

    response = ProjectInvitationResponse
    keyword_fields = ("project__name", "account__name", "email")
    ids_filter = None

    # Whoever is invited sees the invitation, but not yet the project.
    project = Uuid("projectid", lookup="project__uuid", help="UUID of the project")
    active_only = Flag("activeonly", default=False, help="only those that can still be answered")
    state = Choice("state", InvitationState, lookup="state", help="Pending, Completed, Expired or Declined")
    user = Ref("userid", User, lookup="user", help="those to this user")
    account = Str("account", help="those to this account, of domainid or else of your domain")

    def queryset(self) -> QuerySet[ProjectInvitation]:
        rows = project_invitations_visible_to(caller=self.caller)
        if self.active_only:
            rows = open_invitations(rows)
        if self.account:
            domain = self.domain.pk if self.domain is not None else self.caller.domain_id
            return rows.filter(account__name=self.account, account__domain=domain)
        if self.project is not None or self.user is not None:
            return rows
        mine = Q(user_id=self.caller.user_id) | Q(user=None, account_id=self.caller.account_id)
        return self.in_domains(rows, path="project__domain", own=mine)


class UpdateProjectInvitation(BaseAsyncCmd):
    """Accepts or declines an invitation to a project: the one to you, or the one whose token you have got by mail."""

    response = SuccessResponse
    event_type = events.PROJECT_INVITATION_UPDATE

    # Whoever is invited does not see the project yet.
    project = Uuid("projectid", required=True, help="UUID of the project, as the invitation shows it")
    account = Str("account", help="name of the account that joins, in your domain; yours if left out")
    user = Ref(
        "userid",
        User,
        access=Access.OPERATE,
        select_related=("account__domain",),
        help="the user who joins, instead of the account",
    )
    token = Secret("token", help="what the mail holds")
    accept = Flag("accept", default=True, help="false declines")

    def execute(self) -> AsyncJob:
        return ProjectInvitationManager().answer(
            caller=self.caller,
            project_uuid=self.project,
            account=self._account(),
            user=self.user,
            token=self.token.reveal() if self.token is not None else "",
            accept=self.accept,
        )

    def _account(self) -> Account:
        reach = accounts_visible_to(caller=self.caller, access=Access.OPERATE).select_related("domain")
        if self.user is not None:
            wanted = {"pk": self.user.account_id}
        elif self.account:
            wanted = {"name": self.account, "domain_id": self.caller.domain_id}
        else:
            wanted = {"pk": self.caller.account_id}
        account = reach.filter(**wanted).first()
        if account is None or (self.user is not None and self.account and account.name != self.account):
            raise InvalidParameter(f"Unable to find account {self.account} within your reach", parameter="account")
        return account


class DeleteProjectInvitation(BaseAsyncCmd):
    """Takes an invitation to a project back."""

    response = SuccessResponse
    event_type = events.PROJECT_INVITATION_REMOVE

    invitation = Ref(
        "id",
        ProjectInvitation,
        access=Access.MODIFY,
        required=True,
        select_related=("project", "account", "user"),
        help="the invitation",
    )

    def execute(self) -> AsyncJob:
        return ProjectInvitationManager().withdraw(caller=self.caller, invitation=self.invitation)
