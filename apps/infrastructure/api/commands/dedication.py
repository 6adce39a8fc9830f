"""Commands that keep places for one domain or account."""

from apps.accounts.models import Domain
from apps.infrastructure.api.responses.dedication import (
    DedicatedClusterResponse,
    DedicatedHostResponse,
    DedicatedPodResponse,
    DedicatedZoneResponse,
)
from apps.infrastructure.events import DEDICATE, DEDICATE_RELEASE
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.selectors.dedications import dedications_visible_to
from apps.infrastructure.services.dedication import DedicationManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseListCmd, Ref, Str, SuccessResponse


class DedicateCmd(BaseAsyncCmd):
    """Keeps a place for a domain and those below it, or for one account."""

    abstract = True
    roles = ROOT
    event_type = DEDICATE

    domain = Ref("domainid", Domain, required=True, help="the domain")
    account = Str("account", default="", help="name of an account of it: keep the place for this one alone")

    def execute(self):
        return DedicationManager().dedicate(
            caller=self.caller, place=self.place, domain=self.domain, account_name=self.account
        )


class ReleaseDedicatedCmd(BaseAsyncCmd):
    """Opens a dedicated place for everybody."""

    abstract = True
    roles = ROOT
    response = SuccessResponse
    event_type = DEDICATE_RELEASE

    def execute(self):
        return DedicationManager().release(caller=self.caller, place=self.place)


class ListDedicatedCmd(BaseListCmd):
    """Lists places that are kept for somebody."""

    abstract = True
    roles = ROOT
    id_filter = None
    ids_filter = None
    kind = ""

    domain = Ref("domainid", Domain, lookup="domain", help="kept for this domain")
    account = Str("account", lookup="account__name", help="kept for an account of this name")

    def queryset(self):
        return dedications_visible_to(caller=self.caller).filter(**{f"{self.kind}__isnull": False})


class DedicateZone(DedicateCmd):
    """Keeps a zone for a domain and those below it, or for one account: nobody else's machines are placed there."""

    response = DedicatedZoneResponse

    place = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="the zone")


class ReleaseDedicatedZone(ReleaseDedicatedCmd):
    """Opens a dedicated zone for everybody."""

    place = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="the zone")


class ListDedicatedZones(ListDedicatedCmd):
    """Lists the zones that are kept for a domain or account."""

    response = DedicatedZoneResponse
    kind = "zone"
    keyword_fields = ("zone__name",)

    place = Ref("zoneid", Zone, lookup="zone", help="this zone")


class DedicatePod(DedicateCmd):
    """Keeps a pod for a domain and those below it, or for one account: nobody else's machines are placed there."""

    response = DedicatedPodResponse

    place = Ref("podid", Pod, access=Access.MODIFY, required=True, help="the pod")


class ReleaseDedicatedPod(ReleaseDedicatedCmd):
    """Opens a dedicated pod for everybody."""

    place = Ref("podid", Pod, access=Access.MODIFY, required=True, help="the pod")


class ListDedicatedPods(ListDedicatedCmd):
    """Lists the pods that are kept for a domain or account."""

    response = DedicatedPodResponse
    kind = "pod"
    keyword_fields = ("pod__name",)

    place = Ref("podid", Pod, lookup="pod", help="this pod")


class DedicateCluster(DedicateCmd):
    """Keeps a cluster for a domain and those below it, or for one account: nobody else's machines are placed there."""

    response = DedicatedClusterResponse

    place = Ref("clusterid", Cluster, access=Access.MODIFY, select_related=["pod"], required=True, help="the cluster")


class ReleaseDedicatedCluster(ReleaseDedicatedCmd):
    """Opens a dedicated cluster for everybody."""

    place = Ref("clusterid", Cluster, access=Access.MODIFY, required=True, help="the cluster")


class ListDedicatedClusters(ListDedicatedCmd):
    """Lists the clusters that are kept for a domain or account."""

    response = DedicatedClusterResponse
    kind = "cluster"
    keyword_fields = ("cluster__name",)

    place = Ref("clusterid", Cluster, lookup="cluster", help="this cluster")


class DedicateHost(DedicateCmd):
    """Keeps a host for a domain and those below it, or for one account: nobody else's machines are placed there."""

    response = DedicatedHostResponse

    place = Ref("hostid", Host, access=Access.MODIFY, required=True, help="the host")


class ReleaseDedicatedHost(ReleaseDedicatedCmd):
    """Opens a dedicated host for everybody."""

    place = Ref("hostid", Host, access=Access.MODIFY, required=True, help="the host")


class ListDedicatedHosts(ListDedicatedCmd):
    """Lists the hosts that are kept for a domain or account."""

    response = DedicatedHostResponse
    kind = "host"
    keyword_fields = ("host__name",)

    place = Ref("hostid", Host, lookup="host", help="this host")
