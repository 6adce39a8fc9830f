"""Brewing: a job with steps, which shows how far it is and can be cancelled."""

from django.utils import timezone

from cloudstack.plugin.jobs import JobContext, RetryLater, Step, Workflow, workflow
from plugins.features.coffee.config import BREW_TIME_S
from plugins.features.coffee.manager import COFFEES
from plugins.features.coffee.models import FSM, Coffee, State


class Grind(Step):
    title = "Grind the beans"

    def plan(self, ctx: JobContext) -> str:
        return f"grind beans for {ctx.cup.size.lower()} {ctx.cup.offering}"

    def do(self, ctx: JobContext) -> None:
        if ctx.cup.state != State.BREWING:
            with ctx.transaction():
                COFFEES.move(ctx.cup, "brew")


class Brew(Step):
    """Keeps no worker waiting: the job sleeps, and whoever takes it up again sees how much time has passed."""

    title = "Let it brew"

    def plan(self, ctx: JobContext) -> str:
        return f"brew for {BREW_TIME_S.value()} s"

    def do(self, ctx: JobContext) -> None:
        needed, passed = BREW_TIME_S.value(), (timezone.now() - ctx.cup.since).total_seconds()
        if passed < needed:
            ctx.progress(int(passed * 100 / needed))
            raise RetryLater(min(1, needed - passed), f"brewing, {needed - passed:.0f} s to go")


@workflow("coffee.cup.brew")
class BrewCoffee(Workflow):
    title = "Brew a coffee"
    steps = [Grind, Brew]

    def load(self, ctx: JobContext) -> None:
        ctx.cup = Coffee.all_objects.select_related("account__domain").get(uuid=ctx.job.resource_uuid)

    def on_succeeded(self, ctx: JobContext) -> None:
        COFFEES.move(ctx.cup, "succeeded")

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """A cancelled cup is poured away; one that went wrong stays to be looked at."""
        if FSM.can(ctx.cup, event := "cancelled" if ctx.job.cancel_requested else "failed"):
            COFFEES.move(ctx.cup, event)
