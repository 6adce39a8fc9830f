"""Jobs on accounts and users: shut out and close."""

import math

from apps.accounts.models import Account, User
from apps.accounts.services.accounts import owners_of
from apps.accounts.services.closing import close_accounts
from apps.accounts.services.password_reset import mail_link_for_job
from apps.accounts.services.state_machines import ACCOUNT_FSM, USER_FSM
from apps.accounts.states import AccountState
from apps.accounts.workflows.removal import REMOVAL_STEPS, late_arrivals, remove_the_rest
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class ShutOutUsers(Step):
    title = "Shut out the account's users"

    def plan(self, ctx: JobContext) -> str:
        return f"{'lock' if ctx.arguments['lock'] else 'disable'} account {ctx.account.name}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ACCOUNT_FSM.fire(ctx.account, "lock" if ctx.arguments["lock"] else "disable")


@workflow("accounts.account.disable")
class DisableAccount(Workflow):
    title = "Disable an account"
    steps = [ShutOutUsers]

    def load(self, ctx: JobContext) -> None:
        ctx.account = Account.objects.get(uuid=ctx.arguments["account_uuid"])


class ShutOutUser(Step):
    title = "Shut out the user"

    def plan(self, ctx: JobContext) -> str:
        return f"disable user {ctx.user.username}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            USER_FSM.fire(ctx.user, "disable")


@workflow("accounts.user.disable")
class DisableUser(Workflow):
    title = "Disable a user"
    steps = [ShutOutUser]

    def load(self, ctx: JobContext) -> None:
        ctx.user = User.objects.select_related("account").get(uuid=ctx.arguments["user_uuid"])


class CloseAccount(Step):
    title = "Remove the users, their keys and the account"
    patience_s = math.inf

    def plan(self, ctx: JobContext) -> str:
        users = User.objects.filter(account=ctx.account).count()
        return f"remove account {ctx.account.name} with {users} user{'' if users == 1 else 's'} and their keys"

    def do(self, ctx: JobContext) -> None:
        if ctx.account.removed is not None:
            return
        remove_the_rest(ctx, CloseAccount)
        with late_arrivals(), ctx.transaction():
            close_accounts(ctx.owners)


@workflow("accounts.account.delete")
class DeleteAccount(Workflow):
    title = "Delete an account with all that it owns"
    steps = [*REMOVAL_STEPS, CloseAccount]

    def load(self, ctx: JobContext) -> None:
        # Also when a crash came between the last step and the end of the job.
        ctx.account = Account.all_objects.select_related("domain", "group").get(uuid=ctx.arguments["account_uuid"])
        ctx.owners = owners_of(ctx.account)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """An account that was half emptied stays shut and is tried again; called off, it is what it was."""
        ctx.account.refresh_from_db(fields=["state", "removed"])
        if ctx.account.removed is not None:
            return
        ctx.job.refresh_from_db(fields=["cancel_requested"])
        if not ctx.job.cancel_requested:
            Account.objects.filter(pk=ctx.account.pk).update(cleanup_needed=True)
            return
        before = ctx.arguments["state_before"]
        if before != AccountState.DISABLED:
            ACCOUNT_FSM.fire(ctx.account, "enable", cleanup_needed=False)
            if before == AccountState.LOCKED:
                ACCOUNT_FSM.fire(ctx.account, "lock")


class MailResetLink(Step):
    title = "Mail the link, if there is such a user"

    def plan(self, ctx: JobContext) -> str:
        return "mail a link for a new password to the user's address, if there is such a user"

    def do(self, ctx: JobContext) -> None:
        mail_link_for_job(user_id=ctx.arguments["user_id"])


@workflow("accounts.user.mail_reset_link")
class MailPasswordResetLink(Workflow):
    title = "Mail a link for a new password"
    steps = [MailResetLink]
