"""Commands on pods."""

from apps.infrastructure.api.responses.pod import PodResponse
from apps.infrastructure.models import Pod, Zone
from apps.infrastructure.selectors import pods_visible_to
from apps.infrastructure.services.pod import PodManager
from apps.infrastructure.states import AllocationState
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Choice, Flag, Ref, Str, SuccessResponse
from cloudstack.framework.context import RoleType

OPERATORS = frozenset({RoleType.ADMIN, RoleType.RESOURCE_ADMIN})


class ListPods(BaseListCmd):
    """Lists pods."""

    roles = OPERATORS
    response = PodResponse

    pod_name = Str("name", lookup="name", help="exact name")
    zone = Ref("zoneid", Zone, lookup="zone", help="pods of this zone")
    allocation_state = Choice("allocationstate", AllocationState, lookup="allocation_state", help="pods in this state")
    show_capacities = Flag("showcapacities", default=False, help="also show CPU and memory")

    def queryset(self):
        return pods_visible_to(caller=self.caller)

    def omitted(self):
        return frozenset() if self.show_capacities else frozenset({"capacity"})


class CreatePod(BaseCmd):
    """Creates a pod in a zone."""

    roles = ROOT
    response = PodResponse

    pod_name = Str("name", required=True, help="name, unique in the zone")
    zone = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="zone of the pod")
    gateway = Str("gateway", default="", help="gateway of the pod's subnet")
    netmask = Str("netmask", default="", help="mask of the pod's subnet")
    start_ip = Str("startip", default="", help="first address for the platform's own use")
    end_ip = Str("endip", default="", help="last address for the platform's own use")
    allocation_state = Choice(
        "allocationstate", AllocationState, default=AllocationState.ENABLED, help="whether it takes machines"
    )

    def execute(self):
        return PodManager().create(
            caller=self.caller,
            zone=self.zone,
            name=self.pod_name,
            gateway=self.gateway,
            netmask=self.netmask,
            start_ip=self.start_ip,
            end_ip=self.end_ip,
            allocation_state=self.allocation_state,
        )

    def omitted(self):
        return frozenset({"capacity"})


class UpdatePod(BaseCmd):
    """Changes a pod; what is not given stays."""

    roles = ROOT
    response = PodResponse

    pod = Ref("id", Pod, access=Access.MODIFY, required=True, help="the pod")
    new_name = Str("name", help="new name")
    gateway = Str("gateway", help="gateway of the pod's subnet")
    netmask = Str("netmask", help="mask of the pod's subnet")
    start_ip = Str("startip", help="first address for the platform's own use")
    end_ip = Str("endip", help="last address for the platform's own use")
    allocation_state = Choice("allocationstate", AllocationState, help="whether it takes machines")

    def execute(self):
        columns = ("gateway", "netmask", "start_ip", "end_ip", "allocation_state")
        changes = {name: getattr(self, name) for name in columns if self.given(name)}
        if self.given("new_name"):
            changes["name"] = self.new_name
        return PodManager().update(caller=self.caller, pod=self.pod, **changes)

    def omitted(self):
        return frozenset({"capacity"})


class DeletePod(BaseCmd):
    """Deletes an empty pod."""

    roles = ROOT
    response = SuccessResponse

    pod = Ref("id", Pod, access=Access.MODIFY, required=True, help="the pod")

    def execute(self):
        PodManager().delete(caller=self.caller, pod=self.pod)
