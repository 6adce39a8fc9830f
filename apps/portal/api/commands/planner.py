"""How the places of machines are planned."""

from typing import Any

from cloudstack.api import ROOT, STRING, BaseListCmd, Field, Response

PLANNERS = ("FilterWeigherPlanner",)
"""One way of planning: hosts that fit are weighed; how, the setting vm.allocation.algorithm and plugins say."""


class DeploymentPlannerResponse(Response):
    object_name = "deploymentPlanner"

    planner = Field(wire="name", type=STRING, help="its name")


class ListDeploymentPlanners(BaseListCmd):
    """Lists the planners that choose a host for a machine."""

    roles = ROOT
    response = DeploymentPlannerResponse
    id_filter = ids_filter = None

    def queryset(self) -> list[dict[str, Any]]:
        return [{"name": name} for name in PLANNERS if (self.keyword or "").lower() in name.lower()]
