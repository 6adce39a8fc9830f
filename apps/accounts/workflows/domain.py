"""Jobs on domains."""

import math

from django.db.models import QuerySet

from apps.accounts.models import Account, Domain, ResourceCount, ResourceLimit
from apps.accounts.services.closing import close_accounts
from apps.accounts.services.domains import owners_in
from apps.accounts.services.state_machines import ACCOUNT_FSM, DOMAIN_FSM
from apps.accounts.states import AccountState, DomainState
from apps.accounts.workflows.removal import REMOVAL_STEPS, late_arrivals, remove_the_rest
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class ShutOutAccounts(Step):
    """Nothing is added from here on. What each account was is kept: if the deletion fails they are that again."""

    title = "Shut out the accounts in and below the domain"

    def plan(self, ctx: JobContext) -> str:
        count = _open_accounts(ctx).count()
        return f"disable {count} account{'' if count == 1 else 's'}" if count else "no account to disable"

    def do(self, ctx: JobContext) -> None:
        while accounts := list(_open_accounts(ctx)[:100]):
            with ctx.transaction():
                for account in accounts:
                    ACCOUNT_FSM.fire(account, "disable", state_before_removal=account.state)


class CloseDomain(Step):
    title = "Remove the accounts and domains below, then the domain"
    patience_s = math.inf

    def plan(self, ctx: JobContext) -> str:
        domains, accounts = ctx.owners.domains.count() - 1, ctx.owners.accounts.count()
        return f"remove domain {ctx.domain} with {domains} domains below it and {accounts} accounts"

    def do(self, ctx: JobContext) -> None:
        if ctx.domain.removed is not None:
            return
        remove_the_rest(ctx, CloseDomain)
        with late_arrivals(), ctx.transaction():
            # Whoever adds an account or a domain below holds the row of the domain that it goes into.
            domains = list(ctx.owners.domains.select_for_update(no_key=True).order_by("pk"))
            if not ctx.arguments["cleanup"] and (len(domains) > 1 or ctx.owners.accounts.exists()):
                raise ResourceInUse(f"something has been added to domain {ctx.domain} in the meantime")
            close_accounts(ctx.owners)
            # Limits and figures of what is no more would count for a domain that gets the path next.
            ResourceLimit.objects.filter(domain__in=domains).delete()
            ResourceCount.objects.filter(domain__in=domains).delete()
            for domain in sorted(domains, key=lambda one: -one.level):
                domain.mark_removed()


@workflow("accounts.domain.delete")
class DeleteDomain(Workflow):
    title = "Delete a domain with all that is in and below it"
    steps = [ShutOutAccounts, *REMOVAL_STEPS, CloseDomain]

    def load(self, ctx: JobContext) -> None:
        ctx.domain = Domain.all_objects.get(uuid=ctx.arguments["domain_uuid"])
        ctx.owners = owners_in(ctx.domain)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """What is left is open again: the domains, and the accounts as they were before."""
        if ctx.domain.removed is not None:
            return
        for domain in ctx.owners.domains.filter(state=DomainState.INACTIVE):
            DOMAIN_FSM.fire(domain, "delete_failed")
        shut = ctx.owners.accounts.filter(state=AccountState.DISABLED).exclude(state_before_removal="")
        for account in shut:
            before = account.state_before_removal
            ACCOUNT_FSM.fire(account, "enable", state_before_removal="")
            if before == AccountState.LOCKED:
                ACCOUNT_FSM.fire(account, "lock")


def _open_accounts(ctx: JobContext) -> QuerySet[Account]:
    return ctx.owners.accounts.exclude(state=AccountState.DISABLED).order_by("pk")
