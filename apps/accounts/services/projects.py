"""Projects: open, change, suspend, activate, delete."""

import uuid as uuids

from django.db import IntegrityError, transaction

from apps.accounts import events
from apps.accounts.config import USERS_CREATE_PROJECTS
from apps.accounts.models import Account, AccountType, MemberRole, Project, ProjectMember, Role, User
from apps.accounts.services.accounts import open_account
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.names import ensure_name
from apps.accounts.services.project_jobs import done, submit
from apps.accounts.services.project_membership import join, locked, set_role
from apps.accounts.services.removal import Owners, contents, ensure_removable
from apps.accounts.services.state_machines import ACCOUNT_FSM, PROJECT_FSM
from apps.accounts.states import AccountState, ProjectState
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.jobs import AsyncJob

DELETION = "accounts.project.delete"


class ProjectManager:
    """Creates, changes, suspends, activates and deletes projects."""

    @transaction.atomic
    def create(
        self, *, caller: Caller, name: str, display_text: str, owner: Account, user: User | None = None
    ) -> tuple[Project, AsyncJob]:
        """A project in the owner's domain, which the account ``owner`` (or only ``user`` of it) administers."""
        if not caller.is_admin and not USERS_CREATE_PROJECTS.value():
            raise PermissionDenied(f"Only administrators create projects here ({USERS_CREATE_PROJECTS.name} is false)")
        name = ensure_name(name, parameter="name", what="a project's name")
        _ensure_free(owner.domain_id, name)
        uuid = uuids.uuid4()
        account = open_account(
            name=f"PrjAcct-{name[:60]}-{uuid.hex[:12]}",
            domain=owner.domain,
            role=_role_of_projects(owner),
            kind=AccountType.PROJECT,
        )
        project = Project(
            uuid=uuid,
            name=name,
            display_text=ensure_name(display_text or name, parameter="displaytext", what="a project's text"),
            domain=owner.domain,
            account=account,
            state=ProjectState.ACTIVE,
        )
        _save(project)
        join(project, account=owner, user=user, role=MemberRole.ADMIN)
        job = done(caller, project, events.PROJECT_CREATE, f"create project {name}", for_caller=True)
        return project, job

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        project: Project,
        name: str | None = None,
        display_text: str | None = None,
        account_name: str | None = None,
        user_uuid: str | None = None,
        role: MemberRole | None = None,
        swap_owner: bool = True,
    ) -> AsyncJob:
        """Change the texts, and what one member is in the project.

        With ``swap_owner`` the member named becomes the only admin in the place of the present one; without it the
        member becomes ``role`` and the others stay what they are.
        """
        project = locked(project)
        if name is not None and name != project.name:
            project.name = ensure_name(name, parameter="name", what="a project's name")
            _ensure_free(project.domain_id, project.name)
        if display_text is not None:
            project.display_text = ensure_name(display_text, parameter="displaytext", what="a project's text")
        _save(project, fields=["name", "display_text"])
        if account_name or user_uuid:
            member = _member(project, account_name, user_uuid)
            if swap_owner:
                if role == MemberRole.REGULAR:
                    raise InvalidParameter(
                        "swapowner makes an admin; with Regular say swapowner=false", parameter="roletype"
                    )
                _swap(project, member)
            else:
                if role is None:
                    raise InvalidParameter(
                        "Give roletype, Admin or Regular, with swapowner=false", parameter="roletype"
                    )
                set_role(project, member, role)
        elif role is not None:
            raise InvalidParameter("roletype goes with account or userid", parameter="roletype")
        return done(caller, project, events.PROJECT_UPDATE, f"update project {project}")

    @transaction.atomic
    def suspend(self, *, caller: Caller, project: Project) -> AsyncJob:
        """Nothing can be made or started in it from now on; a job stops its machines."""
        project = locked(project)
        PROJECT_FSM.fire(project, "suspend")
        ACCOUNT_FSM.fire(project.account, "disable")
        return submit("accounts.project.suspend", caller, project, events.PROJECT_SUSPEND, f"suspend project {project}")

    @transaction.atomic
    def activate(self, *, caller: Caller, project: Project) -> AsyncJob:
        """Open a suspended project again, or one whose deletion did not come to its end; machines stay stopped."""
        project = locked(project)
        if _is_going(project):
            raise ResourceInUse(f"project {project} is being deleted; cancel that job first", parameter="id")
        reopen(project)
        return done(caller, project, events.PROJECT_ACTIVATE, f"activate project {project}")

    @transaction.atomic
    def delete(self, *, caller: Caller, project: Project, cleanup: bool = False) -> AsyncJob:
        """Close a project that owns nothing; with ``cleanup`` all that it owns goes first, step by step.

        From now on it is disabled, so that nothing is added. Raises ``ResourceInUse`` for what must be settled before.
        """
        project = locked(project)
        if _is_going(project):
            raise ResourceInUse(f"project {project} is being deleted already", parameter="id")
        owners = owners_of(project)
        if not cleanup:
            held = list(contents(owners))
            if held:
                raise ResourceInUse(
                    f"project {project} still owns {', '.join(held)}: delete these first, or ask for cleanup=true",
                    parameter="cleanup",
                )
        ensure_removable(owners)
        before = project.state
        PROJECT_FSM.fire(project, "delete")
        ACCOUNT_FSM.fire(project.account, "disable")
        return submit(
            DELETION,
            caller,
            project,
            events.PROJECT_DELETE,
            f"delete project {project}",
            for_caller=not caller.is_admin,
            state_before=before,
        )


def owners_of(project: Project) -> Owners:
    """The project's account as the owner of what goes with it."""
    return Owners(accounts=Account.objects.filter(pk=project.account_id), title=f"project {project}")


def reopen(project: Project) -> None:
    """In the running transaction: the project and its account are as if nothing had been."""
    PROJECT_FSM.fire(project, "activate")
    if project.account.state != AccountState.ENABLED:
        ACCOUNT_FSM.fire(project.account, "enable")


def _is_going(project: Project) -> bool:
    jobs = AsyncJob.objects.filter(name=DELETION, status__in=AsyncJob.LIVE)
    return bool(jobs.filter(resource_uuid=project.uuid).exists())


def _member(project: Project, account_name: str | None, user_uuid: str | None) -> ProjectMember:
    members = project.members.select_related("account__domain", "user", "project")
    if user_uuid:
        member = members.filter(user__uuid=user_uuid).first()
        if member is None:
            raise InvalidParameter(
                f"no user {user_uuid} is in project {project} by himself; see listProjectAccounts", parameter="userid"
            )
        return member
    member = members.filter(user=None, account__name=account_name).first()
    if member is None:
        raise InvalidParameter(
            f'account "{account_name}" is not in project {project}; add it first', parameter="account"
        )
    return member


def _swap(project: Project, member: ProjectMember) -> None:
    admins = list(project.members.filter(role=MemberRole.ADMIN).select_related("account__domain", "user"))
    others = [admin for admin in admins if admin.pk != member.pk]
    if len(others) > 1:
        names = ", ".join(str(admin.user or admin.account) for admin in others)
        raise InvalidParameter(
            f"project {project} has several admins ({names}): say swapowner=false and roletype", parameter="swapowner"
        )
    LimitManager().hold(member.account, *(admin.account for admin in others))
    set_role(project, member, MemberRole.ADMIN)
    for admin in others:
        set_role(project, admin, MemberRole.REGULAR)


def _role_of_projects(owner: Account) -> Role:
    """Nobody logs in to a project's account, but every account has a role: the one of ordinary users."""
    role = Role.objects.filter(type=RoleType.USER, is_default=True).order_by("pk").first()
    return role if role is not None else owner.role


def _ensure_free(domain_id: int, name: str) -> None:
    if Project.objects.filter(domain_id=domain_id, name=name).exists():
        raise InvalidParameter(f'a project "{name}" exists already in this domain', parameter="name")


def _save(project: Project, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            project.save(update_fields=fields)
    except IntegrityError:
        raise InvalidParameter(f'a project "{project.name}" exists already in this domain', parameter="name") from None
