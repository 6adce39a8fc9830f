"""Projects, who is in them, their roles and invitations, as clients see them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from apps.accounts.api.attached import Iconed, Tagged
from apps.accounts.api.responses.figures import Figure, LimitedResponse
from apps.accounts.models import (
    MemberRole,
    Project,
    ProjectInvitation,
    ProjectMember,
    ProjectRole,
    ProjectRolePermission,
    User,
)
from apps.accounts.models.domain import shown_path
from apps.accounts.services.held_machines import machines_of
from cloudstack.api import BOOL, INT, LIST, STRING, Field, Loaded, Response
from cloudstack.framework.context import Caller

MACHINE_FIGURES = frozenset({"vmrunning", "vmstopped"})


def owners_of(keys: list[int], caller: Caller) -> Mapping[int, list[dict[str, str]]]:
    """The admins of each project."""
    admins = ProjectMember.objects.filter(project__in=keys, role=MemberRole.ADMIN).order_by("pk")
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for project, account, user, username in admins.values_list(
        "project", "account__name", "user__uuid", "user__username"
    ):
        entry = {"account": account}
        if user is not None:
            entry |= {"userid": str(user), "user": username}
        found[project].append(entry)
    return found


class ProjectResponse(LimitedResponse, Tagged, Iconed):
    object_name = "project"
    model = Project
    owner = "account"
    holder = Project
    key = "account_id"
    path_at = "domain__path"
    free_path, free_value = "state", None

    # A project has no projects.
    projectlimit = projecttotal = projectavailable = None

    id = Field("uuid", help="UUID of the project")
    name = Field(help="its name")
    displaytext = Field("display_text", help="a longer text")
    domainid = Field("domain__uuid", help="UUID of its domain")
    domain = Field("domain__name", help="name of its domain")
    projectaccountname = Field("account__name", help="account that owns what the project has")
    state = Field(help="Active, Suspended or Disabled")
    created = Field(help="when it was made")
    owners = Loaded(owners_of, default=list, type=LIST, wire="owner", help="its admins: account, and user and userid")
    vmrunning = Figure(type=INT, help="machines that run")
    vmstopped = Figure(type=INT, help="machines that do not run")

    @classmethod
    def more_figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        machines = machines_of(keys)
        pairs = {key: machines.get(key, (0, 0)) for key in keys}
        return {key: {"vmrunning": running, "vmstopped": stopped} for key, (running, stopped) in pairs.items()}


class MemberUserResponse(Response):
    """A user of an account that is in a project, as the other members see him."""

    object_name = "user"
    model = User

    id = Field("uuid", help="UUID of the user")
    username = Field(help="his name")
    firstname = Field("first_name", help="first name")
    lastname = Field("last_name", help="last name")
    state = Field(help="enabled, disabled or locked")


def users_of(keys: list[int], caller: Caller) -> Mapping[int, list[dict[str, Any]]]:
    """The users of the members that are whole accounts."""
    accounts = dict(ProjectMember.objects.filter(pk__in=keys, user=None).values_list("account", "pk"))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    users = User.objects.filter(account__in=accounts).order_by("pk")
    for (account,), body in MemberUserResponse.render_with(users, ("account_id",), caller=caller):
        found[accounts[account]].append(body)
    return found


class ProjectMemberResponse(Response):
    """A member of a project: a whole account, with its users, or one user."""

    object_name = "projectaccount"
    model = ProjectMember

    projectid = Field("project__uuid", help="UUID of the project")
    project = Field("project__name", help="its name")
    accountid = Field("account__uuid", help="UUID of the account")
    account = Field("account__name", help="name of the account")
    accounttype = Field("account__type", help="0 user, 1 root admin, 2 domain admin, 3 resource admin")
    userid = Field("user__uuid", help="UUID of the user, unless the whole account is meant")
    username = Field("user__username", help="name of that user")
    role = Field(help="Admin or Regular")
    projectroleid = Field("project_role__uuid", help="UUID of the member's role in the project")
    projectrolename = Field("project_role__name", help="name of that role")
    domainid = Field("account__domain__uuid", help="domain of the account")
    domain = Field("account__domain__name", help="name of that domain")
    user = Loaded(users_of, type=LIST, response=MemberUserResponse, help="the users of a whole account")


class ProjectRoleResponse(Response):
    object_name = "projectrole"
    model = ProjectRole

    id = Field("uuid", help="UUID of the role")
    name = Field(help="its name")
    description = Field(help="what it is for")
    projectid = Field("project__uuid", help="the project whose role it is")
    ispublic = Field(compute=lambda row: True, type=BOOL, help="whether all members of the project see it")


class ProjectRolePermissionResponse(Response):
    object_name = "projectrolepermission"
    model = ProjectRolePermission

    id = Field("uuid", help="UUID of the rule")
    projectroleid = Field("role__uuid", help="role that it belongs to")
    projectrolename = Field("role__name", help="name of that role")
    projectid = Field("role__project__uuid", help="project of that role")
    rule = Field(help="name of a command, with * for any letters and digits")
    permission = Field(help="allow or deny")
    description = Field(help="why")


class ProjectInvitationResponse(Response):
    object_name = "projectinvitation"
    model = ProjectInvitation

    id = Field("uuid", help="UUID of the invitation")
    projectid = Field("project__uuid", help="UUID of the project")
    project = Field("project__name", help="its name")
    domainid = Field("project__domain__uuid", help="domain of the project")
    domain = Field("project__domain__name", help="name of that domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["project__domain__path"]),
        needs=("project__domain__path",),
        type=STRING,
        help="path of that domain",
    )
    account = Field("account__name", help="account that is invited")
    userid = Field("user__uuid", help="user who is invited")
    email = Field(compute=lambda row: row["email"] or None, needs=("email",), type=STRING, help="where it was sent")
    state = Field(help="Pending, Completed, Expired or Declined")
