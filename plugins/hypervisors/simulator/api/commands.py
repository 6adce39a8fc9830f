"""Commands that make simulated hosts fail."""

from cloudstack.plugin.api import ROOT, BaseCmd, Int, Long, Ref, Rest, Str, SuccessResponse
from cloudstack.plugin.infrastructure import Cluster, Host, Pod, Zone
from plugins.hypervisors.simulator.api.responses import MockResponse
from plugins.hypervisors.simulator.service import KINDS, FaultManager


class ConfigureSimulator(BaseCmd):
    """Has a command of simulated hosts wait, time out, fail or kill its worker, so many times, in some place."""

    roles = ROOT
    response = MockResponse
    rest = Rest("simulator-mocks")

    zone = Ref("zoneid", Zone, help="only in this zone")
    pod = Ref("podid", Pod, help="only in this pod")
    cluster = Ref("clusterid", Cluster, help="only in this cluster")
    host = Ref("hostid", Host, help="only on this host")
    command_name = Str("name", required=True, help="command, such as start or StartCommand; * for all")
    value = Str("value", required=True, help=KINDS)
    count = Int("count", minimum=-1, help="how many times; without it, or -1: until it is cleaned up")

    def execute(self):
        return FaultManager().configure(
            caller=self.caller,
            name=self.command_name,
            value=self.value,
            count=self.count,
            zone=self.zone,
            pod=self.pod,
            cluster=self.cluster,
            host=self.host,
        )


class QuerySimulatorMock(BaseCmd):
    """Shows a simulated fault and how many times it will still happen."""

    roles = ROOT
    response = MockResponse
    rest = Rest("simulator-mocks", action="query", method="GET", detail=False)

    fault_id = Long("id", required=True, help="number of the fault")

    def execute(self):
        return FaultManager().get(caller=self.caller, fault_id=self.fault_id)


class CleanupSimulatorMock(BaseCmd):
    """Takes a simulated fault back, or all of them when none is named."""

    roles = ROOT
    response = SuccessResponse
    rest = Rest("simulator-mocks", action="cleanup", detail=False)

    fault_id = Long("id", help="number of the fault")

    def execute(self):
        FaultManager().clean_up(caller=self.caller, fault_id=self.fault_id)
