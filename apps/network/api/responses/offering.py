"""Network offerings on the wire."""

from typing import Any

from apps.accounts.api.attached import Annotated, details_on
from apps.network.api.responses.network import constant, shown
from apps.network.api.responses.service import ServiceResponse, services_loader
from apps.network.models import NetworkOffering
from cloudstack.api import BOOL, LIST, STRING, Field, Loaded
from cloudstack.framework.context import Caller


def _joined(field: str, column: str):
    """Comma lists of the domains or zones that an offering is for."""

    def load(keys: list[int], caller: Caller) -> dict[int, str]:
        through = getattr(NetworkOffering, f"{field}s").through.objects
        rows = through.filter(networkoffering_id__in=keys).order_by("pk")
        found: dict[int, list[Any]] = {}
        for key, value in rows.values_list("networkoffering_id", f"{field}__{column}"):
            found.setdefault(key, []).append(str(value))
        return {key: ",".join(values) for key, values in found.items()}

    return load


class NetworkOfferingResponse(Annotated):
    """A kind of network."""

    object_name = "networkoffering"
    model = NetworkOffering

    id = Field("uuid")
    name = Field()
    displaytext = Field("display_text")
    details = details_on(NetworkOffering, help="what operators have noted for their tools")
    guestiptype = Field("guest_type", help="Isolated, Shared or L2")
    traffictype = Field("traffic_type")
    state = Field(help="Enabled or Disabled")
    availability = Field()
    isdefault = Field("is_default")
    specifyvlan = Field("specify_vlan")
    specifyipranges = Field("specify_ip_ranges")
    conservemode = Field("conserve_mode")
    ispersistent = Field("is_persistent")
    egressdefaultpolicy = Field("egress_default_policy")
    networkrate = Field("network_rate", help="most that a card in its networks sends and gets, in Mbit/s")
    tags = shown("tags", admin_only=True)
    forvpc = constant(False, type=BOOL)
    internetprotocol = constant("IPv4", type=STRING)
    supportsstrechedl2subnet = constant(False, type=BOOL)
    supportspublicaccess = constant(False, type=BOOL)
    supportsinternallb = constant(False, type=BOOL)
    specifyasnumber = constant(False, type=BOOL)
    fornsx = constant(False, type=BOOL)
    fortungsten = constant(False, type=BOOL)
    serviceofferingid = constant(
        "", type=STRING, help="empty: services of networks run on hosts, not in machines with an offering of their own"
    )
    created = Field()
    service = Loaded(services_loader("offering"), type=LIST, response=ServiceResponse)
    domainid = Loaded(_joined("domain", "uuid"), type=STRING, admin_only=True)
    domain = Loaded(_joined("domain", "name"), type=STRING, admin_only=True, help="names of those domains")
    zone = Loaded(_joined("zone", "name"), type=STRING, admin_only=True, help="names of those zones")
    zoneid = Loaded(_joined("zone", "uuid"), type=STRING, admin_only=True)
