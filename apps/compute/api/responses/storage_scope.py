"""Machines that stand in the way of a pool's new scope."""

from apps.compute.models import VirtualMachine
from cloudstack.api import STRING, Field, Response


class AffectedVmResponse(Response):
    """A machine with the place where it runs."""

    object_name = "virtualmachine"
    model = VirtualMachine

    id = Field("uuid", help="the machine")
    name = Field(help="its name")
    type = Field(compute=lambda row: "User", type=STRING, help="kind of machine")
    clusterid = Field("host__cluster__uuid", help="cluster that it runs in")
    clustername = Field("host__cluster__name", help="name of that cluster")
    hostid = Field("host__uuid", help="host that it runs on")
    hostname = Field("host__name", help="name of that host")
