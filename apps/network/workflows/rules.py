"""Rules of networks come, change and go: the element that gives the service is told all that shall hold."""

from typing import Any

from django.db.models import Q, QuerySet

from apps.network.models import NetworkRule
from apps.network.selectors import network_for_job
from apps.network.services import elements
from apps.network.services.rules import RULE_FSM
from apps.network.states import RuleState
from apps.network.workflows.network_lifecycle import NetworkWorkflow
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


def own_rules(ctx: JobContext) -> QuerySet[NetworkRule]:
    """The rules that the job is about, removed ones included."""
    return NetworkRule.all_objects.filter(uuid__in=ctx.arguments["rules"]).order_by("pk")


def tell(ctx: JobContext, rules: QuerySet[NetworkRule]) -> None:
    """Have exactly ``rules`` hold where the network is up; one that is down learns them when it comes up."""
    network = network_for_job(uuid=ctx.network.uuid)
    if network.services_up and network.service_host is not None:
        elements.apply_rules(network, network.service_host, rules)


def in_force(ctx: JobContext) -> QuerySet[NetworkRule]:
    return elements.rules_in_force(ctx.network)


class AddRules(Step):
    title = "Have the rules hold"

    def plan(self, ctx: JobContext) -> str:
        return "; ".join(f"have the rule hold: {rule}" for rule in own_rules(ctx).select_related("address", "network"))

    def do(self, ctx: JobContext) -> None:
        mine = own_rules(ctx)
        if ctx.network.removed is not None or mine.filter(removed__isnull=False).exists():
            raise ResourceInUse("what the rule was for is gone in the meantime")
        either = in_force(ctx).values("pk"), mine.values("pk")
        tell(ctx, NetworkRule.objects.filter(Q(pk__in=either[0]) | Q(pk__in=either[1])))
        with ctx.transaction():
            for rule in mine.filter(state=RuleState.ADD):
                RULE_FSM.fire(rule, "added")

    def undo(self, ctx: JobContext) -> None:
        tell(ctx, in_force(ctx).exclude(pk__in=own_rules(ctx).values("pk")))


@workflow("network.rules.add")
class AddNetworkRules(NetworkWorkflow):
    title = "Add a rule of a network"
    steps = [AddRules]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        for rule in own_rules(ctx):
            rule.mark_removed()


class ChangeRule(Step):
    title = "Change the rule"

    def plan(self, ctx: JobContext) -> str:
        return "set " + ", ".join(f"{name} to {value}" for name, value in ctx.arguments["changes"].items())

    def do(self, ctx: JobContext) -> None:
        self._write(ctx, ctx.arguments["changes"])

    def undo(self, ctx: JobContext) -> None:
        self._write(ctx, ctx.arguments["before"])

    def _write(self, ctx: JobContext, columns: dict[str, Any]) -> None:
        with ctx.transaction():
            own_rules(ctx).filter(removed__isnull=True).update(**columns)
        tell(ctx, in_force(ctx))


@workflow("network.rules.update")
class UpdateNetworkRule(NetworkWorkflow):
    title = "Change a rule of a network"
    steps = [ChangeRule]


class TakeRulesAway(Step):
    title = "Have the rules hold no more"

    def plan(self, ctx: JobContext) -> str:
        return "; ".join(f"take the rule away: {rule}" for rule in own_rules(ctx).select_related("address", "network"))

    def do(self, ctx: JobContext) -> None:
        tell(ctx, in_force(ctx).exclude(pk__in=own_rules(ctx).values("pk")))
        with ctx.transaction():
            for rule in own_rules(ctx):
                rule.mark_removed()

    def undo(self, ctx: JobContext) -> None:
        if own_rules(ctx).filter(removed__isnull=True).exists():
            tell(ctx, in_force(ctx))


@workflow("network.rules.remove")
class RemoveNetworkRules(NetworkWorkflow):
    title = "Take a rule of a network away"
    steps = [TakeRulesAway]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        for rule in own_rules(ctx).filter(removed__isnull=True, state=RuleState.REVOKE):
            RULE_FSM.fire(rule, "keep")
