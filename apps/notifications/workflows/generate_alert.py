"""Write an alert that an administrator has worded."""

from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class WriteAlert(Step):
    title = "Write the alert"

    def plan(self, ctx: JobContext) -> str:
        kind = AlertType(ctx.arguments["kind"])
        return f"write the alert {kind.label}: {ctx.arguments['name']}"

    def do(self, ctx: JobContext) -> None:
        if ctx.data.get("written"):
            return
        with ctx.transaction():
            raise_alert(
                AlertType(ctx.arguments["kind"]),
                ctx.arguments["name"],
                description=ctx.arguments["description"],
                subject_uuid=ctx.arguments["subject_uuid"] or None,
            )
            ctx.data["written"] = True


@workflow("notifications.alert.generate")
class GenerateAlert(Workflow):
    title = "Write an alert"
    steps = [WriteAlert]
