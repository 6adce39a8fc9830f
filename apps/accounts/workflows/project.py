"""Jobs on projects."""

import math

from apps.accounts.config import MACHINES_STOP_TIMEOUT
from apps.accounts.models import Account, Project, ProjectInvitation
from apps.accounts.services.closing import close_accounts
from apps.accounts.services.halting import stop_machines
from apps.accounts.services.held_machines import machines_of
from apps.accounts.services.project_invitations import mail_invitation, renew_token
from apps.accounts.services.project_membership import disband
from apps.accounts.services.projects import owners_of, reopen
from apps.accounts.services.state_machines import ACCOUNT_FSM, PROJECT_FSM
from apps.accounts.states import ProjectState
from apps.accounts.workflows.removal import REMOVAL_STEPS, RemoveProjects, late_arrivals, remove_the_rest
from cloudstack.framework.errors import ResourceUnavailable, StaleState
from cloudstack.framework.jobs import JobContext, RetryLater, Step, Workflow, workflow

POLL_S = 2.0
MAX_STUCK_SHOWN = 5


class ProjectWorkflow(Workflow):
    def load(self, ctx: JobContext) -> None:
        ctx.project = Project.all_objects.select_related("account", "domain").get(uuid=ctx.arguments["project_uuid"])


@workflow("accounts.project.changed")
class Changed(ProjectWorkflow):
    """The request has done it: rows are all there is to it."""

    title = "Change a project"
    steps = []


class SendMail(Step):
    title = "Send the invitation by mail"

    def plan(self, ctx: JobContext) -> str:
        return f"send a mail with a token to {ctx.invitation.email}"

    def do(self, ctx: JobContext) -> None:
        if ctx.invitation is None:
            raise StaleState("the invitation was taken back")
        with ctx.transaction():
            token = renew_token(ctx.invitation)
        mail_invitation(ctx.invitation, token)


@workflow("accounts.project.invite")
class Invite(ProjectWorkflow):
    title = "Invite somebody to a project"
    steps = [SendMail]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        invitations = ProjectInvitation.objects.select_related("project", "account", "user")
        ctx.invitation = invitations.filter(uuid=ctx.arguments["invitation_uuid"]).first()

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Nobody has got it: it can be tried again."""
        ProjectInvitation.objects.filter(uuid=ctx.arguments["invitation_uuid"]).delete()


class StopMachines(Step):
    """Has every machine stop; those that cannot are named when all others are off."""

    title = "Stop the project's machines"

    @property
    def patience_s(self) -> float:
        return MACHINES_STOP_TIMEOUT.value()

    def plan(self, ctx: JobContext) -> str:
        running, _ = machines_of([ctx.project.account_id]).get(ctx.project.account_id, (0, 0))
        return f"stop {running} running machine{'' if running == 1 else 's'} of project {ctx.project}"

    def do(self, ctx: JobContext) -> None:
        ctx.check()
        ctx.project.refresh_from_db(fields=["state"])
        if ctx.project.state != ProjectState.SUSPENDED:
            raise StaleState(f"project {ctx.project} was activated in the meantime")
        accounts = Account.objects.filter(pk=ctx.project.account_id)
        report = stop_machines(accounts=accounts, caller=None, job_uuid=ctx.job.uuid)
        if report.left > len(report.stuck):
            raise RetryLater(POLL_S, f"{report.left} machines are stopping")
        if report.stuck:
            more = len(report.stuck) - MAX_STUCK_SHOWN
            shown = "; ".join(report.stuck[:MAX_STUCK_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise ResourceUnavailable(f"project {ctx.project} is suspended, but not all of it stops: {shown}")


@workflow("accounts.project.suspend")
class SuspendProject(ProjectWorkflow):
    title = "Suspend a project"
    steps = [StopMachines]


class CloseProject(Step):
    title = "Remove the members, roles and invitations, then the project"
    patience_s = math.inf

    def plan(self, ctx: JobContext) -> str:
        members = ctx.project.members.count()
        return f"remove project {ctx.project} with {members} member{'' if members == 1 else 's'}"

    def do(self, ctx: JobContext) -> None:
        if ctx.project.removed is None:
            remove_the_rest(ctx, CloseProject)
            with late_arrivals(), ctx.transaction():
                close_accounts(ctx.owners)
                ctx.project.mark_removed()
        # Apart: here the counters of its admins' accounts are held, there those of its own.
        with ctx.transaction():
            disband(ctx.project)


@workflow("accounts.project.delete")
class DeleteProject(ProjectWorkflow):
    title = "Delete a project with all that it owns"
    steps = [*(step for step in REMOVAL_STEPS if step is not RemoveProjects), CloseProject]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.owners = owners_of(ctx.project)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Half emptied it stays shut, until it is deleted again or activated; called off, it is what it was."""
        ctx.project.refresh_from_db(fields=["state", "removed"])
        ctx.job.refresh_from_db(fields=["cancel_requested"])
        before = ctx.arguments["state_before"]
        if ctx.project.removed is not None or not ctx.job.cancel_requested or before == ProjectState.DISABLED:
            return
        reopen(ctx.project)
        if before == ProjectState.SUSPENDED:
            PROJECT_FSM.fire(ctx.project, "suspend")
            ACCOUNT_FSM.fire(ctx.project.account, "disable")
