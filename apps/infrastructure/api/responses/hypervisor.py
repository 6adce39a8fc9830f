"""Limits of hypervisors on the wire."""

from apps.infrastructure.models import HypervisorCapabilities
from cloudstack.api import BOOL, INT, Field, Response


class HypervisorCapabilitiesResponse(Response):
    """What operators allow of a hypervisor, and what it can do here."""

    object_name = "hypervisorCapabilities"
    model = HypervisorCapabilities

    id = Field("uuid", help="UUID of the limits")
    hypervisor = Field(help="the hypervisor")
    hypervisorversion = Field("version", help="default: they hold for all versions")
    maxguestslimit = Field("max_guests", type=INT, help="machines on one host")
    maxdatavolumeslimit = Field("max_data_volumes", type=INT, help="data disks of one machine")
    maxhostspercluster = Field("max_hosts_per_cluster", type=INT, help="hosts of one cluster")
    securitygroupenabled = Field(compute=lambda row: False, type=BOOL, help="whether it filters traffic of guests")
    storagemotionenabled = Field(
        compute=lambda row: False, type=BOOL, help="whether running machines change their storage"
    )
    vmsnapshotenabled = Field(compute=lambda row: False, type=BOOL, help="whether snapshots of machines are taken")
