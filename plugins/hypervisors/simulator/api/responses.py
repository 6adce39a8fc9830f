"""Simulated faults on the wire."""

from cloudstack.plugin.api import LONG, Field, Response
from plugins.hypervisors.simulator.models import Fault


class MockResponse(Response):
    """A fault to come."""

    object_name = "simulatormock"
    model = Fault

    id = Field(type=LONG)
    zoneid = Field("zone_uuid")
    podid = Field("pod_uuid")
    clusterid = Field("cluster_uuid")
    hostid = Field("host_uuid")
    name = Field("command")
    value = Field()
    count = Field("remaining", help="how many times it still happens; left out: without end")
