"""Network offerings through the command API."""

import pytest

from apps.network.factories import NetworkFactory, NetworkOfferingFactory
from apps.network.models import NetworkOffering
from apps.network.states import OfferingState
from cloudstack.testing.api import ApiError

pytestmark = pytest.mark.django_db

DHCP_AND_DNS = [
    {"service": "Dhcp", "provider": "VirtualRouter"},
    {"service": "Dns", "provider": "VirtualRouter"},
]


def capability(service: str, kind: str, value: str) -> dict:
    return {"service": service, "capabilitytype": kind, "capabilityvalue": value}


def create(site, **params) -> dict:
    given = {"name": "new", "guestiptype": "Isolated", "traffictype": "Guest", **params}
    return site.root.call("createNetworkOffering", **given)["networkoffering"]


def test_an_offering_is_made_disabled_and_enabled_later(site) -> None:
    offering = create(
        site, displaytext="a text", supportedservices="Dhcp,Dns", serviceproviderlist=DHCP_AND_DNS, networkrate=200
    )
    assert (offering["name"], offering["displaytext"], offering["state"]) == ("new", "a text", "Disabled")
    assert (offering["guestiptype"], offering["traffictype"], offering["networkrate"]) == ("Isolated", "Guest", 200)
    assert [one["name"] for one in offering["service"]] == ["Dhcp", "Dns"]
    assert offering["service"][0]["provider"][0]["name"] == "VirtualRouter"
    assert offering["isdefault"] is False and offering["forvpc"] is False

    def seen() -> set[str]:
        return {one["name"] for one in site.as_seller.items("listNetworkOfferings")}

    assert "new" not in seen()
    site.root.call("updateNetworkOffering", id=offering["id"], state="Enabled", name="renamed", sortkey=-1)
    assert "renamed" in seen()
    assert site.as_seller.items("listNetworkOfferings")[0]["name"] == "renamed"


def test_abilities_that_a_service_has_can_be_asked_for(site) -> None:
    wanted = [capability("dns", "allowdnssuffixmodification", "TRUE")]
    made = create(site, supportedservices="Dns", servicecapabilitylist=wanted, domainid=str(site.sales.uuid))
    assert made["service"][0]["capability"][0]["value"] == "true"
    assert (made["domain"], made["domainid"]) == ("sales", str(site.sales.uuid))
    # Clients index this one without asking whether it is there.
    assert made["serviceofferingid"] == ""


def test_the_only_able_provider_need_not_be_named(site) -> None:
    assert create(site, supportedservices="dhcp")["service"][0]["provider"][0]["name"] == "VirtualRouter"


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"supportedservices": "Dhcp,Teleport"}, "Teleport"),
        ({"supportedservices": "SourceNat"}, "SourceNat"),
        ({"supportedservices": "Dns", "serviceproviderlist": DHCP_AND_DNS}, "Dhcp"),
        ({"serviceproviderlist": [{"service": "Dhcp", "provider": "Nobody"}]}, "Nobody"),
        ({"guestiptype": "L2", "supportedservices": "Dhcp"}, "L2"),
        ({"guestiptype": "Shared", "ispersistent": True}, "ispersistent"),
        ({"guestiptype": "Round"}, "guestiptype"),
        ({"forvpc": True}, "forvpc"),
        ({"internetprotocol": "dualstack"}, "internetprotocol"),
        ({"supportedservices": "Dhcp", "servicecapabilitylist": [capability("Dns", "x", "y")]}, "Dns"),
        (
            {
                "supportedservices": "Dns",
                "servicecapabilitylist": [capability("Dns", "AllowDnsSuffixModification", "false")],
            },
            "AllowDnsSuffixModification=true",
        ),
        ({"traffictype": "Public"}, "traffictype"),
        ({"name": "isolated"}, "isolated"),
        ({"name": ""}, "name"),
        ({"domainid": "1a2b3c4d-0000-4000-8000-000000000000"}, "domainid"),
    ],
)
def test_an_offering_that_cannot_be_is_refused(site, params: dict, word: str) -> None:
    before = NetworkOffering.all_objects.count()
    with pytest.raises(ApiError) as refusal:
        create(site, **params)
    assert refusal.value.code == 431
    assert word in refusal.value.text
    assert NetworkOffering.all_objects.count() == before


def test_an_offering_may_be_for_some_domains_and_zones(site) -> None:
    create(site, name="for sales", domainid=str(site.sales.uuid), zoneid=str(site.zone.uuid), enable=True)

    def sees(client, **params) -> bool:
        return bool(client.items("listNetworkOfferings", name="for sales", **params))

    assert sees(site.as_seller) and sees(site.as_emea) and sees(site.as_sales_admin)
    assert not sees(site.as_lawyer)
    assert sees(site.as_seller, zoneid=str(site.zone.uuid))
    [shown] = site.root.items("listNetworkOfferings", name="for sales")
    assert (shown["domainid"], shown["zoneid"]) == (str(site.sales.uuid), str(site.zone.uuid))
    [shown] = site.as_seller.items("listNetworkOfferings", name="for sales")
    assert "domainid" not in shown


def test_an_offering_of_another_zone_makes_no_network_here(site) -> None:
    from apps.infrastructure.factories import ZoneFactory

    offering = create(site, zoneid=str(ZoneFactory().uuid), enable=True)
    with pytest.raises(ApiError, match="not for zone"):
        site.root.call("createNetwork", name="n", zoneid=str(site.zone.uuid), networkofferingid=offering["id"])


def test_an_offering_with_networks_stays(site) -> None:
    network = NetworkFactory(physical_network=site.physical, offering=site.isolated)
    with pytest.raises(ApiError) as refusal:
        site.root.call("deleteNetworkOffering", id=str(site.isolated.uuid))
    assert refusal.value.code == 536
    network.mark_removed()
    assert site.root.call("deleteNetworkOffering", id=str(site.isolated.uuid)) == {"success": True}
    assert site.root.items("listNetworkOfferings", id=str(site.isolated.uuid)) == []


def test_a_default_offering_stays(site) -> None:
    offering = NetworkOfferingFactory(is_default=True)
    with pytest.raises(ApiError, match="came with the installation"):
        site.root.call("deleteNetworkOffering", id=str(offering.uuid))


def test_only_root_administrators_change_offerings(site) -> None:
    for client in (site.as_seller, site.as_sales_admin):
        for command, params in (
            ("createNetworkOffering", {"name": "n", "guestiptype": "L2", "traffictype": "Guest"}),
            ("updateNetworkOffering", {"id": str(site.isolated.uuid), "name": "n"}),
            ("deleteNetworkOffering", {"id": str(site.isolated.uuid)}),
        ):
            with pytest.raises(ApiError) as refusal:
                client.call(command, **params)
            assert refusal.value.code in (401, 432)


def test_lists_filter(site) -> None:
    NetworkOfferingFactory(name="closed", state=OfferingState.DISABLED)

    def names(**params) -> set[str]:
        return {one["name"] for one in site.root.items("listNetworkOfferings", **params)}

    assert names() == {"isolated", "shared", "l2", "closed"}
    assert names(state="Enabled") == {"isolated", "shared", "l2"}
    assert names(guestiptype="Shared") == {"shared"}
    assert names(istagged=True) == set()
    NetworkOffering.objects.filter(name="closed").update(tags="fast")
    assert names(istagged=True) == {"closed"}
    assert "closed" not in names(istagged=False)
    assert names(guestiptype="Isolated", supportedservices="Dns") == {"isolated", "closed"}
    assert names(sourcenatsupported=True) == set()
    assert names(sourcenatsupported=False, guestiptype="L2") == {"l2"}
    assert names(keyword="sha") == {"shared"}
    assert names(specifyvlan=True) == {"shared"}
    assert names(forvpc=True) == set()
    network = NetworkFactory(physical_network=site.physical, offering=site.isolated)
    other = NetworkOfferingFactory(name="other")
    assert names(networkid=str(network.uuid)) == {other.name}
