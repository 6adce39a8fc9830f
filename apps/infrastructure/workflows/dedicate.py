"""Keep a place for somebody, and open it again."""

from apps.accounts.models import Account, Domain
from apps.infrastructure.selectors.dedications import dedication_of
from apps.infrastructure.services import dedication
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class PlaceWorkflow(Workflow):
    """``ctx.place`` is the zone, pod, cluster or host."""

    def load(self, ctx: JobContext) -> None:
        model = dedication.MODELS[ctx.arguments["kind"]]
        related = ("pod__zone",) if ctx.arguments["kind"] == "cluster" else ()
        ctx.place = model.all_objects.select_related(*related).get(uuid=ctx.arguments["place_uuid"])


class Keep(Step):
    title = "Keep the place for its owner"

    def plan(self, ctx: JobContext) -> str:
        return f"place only machines of {self.account(ctx) or self.domain(ctx)} in {ctx.place}"

    def do(self, ctx: JobContext) -> None:
        domain, account = self.domain(ctx), self.account(ctx)
        with ctx.transaction():
            known = dedication_of(ctx.place)
            if known is None or (known.domain_id, known.account_id) != (domain.pk, account.pk if account else None):
                if ctx.place.removed is not None:
                    raise InvalidParameter(f"{ctx.place} is gone by now")
                dedication.check(ctx.place, domain, account)
                known = dedication.store(ctx.place, domain, account)
            ctx.set_resource(known)

    def domain(self, ctx: JobContext) -> Domain:
        return Domain.objects.get(uuid=ctx.arguments["domain_uuid"])

    def account(self, ctx: JobContext) -> Account | None:
        uuid = ctx.arguments["account_uuid"]
        return Account.objects.get(uuid=uuid) if uuid else None


class Open(Step):
    title = "Open the place for everybody"

    def plan(self, ctx: JobContext) -> str:
        return f"place machines of everybody in {ctx.place}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            dedication.drop(ctx.place)


@workflow("infrastructure.dedicate")
class Dedicate(PlaceWorkflow):
    title = "Keep a place for a domain or account"
    steps = [Keep]


@workflow("infrastructure.release_dedication")
class ReleaseDedication(PlaceWorkflow):
    title = "Open a place for everybody"
    steps = [Open]
