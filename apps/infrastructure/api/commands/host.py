"""Commands on hosts."""

from uuid import NAMESPACE_OID, uuid5

from apps.infrastructure.api.commands.pod import OPERATORS
from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.api.responses.host import (
    CAPACITY_FIELDS,
    EVENT_FIELDS,
    STATS_FIELDS,
    HostResponse,
    HostTagResponse,
)
from apps.infrastructure.events import (
    HOST_CANCEL_DEGRADED,
    HOST_DECLARE_DEGRADED,
    HOST_RECONNECT,
    HOST_RESERVATION_RELEASE,
    MAINT_CANCEL,
    MAINT_PREPARE,
)
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.selectors import host_tags, hosts_visible_to
from apps.infrastructure.services.host import HostManager
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    ListOf,
    Map,
    Ref,
    Secret,
    Str,
    SuccessResponse,
)


class TagList(ListOf):
    """Host tags; sent empty they are all taken away."""

    empty_is_missing = False


PARTS = {"capacity": CAPACITY_FIELDS, "stats": STATS_FIELDS, "events": EVENT_FIELDS}


def without_details(details):
    """Fields that ``details`` leaves out: all but those of the parts that it names."""
    asked = set(details or ["all"])
    parts = [fields for name, fields in PARTS.items() if not asked & {"all", name}]
    return frozenset().union(*parts)


class HostListCmd(BaseListCmd):
    """What lists of hosts have in common. Those that name machines stand in an app above."""

    abstract = True
    roles = OPERATORS
    response = HostResponse
    keyword_fields = ("name", "private_ip", "cluster__name")

    host_name = Str("name", lookup="name", help="exact name")
    zone = Ref("zoneid", Zone, lookup="zone", help="hosts of this zone")
    pod = Ref("podid", Pod, lookup="pod", help="hosts of this pod")
    cluster = Ref("clusterid", Cluster, lookup="cluster", help="hosts of this cluster")
    state = Choice("state", HostStatus, lookup="status", help="how the connection stands")
    resource_state = Choice("resourcestate", ResourceState, lookup="resource_state", help="what operators want of it")
    type = Str("type", lookup="type__iexact", help="kind of host")
    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="hosts of this hypervisor")
    architecture = Str("arch", lookup="architecture", help="hosts of this architecture")
    version = Str("version", lookup="version", help="hosts whose agent has this version")
    details = ListOf(
        "details",
        Choice(choices=("all", "capacity", "events", "stats", "min")),
        help="which figures to show besides what min shows",
    )
    ha_host = Flag("hahost", help="true: hosts kept for restarted machines alone, which are none")
    power_managed = Flag("outofbandmanagementenabled", help="true: hosts whose power is managed, which are none")

    def queryset(self):
        hosts = hosts_visible_to(caller=self.caller)
        return hosts.none() if self.ha_host or self.power_managed else hosts

    def omitted(self):
        return without_details(self.details)


class AddHost(BaseCmd):
    """Adds a host to a cluster and answers it at once, in state Connecting.

    A job connects it in the background: it becomes Up, or Alert with the reason in its events. No hypervisor is
    ever called inside a request.
    """

    roles = OPERATORS
    response = HostResponse
    list_shaped = True

    zone = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="zone of the host")
    pod = Ref("podid", Pod, access=Access.MODIFY, required=True, help="pod of the host")
    cluster = Ref("clusterid", Cluster, access=Access.MODIFY, help="cluster of the host; or give clustername")
    cluster_name = Str("clustername", help="cluster in the pod, made if it is not there")
    hypervisor = Str("hypervisor", required=True, help="hypervisor that runs on it")
    url = Str("url", required=True, max_length=1024, help="how to reach it, such as qemu+ssh://root@host/system")
    username = Str("username", default="", help="user to log in as")
    password = Secret("password", help="password of that user")
    tags = ListOf("hosttags", Str, default=[], help="tags that offerings may ask for")
    allocation_state = Choice("allocationstate", ("Enabled", "Disabled"), default="Enabled", help="takes machines")
    details = Map("externaldetails", default={}, help="options for the driver, such as memory_mib")

    def execute(self):
        host, _ = HostManager().add(
            caller=self.caller,
            zone=self.zone,
            pod=self.pod,
            cluster=self.cluster,
            cluster_name=self.cluster_name or "",
            hypervisor=self.hypervisor,
            url=self.url,
            username=self.username,
            password=self.password,
            tags=tuple(self.tags),
            details=self.details,
            enabled=self.allocation_state == "Enabled",
        )
        return host


class DeleteHost(BaseCmd):
    """Deletes a host that is disabled or in maintenance and carries no machine."""

    roles = OPERATORS
    response = SuccessResponse

    host = Ref("id", Host, access=Access.MODIFY, required=True, help="the host")
    forced = Flag("forced", default=False, help="in any state; machines still keep it")
    with_local_storage = RefusedFlag("forcedestroylocalstorage")

    def execute(self):
        HostManager().delete(caller=self.caller, host=self.host, forced=self.forced)


class ReconnectHost(BaseAsyncCmd):
    """Connects a host anew and reads what it has."""

    roles = ROOT
    response = HostResponse
    event_type = HOST_RECONNECT

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().reconnect(caller=self.caller, host=self.host)


class PrepareHostForMaintenance(BaseAsyncCmd):
    """Has all machines leave a host and keeps new ones away."""

    roles = ROOT
    response = HostResponse
    event_type = MAINT_PREPARE

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().prepare_maintenance(caller=self.caller, host=self.host)


class CancelHostMaintenance(BaseAsyncCmd):
    """Brings a host back from maintenance."""

    roles = ROOT
    response = HostResponse
    event_type = MAINT_CANCEL

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().cancel_maintenance(caller=self.caller, host=self.host)


class DeclareHostAsDegraded(BaseAsyncCmd):
    """Writes a host off that does not answer: it takes no machines until that is taken back.

    Machines that ran on it stay on record there: whether they still run, the platform cannot know.
    """

    roles = ROOT
    response = HostResponse
    event_type = HOST_DECLARE_DEGRADED

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().declare_degraded(caller=self.caller, host=self.host)


class CancelHostAsDegraded(BaseAsyncCmd):
    """Takes back that a host was written off."""

    roles = ROOT
    response = HostResponse
    event_type = HOST_CANCEL_DEGRADED

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().cancel_degraded(caller=self.caller, host=self.host)


class ReleaseHostReservation(BaseAsyncCmd):
    """Gives back room of a host that is promised to machines which are not there and on which no job works."""

    roles = ROOT
    response = SuccessResponse
    event_type = HOST_RESERVATION_RELEASE

    host = Ref("id", Host, access=Access.OPERATE, required=True, help="the host")

    def execute(self):
        return HostManager().release_reservations(caller=self.caller, host=self.host)


class UpdateHostPassword(BaseCmd):
    """Stores the user and password by which a host, or all hosts of a cluster, are reached, and connects them anew.

    The password is not changed on the hosts. A host that does not take it goes to Alert.
    """

    roles = ROOT
    response = SuccessResponse

    host = Ref("hostid", Host, access=Access.MODIFY, help="the host; or give clusterid")
    cluster = Ref("clusterid", Cluster, access=Access.MODIFY, help="all hosts of this cluster")
    on_host = RefusedFlag("update_passwd_on_host")
    username = Str("username", required=True, max_length=255, help="user to log in as")
    password = Secret("password", required=True, help="password of that user")

    def execute(self):
        HostManager().update_password(
            caller=self.caller,
            host=self.host,
            cluster=self.cluster,
            username=self.username,
            password=self.password,
        )


class ListHostTags(BaseListCmd):
    """Lists the tags that hosts carry, each once."""

    roles = ADMINS
    response = HostTagResponse
    id_filter = None
    ids_filter = None

    def queryset(self):
        return [
            {"id": str(uuid5(NAMESPACE_OID, f"host tag {tag}")), "name": tag, "isimplicit": False}
            for tag in host_tags(caller=self.caller)
            if not self.keyword or self.keyword.lower() in tag.lower()
        ]
