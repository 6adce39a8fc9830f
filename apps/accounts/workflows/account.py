"""Jobs on accounts and users: shut out and close."""

from apps.accounts.models import Account, User
from apps.accounts.services.accounts import ensure_holds_nothing
from apps.accounts.services.state_machines import ACCOUNT_FSM, USER_FSM
from apps.accounts.services.users import remove_user
from apps.accounts.states import AccountState
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

    def plan(self, ctx: JobContext) -> str:
        ensure_holds_nothing(ctx.account)
        return f"remove account {ctx.account.name} and its users"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            # A request that was under way when the account was disabled may have added something.
            ensure_holds_nothing(ctx.account)
            close_account(ctx.account)


@workflow("accounts.account.delete")
class DeleteAccount(Workflow):
    title = "Delete an account"
    steps = [CloseAccount]

    def load(self, ctx: JobContext) -> None:
        # Also when a crash came between the last step and the end of the job.
        ctx.account = Account.all_objects.get(uuid=ctx.arguments["account_uuid"])

    def on_failed(self, ctx: JobContext, error: str) -> None:
        before = ctx.arguments["state_before"]
        if ctx.account.removed is None and before != AccountState.DISABLED:
            ACCOUNT_FSM.fire(ctx.account, "enable")
            if before == AccountState.LOCKED:
                ACCOUNT_FSM.fire(ctx.account, "lock")


def close_account(account: Account) -> None:
    """Mark the account and its users removed; what was shared with it is shared no more."""
    for user in User.objects.filter(account=account):
        remove_user(user)
    account.group.groupobjectpermission_set.all().delete()
    account.mark_removed()
