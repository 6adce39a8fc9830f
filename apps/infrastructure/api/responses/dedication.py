"""Dedications on the wire: one response per kind of place."""

from apps.infrastructure.models import Dedication
from cloudstack.api import Field, Response


class DedicationResponse(Response):
    """For whom a place is kept."""

    model = Dedication

    id = Field("uuid", help="UUID of the dedication")
    domainid = Field("domain__uuid", help="domain that it is kept for, with those below")
    accountid = Field("account__uuid", help="the one account of it, if it is kept for that alone")


class DedicatedZoneResponse(DedicationResponse):
    object_name = "dedicatedzone"

    zoneid = Field("zone__uuid", help="the zone")
    zonename = Field("zone__name", help="its name")


class DedicatedPodResponse(DedicationResponse):
    object_name = "dedicatedpod"

    podid = Field("pod__uuid", help="the pod")
    podname = Field("pod__name", help="its name")


class DedicatedClusterResponse(DedicationResponse):
    object_name = "dedicatedcluster"

    clusterid = Field("cluster__uuid", help="the cluster")
    clustername = Field("cluster__name", help="its name")


class DedicatedHostResponse(DedicationResponse):
    object_name = "dedicatedhost"

    hostid = Field("host__uuid", help="the host")
    hostname = Field("host__name", help="its name")
