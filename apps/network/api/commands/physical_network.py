"""Commands on physical networks and their traffic types."""

from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.api.responses.physical_network import (
    IsolationMethodResponse,
    PhysicalNetworkResponse,
    TrafficTypeImplementorResponse,
    TrafficTypeResponse,
)
from apps.network.models import PhysicalNetwork, PhysicalNetworkTrafficType
from apps.network.selectors import physical_networks_visible_to, traffic_types_visible_to
from apps.network.services.physical_networks import PhysicalNetworkManager
from apps.network.states import IsolationMethod, PhysicalNetworkState, TrafficType
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseListCmd,
    Choice,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
)
from cloudstack.contracts.network import Service
from cloudstack.framework.drivers import network_element, network_elements


class ListPhysicalNetworks(BaseListCmd):
    """Lists physical networks."""

    roles = ROOT
    response = PhysicalNetworkResponse
    since = "3.0.0"

    network_name = Str("name", lookup="name", help="exact name")
    zone = Ref("zoneid", Zone, lookup="zone", help="those of this zone")

    def queryset(self):
        return physical_networks_visible_to(caller=self.caller)


class CreatePhysicalNetwork(BaseAsyncCreateCmd):
    """Creates a physical network, disabled."""

    roles = ROOT
    response = PhysicalNetworkResponse
    event_type = events.PHYSICAL_NETWORK_CREATE
    since = "3.0.0"

    zone = Ref("zoneid", Zone, access=Access.MODIFY, required=True, help="its zone")
    network_name = Str("name", required=True, help="its name")
    vlan = Str("vlan", default="", max_length=1024, help="VXLAN numbers for guest networks, such as 5000-5999")
    isolation_methods = ListOf("isolationmethods", Str, help="VXLAN")
    broadcast_domain_range = Choice("broadcastdomainrange", ("ZONE",), help="ZONE")
    network_speed = Str("networkspeed", default="", help="for your own records")
    tags = ListOf("tags", Str, help="tags that offerings may ask for")

    def execute(self):
        return PhysicalNetworkManager().create(
            caller=self.caller,
            zone=self.zone,
            name=self.network_name,
            vlan=self.vlan,
            isolation_methods=self.isolation_methods,
            tags=self.tags,
            network_speed=self.network_speed,
        )


class UpdatePhysicalNetwork(BaseAsyncCmd):
    """Enables or disables a physical network, or changes its numbers and tags."""

    roles = ROOT
    response = PhysicalNetworkResponse
    event_type = events.PHYSICAL_NETWORK_UPDATE
    since = "3.0.0"

    physical_network = Ref("id", PhysicalNetwork, access=Access.MODIFY, required=True, help="the physical network")
    state = Choice("state", PhysicalNetworkState, help="Enabled or Disabled")
    vlan = Str("vlan", max_length=1024, help="VXLAN numbers, in place of the present ones")
    network_speed = Str("networkspeed", help="for your own records")
    tags = ListOf("tags", Str, help="tags, in place of the present ones")

    def execute(self):
        return PhysicalNetworkManager().update(
            caller=self.caller,
            physical_network=self.physical_network,
            state=self.state,
            vlan=self.vlan,
            tags=self.tags,
            network_speed=self.network_speed,
        )


class DeletePhysicalNetwork(BaseAsyncCmd):
    """Deletes a physical network without guest networks."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.PHYSICAL_NETWORK_DELETE
    since = "3.0.0"

    physical_network = Ref("id", PhysicalNetwork, access=Access.MODIFY, required=True, help="the physical network")

    def execute(self):
        return PhysicalNetworkManager().delete(caller=self.caller, physical_network=self.physical_network)


class ListTrafficTypes(BaseListCmd):
    """Lists what a physical network carries."""

    roles = ROOT
    response = TrafficTypeResponse
    object_name = "traffictype"
    keyword_fields = ("traffic_type",)
    since = "3.0.0"

    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, required=True, lookup="physical_network", help="the physical network"
    )

    def queryset(self):
        return traffic_types_visible_to(caller=self.caller)


class AddTrafficType(BaseAsyncCreateCmd):
    """Has a physical network carry one more kind of traffic."""

    roles = ROOT
    response = TrafficTypeResponse
    event_type = events.TRAFFIC_TYPE_CREATE
    since = "3.0.0"

    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, access=Access.MODIFY, required=True, help="the physical network"
    )
    traffic_type = Choice("traffictype", TrafficType, required=True, help="Guest, Public, Management or Storage")
    kvm_label = Str("kvmnetworklabel", default="", help="link of KVM hosts that carries it")

    def execute(self):
        return PhysicalNetworkManager().add_traffic_type(
            caller=self.caller,
            physical_network=self.physical_network,
            traffic_type=self.traffic_type,
            kvm_label=self.kvm_label,
        )


class UpdateTrafficType(BaseAsyncCmd):
    """Names another link for a kind of traffic."""

    roles = ROOT
    response = TrafficTypeResponse
    event_type = events.TRAFFIC_TYPE_UPDATE
    since = "3.0.0"

    traffic_type = Ref(
        "id",
        PhysicalNetworkTrafficType,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the traffic type",
    )
    kvm_label = Str("kvmnetworklabel", help="link of KVM hosts that carries it")

    def execute(self):
        return PhysicalNetworkManager().update_traffic_type(
            caller=self.caller, traffic_type=self.traffic_type, kvm_label=self.kvm_label
        )


class DeleteTrafficType(BaseAsyncCmd):
    """Takes a kind of traffic off a physical network."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.TRAFFIC_TYPE_DELETE
    since = "3.0.0"

    traffic_type = Ref(
        "id",
        PhysicalNetworkTrafficType,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the traffic type",
    )

    def execute(self):
        return PhysicalNetworkManager().delete_traffic_type(caller=self.caller, traffic_type=self.traffic_type)


class ListNetworkIsolationMethods(BaseListCmd):
    """Lists the ways in which guest networks can be kept apart."""

    roles = ROOT
    response = IsolationMethodResponse
    since = "4.2.0"
    id_filter = ids_filter = None

    def queryset(self):
        return [
            {"name": str(method)}
            for method in IsolationMethod
            if not self.keyword or self.keyword.lower() in method.lower()
        ]


class ListTrafficTypeImplementors(BaseListCmd):
    """Lists who makes segments for which kind of traffic; other traffic goes over the links of hosts as they are."""

    roles = ROOT
    response = TrafficTypeImplementorResponse
    since = "3.0.0"
    id_filter = ids_filter = None

    traffic_type = Choice("traffictype", TrafficType, help="only for this kind")

    def queryset(self):
        if self.traffic_type not in (None, TrafficType.GUEST):
            return []
        return [
            {"traffictype": str(TrafficType.GUEST), "traffictypeimplementor": name}
            for name in network_elements()
            if Service.CONNECTIVITY in network_element(name).services
            and (not self.keyword or self.keyword.lower() in name.lower())
        ]
