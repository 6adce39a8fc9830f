"""Numbers kept for accounts, numbers listed, and services that a provider gives or not."""

import pytest

from apps.accounts.factories import AccountFactory, project_of
from apps.network.factories import NetworkFactory, PhysicalNetworkFactory, PublicRangeFactory
from apps.network.models import GuestVlanRange, VniAllocation
from apps.network.services.addressing import Span, minus
from apps.network.services.vnis import hold_vni
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.errors import CloudError
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def finish(site, command: str, /, **params) -> dict:
    body = site.root.call(command, **params)
    run_jobs()
    return site.root.call("queryAsyncJobResult", jobid=body["jobid"])


def refused(site, command: str, /, **params) -> ApiError:
    before = GuestVlanRange.objects.count(), VniAllocation.objects.count()
    with pytest.raises(ApiError) as refusal:
        site.root.call(command, **params)
    assert (GuestVlanRange.objects.count(), VniAllocation.objects.count()) == before
    return refusal.value


@pytest.fixture
def physical(site):
    """Numbers 700-709 in a zone of their own."""
    return PhysicalNetworkFactory(vnis=(700, 709))


def dedicate(site, physical, text: str, account: str = "seller", domain=None) -> dict:
    return {
        "physicalnetworkid": str(physical.uuid),
        "vlanrange": text,
        "account": account,
        "domainid": str((domain or site.sales).uuid),
    }


def number_for(physical, account=None) -> int:
    options = {"account": account} if account is not None else {}
    return hold_vni(network=NetworkFactory(physical_network=physical, **options))


@pytest.mark.parametrize(
    ("spans", "others", "rest"),
    [
        ([(1, 9)], [(3, 4)], [(1, 2), (5, 9)]),
        ([(1, 9)], [(0, 3), (8, 20)], [(4, 7)]),
        ([(1, 9)], [(1, 9)], []),
        ([(1, 3), (7, 9)], [(3, 7)], [(1, 2), (8, 9)]),
        ([(1, 3)], [(4, 5)], [(1, 3)]),
    ],
)
def test_ranges_without_others(spans, others, rest) -> None:
    left = minus([Span(*span) for span in spans], [Span(*span) for span in others])
    assert left == [Span(*span) for span in rest]


def test_dedicated_numbers_go_to_their_account_first_and_to_nobody_else(site, physical) -> None:
    kept = site.root.call("dedicateGuestVlanRange", **dedicate(site, physical, "700-701"))["dedicatedguestvlanrange"]
    assert (kept["guestvlanrange"], kept["account"], kept["domainpath"]) == ("700-701", "seller", "ROOT/sales")
    assert (kept["physicalnetworkid"], kept["zoneid"]) == (str(physical.uuid), str(physical.zone.uuid))
    assert {number_for(physical, site.seller) for _ in range(2)} == {700, 701}
    # Then come the common ones, unless the operator says otherwise.
    ConfigValue.objects.create(name="use.system.guest.vlans", value="false")
    store.forget()
    with pytest.raises(CloudError, match="no free VXLAN number"):
        number_for(physical, site.seller)
    ConfigValue.objects.update(value="true")
    store.forget()
    assert number_for(physical, site.seller) in range(702, 710)
    assert {number_for(physical) for _ in range(7)} <= set(range(702, 710))
    with pytest.raises(CloudError, match="no free VXLAN number"):
        number_for(physical)
    fixed = NetworkFactory(physical_network=physical)
    with pytest.raises(CloudError, match="kept for account seller"):
        hold_vni(network=fixed, requested=700)

    listed = site.root.items("listDedicatedGuestVlanRanges", account="seller", domainid=str(site.sales.uuid))
    assert listed == site.root.items("listDedicatedGuestVlanRanges", guestvlanrange="700-701") == [kept]
    assert site.root.items("listDedicatedGuestVlanRanges", guestvlanrange="700-702") == []
    assert site.root.items("listDedicatedGuestVlanRanges", zoneid=str(site.zone.uuid)) == []
    assert finish(site, "releaseDedicatedGuestVlanRange", id=kept["id"])["jobresult"] == {"success": True}
    assert site.root.items("listDedicatedGuestVlanRanges") == []
    assert VniAllocation.objects.filter(network__account=site.seller).count() == 3


def test_what_cannot_be_dedicated(site, physical) -> None:
    hold_vni(network=NetworkFactory(physical_network=physical), requested=705)
    site.root.call("dedicateGuestVlanRange", **dedicate(site, physical, "700-701"))
    for text, code, word in (
        ("701-703", 431, "overlaps 700-701"),
        ("708-710", 431, "700-709"),
        ("704-706", 536, "705"),
        ("9-8", 431, "rise"),
        ("x", 431, "vlanrange"),
    ):
        answer = refused(site, "dedicateGuestVlanRange", **dedicate(site, physical, text, "lawyer", site.legal))
        assert (answer.code, word in answer.text) == (code, True), answer.text
    nobody = {**dedicate(site, physical, "702-703"), "account": None, "domainid": None}
    assert "account" in refused(site, "dedicateGuestVlanRange", **nobody).text
    answer = refused(site, "updatePhysicalNetwork", id=str(physical.uuid), vlan="701-709")
    assert answer.code == 536 and "kept for account seller" in answer.text
    with pytest.raises(ApiError) as refusal:
        site.as_sales_admin.call("dedicateGuestVlanRange", **dedicate(site, physical, "702-703"))
    assert refusal.value.code in (401, 432)


def test_numbers_are_listed_with_their_networks(site, physical, statements) -> None:
    network = NetworkFactory(physical_network=physical, account=site.lawyer)
    hold_vni(network=network, requested=703)
    site.root.call("dedicateGuestVlanRange", **dedicate(site, physical, "700-700"))
    here = {"physicalnetworkid": str(physical.uuid)}
    answer = site.root.call("listGuestVlans", **here)
    assert answer["count"] == 10
    first, taken, free = answer["guestvlan"][0], answer["guestvlan"][3], answer["guestvlan"][4]
    assert (first["vlan"], first["isdedicated"], first["account"]) == ("700", True, "seller")
    assert (taken["vlan"], taken["allocationstate"], taken["domainpath"]) == ("703", "Allocated", "ROOT/legal")
    assert [one["id"] for one in taken["network"]] == [str(network.uuid)]
    assert taken["taken"] and taken["zonename"] == physical.zone.name
    assert (free["allocationstate"], "account" in free, "network" in free) == ("Free", False, False)
    assert site.root.call("listGuestVlans", **here, allocatedonly=True)["guestvlan"] == [taken]
    assert site.root.call("listGuestVlans", **here, vnet="703") == {"count": 1, "guestvlan": [taken]}
    assert site.root.call("listGuestVlans", **here, vnet="800") == {}
    assert "vnet" in refused(site, "listGuestVlans", vnet="x").text
    page = site.root.call("listGuestVlans", **here, page=2, pagesize=4)
    assert (page["count"], [row["vlan"] for row in page["guestvlan"]]) == (10, ["704", "705", "706", "707"])
    assert site.root.call("listGuestVlans", **here, page=4, pagesize=4) == {}
    # Two physical networks, over whose edge a page goes.
    both = [row["vlan"] for row in site.root.items("listGuestVlans", page=251, pagesize=4)]
    assert both == ["700", "701", "702", "703"]
    for number in range(704, 709):
        hold_vni(network=NetworkFactory(physical_network=physical), requested=number)
    with statements(12):
        site.root.call("listGuestVlans", **here)


def test_an_account_with_public_ranges_of_its_own_may_be_kept_to_them(site) -> None:
    PublicRangeFactory(physical_network=site.physical)
    own = PublicRangeFactory(physical_network=site.physical, first="203.0.113.64", size=1)
    mine = {"domainid": str(site.sales.uuid), "account": "seller"}
    site.root.call("dedicatePublicIpRange", id=str(own.uuid), **mine)
    ConfigValue.objects.create(name="use.system.public.ips", value="false")
    store.forget()
    zone = {"zoneid": str(site.zone.uuid)}
    site.as_seller.call("associateIpAddress", **zone)
    with pytest.raises(ApiError) as refusal:
        site.as_seller.call("associateIpAddress", **zone)
    assert refusal.value.code == 533
    site.as_lawyer.call("associateIpAddress", **zone)


def test_a_provider_gives_some_of_its_services_only(site) -> None:
    provider = site.physical.providers.get()
    changed = finish(site, "updateNetworkServiceProvider", id=str(provider.uuid), servicelist="dhcp,dns")
    assert changed["jobresult"]["networkserviceprovider"]["servicelist"] == ["Dhcp", "Dns"]
    with pytest.raises(ApiError) as refusal:
        site.isolated_network(site.as_seller)
    assert "needs UserData of provider VirtualRouter" in refusal.value.text
    answer = refused(site, "updateNetworkServiceProvider", id=str(provider.uuid), servicelist="SourceNat")
    assert answer.code == 431 and "SourceNat" in answer.text
    finish(site, "updateNetworkServiceProvider", id=str(provider.uuid), servicelist="Dhcp,Dns,UserData")
    site.isolated_network(site.as_seller)
    finish(site, "deleteNetworkServiceProvider", id=str(PhysicalNetworkFactory().providers.get().uuid))


def test_facts_about_traffic_and_usage(site) -> None:
    made = site.root.items("listTrafficTypeImplementors")
    assert {"traffictype": "Guest", "traffictypeimplementor": "VXLAN"} in made
    assert site.root.items("listTrafficTypeImplementors", traffictype="Public") == []
    kinds = {row["id"]: row["name"] for row in site.root.items("listUsageTypes")}
    assert len(kinds) == 25 and kinds[3] == "IP_ADDRESS"


def test_what_is_kept_for_a_project_names_it(site, physical) -> None:
    project = project_of(site.seller, name="launch")
    given = {"physicalnetworkid": str(physical.uuid), "vlanrange": "700-700", "projectid": str(project.uuid)}
    kept = site.root.call("dedicateGuestVlanRange", **given)["dedicatedguestvlanrange"]
    assert (kept["project"], kept["projectid"], "account" in kept) == ("launch", str(project.uuid), False)
    assert site.root.items("listDedicatedGuestVlanRanges", projectid=str(project.uuid)) == [kept]
    first = site.root.items("listGuestVlans", physicalnetworkid=str(physical.uuid))[0]
    assert (first["project"], "account" in first) == ("launch", False)
    PublicRangeFactory(physical_network=site.physical)
    body = site.as_seller.call("associateIpAddress", zoneid=str(site.zone.uuid), projectid=str(project.uuid))
    run_jobs()
    [mine] = site.as_seller.items("listPublicIpAddresses", projectid=str(project.uuid))
    assert (mine["id"], mine["project"], "account" in mine) == (body["id"], "launch", False)
    assert site.as_seller.items("listPublicIpAddresses") == []


def test_dedicated_numbers_go_with_their_account(site, physical) -> None:
    account = AccountFactory(name="short", domain=site.sales)
    site.root.call("dedicateGuestVlanRange", **dedicate(site, physical, "700-709", "short"))
    result = finish(site, "deleteAccount", id=str(account.uuid))
    assert result["jobstatus"] == 1, result
    assert not GuestVlanRange.objects.exists()
    assert number_for(physical) in range(700, 710)
