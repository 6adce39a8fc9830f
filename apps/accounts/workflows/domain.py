"""Jobs on domains."""

from apps.accounts.models import Account, Domain
from apps.accounts.services.domains import DomainManager
from apps.accounts.services.state_machines import DOMAIN_FSM
from apps.accounts.states import DomainState
from apps.accounts.workflows.account import close_account
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class CutOff(Step):
    title = "Remove the accounts and domains below, then the domain"

    def plan(self, ctx: JobContext) -> str:
        DomainManager().ensure_deletable(ctx.domain, cleanup=ctx.arguments["cleanup"])
        return f"remove domain {ctx.domain} and what is below it"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            if ctx.domain.removed is not None:
                return
            # Something may have been added below by a request that was under way.
            DomainManager().ensure_deletable(ctx.domain, cleanup=ctx.arguments["cleanup"])
            for account in Account.objects.filter(domain__path__startswith=ctx.domain.path).select_related("group"):
                close_account(account)
            for domain in Domain.objects.filter(path__startswith=ctx.domain.path).order_by("-level"):
                domain.mark_removed()


@workflow("accounts.domain.delete")
class DeleteDomain(Workflow):
    title = "Delete a domain"
    steps = [CutOff]

    def load(self, ctx: JobContext) -> None:
        ctx.domain = Domain.all_objects.get(uuid=ctx.arguments["domain_uuid"])

    def on_failed(self, ctx: JobContext, error: str) -> None:
        if ctx.domain.removed is None and ctx.domain.state == DomainState.INACTIVE:
            DOMAIN_FSM.fire(ctx.domain, "delete_failed")
