"""Note the default zone of an account."""

from apps.accounts.models import Account
from apps.infrastructure.models import Zone
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class NoteZone(Step):
    title = "Note the zone"

    def plan(self, ctx: JobContext) -> str:
        zone = Zone.objects.filter(uuid=ctx.arguments["zone_uuid"]).first()
        return f"note zone {zone} as the default of account {ctx.account.name}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            # Held, so that a zone that goes at this moment is forgotten after it was noted.
            zone = Zone.objects.select_for_update(of=("self",)).filter(uuid=ctx.arguments["zone_uuid"]).first()
            if zone is None:
                raise InvalidParameter("the zone has been deleted in the meantime")
            Account.objects.filter(pk=ctx.account.pk).update(default_zone_uuid=zone.uuid)


@workflow("infrastructure.account.mark_default_zone")
class MarkDefaultZone(Workflow):
    title = "Note the default zone of an account"
    steps = [NoteZone]

    def load(self, ctx: JobContext) -> None:
        ctx.account = Account.all_objects.get(uuid=ctx.arguments["account_uuid"])
