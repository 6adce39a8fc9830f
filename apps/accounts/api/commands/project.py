"""Commands on projects."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts import events
from apps.accounts.api.attached import ShowsIcons, TagFilter
from apps.accounts.api.listing import DomainScopedListCmd
from apps.accounts.api.responses.figures import figures
from apps.accounts.api.responses.project import MACHINE_FIGURES, ProjectResponse
from apps.accounts.models import Account, Domain, MemberRole, Project, ProjectMember, User
from apps.accounts.selectors import accounts_visible_to, projects_visible_to
from apps.accounts.services.ownership import resolve_owner
from apps.accounts.services.projects import ProjectManager
from apps.accounts.states import ProjectState
from cloudstack.api import (
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    Choice,
    Flag,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
    Uuid,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class ListProjects(ShowsIcons, TagFilter, DomainScopedListCmd):
    """Lists projects: those that you are in, or with listall all that you administer."""

    response = ProjectResponse
    keyword_fields = ("name", "display_text")
    ids_filter = None

    account = Str("account", help="projects that this account is in; it is looked for in domainid or else your domain")
    username = Str("username", help="projects that this user is in, by himself or with his account")
    project_name = Str("name", lookup="name", help="name of the project")
    display_text = Str("displaytext", lookup="display_text", help="its text")
    state = Choice("state", ProjectState, lookup="state", help="Active, Suspended or Disabled")
    details = ListOf("details", Str, help="all, resource or min: min leaves limits, totals and machines away")

    def queryset(self) -> QuerySet[Project]:
        projects = projects_visible_to(caller=self.caller)
        if self.username:
            projects = projects.filter(_joined(self._named_users()))
        if self.account:
            projects = projects.filter(_joined(Q(account__in=self._named_account().values("pk"))))
        if self.username or self.account:
            return projects
        mine = Q(user_id=self.caller.user_id) | Q(user=None, account_id=self.caller.account_id)
        return self.in_domains(projects, own=_joined(mine) if self.caller.is_admin else Q())

    def _named_account(self) -> QuerySet[Account]:
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        found = accounts_visible_to(caller=self.caller).filter(name=self.account, domain=domain_id)
        if not found.exists():
            raise InvalidParameter(f"could not find account {self.account} in that domain", parameter="account")
        return found

    def _named_users(self) -> Q:
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        accounts = accounts_visible_to(caller=self.caller).values("pk")
        users = User.objects.filter(account__in=accounts, username=self.username, domain=domain_id)
        found = users.values_list("pk", "account_id").first()
        if found is None:
            raise InvalidParameter(f"could not find user {self.username} in that domain", parameter="username")
        return Q(user=found[0]) | Q(user=None, account=found[1])

    def omitted(self) -> frozenset[str]:
        unknown = sorted({word.lower() for word in self.details or ()} - {"all", "resource", "min"})
        if unknown:
            raise InvalidParameter(
                f"details knows all, resource and min, not {', '.join(unknown)}", parameter="details"
            )
        least = figures() | MACHINE_FIGURES if self.details == ["min"] else frozenset()
        return super().omitted() | least


def _joined(members: Q) -> Q:
    return Q(Exists(ProjectMember.objects.filter(members, project=OuterRef("pk"))))


class CreateProject(BaseAsyncCreateCmd):
    """Creates a project, which you or the account or user that you name administers."""

    response = ProjectResponse
    event_type = events.PROJECT_CREATE

    project_name = Str("name", required=True, help="name of the project, once per domain")
    display_text = Str("displaytext", default="", help="a longer text; the name if left out")
    account = Str("account", help="account that administers it, together with domainid; administrators only")
    domain = Ref("domainid", Domain, help="domain of that account")
    account_ref = Ref(
        "accountid", Account, access=Access.OPERATE, select_related=("domain", "role"), help="that account by UUID"
    )
    user = Ref(
        "userid",
        User,
        access=Access.OPERATE,
        select_related=("account__domain", "account__role"),
        help="user who administers it instead of a whole account",
    )

    def execute(self) -> tuple[Project, AsyncJob]:
        return ProjectManager().create(
            caller=self.caller,
            name=self.project_name,
            display_text=self.display_text,
            owner=self._owner(),
            user=self.user,
        )

    def _owner(self) -> Account:
        named = self.account_ref
        if named is None and (self.account or self.user is None):
            named = resolve_owner(self.caller, self.account, self.domain)
        if self.user is None:
            assert named is not None  # noqa: S101 - narrows the type
            return named
        if named is not None and named.pk != self.user.account_id:
            raise InvalidParameter(f"user {self.user.username} is not of account {named}", parameter="userid")
        return self.user.account


class _OneProject(BaseAsyncCmd):
    abstract = True
    response = ProjectResponse

    project = Ref(
        "id",
        Project,
        access=Access.MODIFY,
        required=True,
        help="the project; its admins and those of its domain",
    )


class UpdateProject(_OneProject):
    """Changes the name or text of a project, or which of its members are its admins."""

    event_type = events.PROJECT_UPDATE

    new_name = Str("name", help="new name")
    display_text = Str("displaytext", help="new text")
    account = Str("account", help="account in the project that becomes its admin, or what roletype says")
    # Who administers a project need not see the users of other accounts elsewhere.
    user = Uuid("userid", help="user in the project, instead of account; see listProjectAccounts")
    role = Choice("roletype", MemberRole, help="Admin or Regular, with account or userid and swapowner=false")
    swap_owner = Flag(
        "swapowner",
        help="true: the member named takes the place of the present admin; false: the others stay what they are; "
        "true if left out, unless roletype is given",
    )

    def execute(self) -> AsyncJob:
        swap = self.swap_owner if self.swap_owner is not None else self.role is None
        return ProjectManager().update(
            caller=self.caller,
            project=self.project,
            name=self.new_name,
            display_text=self.display_text,
            account_name=self.account,
            user_uuid=self.user,
            role=MemberRole(self.role) if self.role else None,
            swap_owner=swap,
        )


class SuspendProject(_OneProject):
    """Suspends a project: its machines are stopped, and nothing is made or started in it until it is activated."""

    event_type = events.PROJECT_SUSPEND

    def execute(self) -> AsyncJob:
        return ProjectManager().suspend(caller=self.caller, project=self.project)


class ActivateProject(_OneProject):
    """Opens a suspended project again; its machines stay stopped."""

    event_type = events.PROJECT_ACTIVATE

    def execute(self) -> AsyncJob:
        return ProjectManager().activate(caller=self.caller, project=self.project)


class DeleteProject(_OneProject):
    """Deletes a project, with cleanup all that it owns before."""

    response = SuccessResponse
    event_type = events.PROJECT_DELETE
    irreversible = "the project and all that it owns are gone"

    cleanup = Flag("cleanup", default=False, help="also delete what it owns; without it the project must own nothing")

    def execute(self) -> AsyncJob:
        return ProjectManager().delete(caller=self.caller, project=self.project, cleanup=self.cleanup)
