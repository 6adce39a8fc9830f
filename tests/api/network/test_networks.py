"""Networks through the command API: what comes out, what is refused, and what a refusal leaves."""

import pytest
from guardian.shortcuts import assign_perm

from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.infrastructure.states import AllocationState
from apps.network.factories import NetworkFactory, NetworkOfferingFactory, PhysicalNetworkFactory
from apps.network.models import IpAllocation, Network, VniAllocation
from apps.network.states import NetworkState, OfferingState, PhysicalNetworkState, ProviderState
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def finish(client, body: dict) -> dict:
    """Run the job of an asynchronous answer and read its result as ``client``."""
    run_jobs()
    return client.call("queryAsyncJobResult", jobid=body["jobid"])


def refused(client, command: str, /, **params) -> ApiError:
    before = Network.all_objects.count(), IpAllocation.objects.count(), VniAllocation.objects.count()
    with pytest.raises(ApiError) as refusal:
        client.call(command, **params)
    assert (Network.all_objects.count(), IpAllocation.objects.count(), VniAllocation.objects.count()) == before
    return refusal.value


def test_a_user_creates_an_isolated_network(site) -> None:
    network = site.isolated_network(site.as_seller, displaytext="a text")
    assert network["name"] == "mine"
    assert network["type"] == "Isolated"
    assert network["state"] == "Allocated"
    assert (network["cidr"], network["gateway"], network["netmask"]) == ("10.1.1.0/24", "10.1.1.1", "255.255.255.0")
    assert (network["account"], network["domain"], network["acltype"]) == ("seller", "sales", "Account")
    assert network["domainpath"] == "ROOT/sales"
    assert network["networkdomain"] == "cloud.internal"
    assert network["dns1"] == site.zone.dns1
    assert [service["name"] for service in network["service"]] == ["Dhcp", "Dns", "UserData"]
    assert network["service"][0]["provider"][0]["name"] == "VirtualRouter"
    assert "vlan" not in network and "broadcasturi" not in network and "physicalnetworkid" not in network
    assert network["canusefordeploy"] is True
    assert network["tags"] == []
    row = Network.objects.get(uuid=network["id"])
    assert row.dhcp_server == "10.1.1.2"
    assert row.vni is None


def test_it_counts_for_the_account_and_no_longer_when_it_is_gone(site) -> None:
    network = site.isolated_network(site.as_seller)
    count = ResourceCount.objects.get(account=site.seller, type=ResourceType.NETWORK)
    assert count.count == 1
    result = finish(site.as_seller, site.as_seller.call("deleteNetwork", id=network["id"]))
    assert (result["jobstatus"], result["jobresult"]) == (1, {"success": True})
    count.refresh_from_db()
    assert count.count == 0
    assert site.as_seller.items("listNetworks") == []
    assert not IpAllocation.objects.exists()


def test_a_limit_is_a_limit(site) -> None:
    ResourceLimit.objects.create(account=site.seller, type=ResourceType.NETWORK, max=1)
    site.isolated_network(site.as_seller)
    error = refused(
        site.as_seller,
        "createNetwork",
        name="second",
        zoneid=str(site.zone.uuid),
        networkofferingid=str(site.isolated.uuid),
    )
    assert error.code == 535


@pytest.mark.parametrize(
    ("params", "code", "word"),
    [
        ({"gateway": "10.2.0.1"}, 431, "netmask"),
        ({"gateway": "10.2.0.1", "netmask": "255.255.255.255"}, 431, "prefix"),
        ({"gateway": "198.51.100.1", "netmask": "255.255.255.0"}, 431, "private"),
        ({"gateway": "10.2.0.1", "netmask": "255.255.255.0", "startip": "10.2.0.5"}, 431, "startip"),
        ({"networkdomain": "not a domain!"}, 431, "networkdomain"),
        ({"dns1": "one.one.one.one"}, 431, "dns1"),
        ({"dns2": "192.0.2.1"}, 431, "dns1"),
        ({"privatemtu": 100}, 431, "privatemtu"),
        ({"privatemtu": 9000}, 431, "privatemtu"),
        ({"vlan": "77"}, 531, "administrators"),
        ({"acltype": "Domain"}, 431, "acltype"),
        ({"acltype": "Everybody"}, 431, "acltype"),
        ({"subdomainaccess": True}, 431, "subdomainaccess"),
        ({"account": "lawyer"}, 431, "lawyer"),
        ({"vpcid": "1a2b3c4d-0000-4000-8000-000000000000"}, 431, "vpcid"),
        ({"ip6cidr": "2001:db8::/64"}, 431, "ip6cidr"),
        ({"name": " "}, 431, "name"),
        ({"name": "x" * 300}, 431, "name"),
        ({"zoneid": "not-a-uuid"}, 431, "zoneid"),
        ({"networkofferingid": "1a2b3c4d-0000-4000-8000-000000000000"}, 431, "networkofferingid"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(site, params: dict, code: int, word: str) -> None:
    given = {"name": "n", "zoneid": str(site.zone.uuid), "networkofferingid": str(site.isolated.uuid), **params}
    error = refused(site.as_seller, "createNetwork", **given)
    assert error.code == code
    assert word in error.text


def test_a_zone_or_offering_that_is_closed_cannot_be_used(site) -> None:
    given = {"name": "n", "zoneid": str(site.zone.uuid), "networkofferingid": str(site.isolated.uuid)}
    type(site.isolated).objects.filter(pk=site.isolated.pk).update(state=OfferingState.DISABLED)
    assert "networkofferingid" in refused(site.as_seller, "createNetwork", **given).text
    assert "not enabled" in refused(site.root, "createNetwork", **given).text
    type(site.isolated).objects.filter(pk=site.isolated.pk).update(state=OfferingState.ENABLED)
    type(site.zone).objects.filter(pk=site.zone.pk).update(allocation_state=AllocationState.DISABLED)
    assert "zoneid" in refused(site.as_seller, "createNetwork", **given).text


def test_the_zone_must_have_one_physical_network_that_fits(site) -> None:
    given = {"name": "n", "zoneid": str(site.zone.uuid), "networkofferingid": str(site.isolated.uuid)}
    other = PhysicalNetworkFactory(zone=site.zone, vnis=(7000, 7999))
    assert "several physical networks" in refused(site.root, "createNetwork", **given).text
    network = site.root.call("createNetwork", physicalnetworkid=str(other.uuid), **given)["network"]
    assert network["physicalnetworkid"] == str(other.uuid)
    site.physical.__class__.objects.update(state=PhysicalNetworkState.DISABLED)
    assert "no physical network" in refused(site.root, "createNetwork", **given).text


def test_its_providers_must_be_enabled_there(site) -> None:
    site.physical.providers.update(state=ProviderState.DISABLED)
    given = {"name": "n", "zoneid": str(site.zone.uuid), "networkofferingid": str(site.isolated.uuid)}
    assert "updateNetworkServiceProvider" in refused(site.as_seller, "createNetwork", **given).text


def test_root_creates_a_shared_network_for_all(site) -> None:
    network = site.shared_network(vlan="vxlan://5123", routerip="198.51.100.20")
    assert (network["state"], network["type"], network["acltype"]) == ("Setup", "Shared", "Domain")
    assert (network["vlan"], network["broadcasturi"]) == ("5123", "vxlan://5123")
    assert "account" not in network
    assert (network["domain"], network["subdomainaccess"]) == ("ROOT", True)
    row = Network.objects.get(uuid=network["id"])
    assert row.dhcp_server == "198.51.100.20"
    ranges = site.root.items("listVlanIpRanges", networkid=network["id"])
    assert [(one["startip"], one["endip"]) for one in ranges] == [("198.51.100.10", "198.51.100.99")]
    for client in (site.as_seller, site.as_emea, site.as_lawyer):
        assert [one["id"] for one in client.items("listNetworks")] == [network["id"]]


def test_a_shared_network_is_for_one_domain(site) -> None:
    network = site.shared_network(domainid=str(site.sales.uuid), subdomainaccess=False)
    assert [one["id"] for one in site.as_seller.items("listNetworks")] == [network["id"]]
    assert site.as_emea.items("listNetworks") == []
    assert site.as_lawyer.items("listNetworks") == []


def test_a_shared_network_is_for_one_account(site) -> None:
    network = site.shared_network(account="seller", domainid=str(site.sales.uuid))
    assert (network["acltype"], network["account"]) == ("Account", "seller")
    assert [one["id"] for one in site.as_seller.items("listNetworks")] == [network["id"]]
    assert site.as_emea.items("listNetworks") == []


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"startip": ""}, "startip"),
        ({"gateway": ""}, "gateway"),
        ({"startip": "198.51.101.5"}, "startip"),
        ({"startip": "198.51.100.99", "endip": "198.51.100.10"}, "endip"),
        ({"startip": "198.51.100.1"}, "gateway"),
        ({"routerip": "198.51.100.200"}, "198.51.100.200"),
        ({"vlan": "untagged"}, "vlan"),
        ({"vlan": "vlan://77"}, "vlan"),
        ({"vlan": "99999999"}, "vlan"),
        ({"acltype": "Domain", "account": "seller"}, "account"),
    ],
)
def test_a_shared_network_that_cannot_be_is_refused(site, params: dict, word: str) -> None:
    given = {
        "name": "n",
        "zoneid": str(site.zone.uuid),
        "networkofferingid": str(site.shared.uuid),
        "gateway": "198.51.100.1",
        "netmask": "255.255.255.0",
        "startip": "198.51.100.10",
        "endip": "198.51.100.99",
        **params,
    }
    error = refused(site.root, "createNetwork", **given)
    assert error.code == 431
    assert word in error.text


def test_a_number_is_given_once_in_a_zone(site) -> None:
    site.shared_network(vlan="5123")
    error = refused(
        site.root,
        "createNetwork",
        name="other",
        zoneid=str(site.zone.uuid),
        networkofferingid=str(site.shared.uuid),
        gateway="198.51.100.1",
        netmask="255.255.255.0",
        startip="198.51.100.10",
        vlan="5123",
    )
    assert error.code == 536


def test_users_create_no_shared_networks(site) -> None:
    for client in (site.as_seller, site.as_sales_admin):
        error = refused(
            client,
            "createNetwork",
            name="n",
            zoneid=str(site.zone.uuid),
            networkofferingid=str(site.shared.uuid),
            gateway="198.51.100.1",
            netmask="255.255.255.0",
            startip="198.51.100.10",
        )
        assert error.code == 531


def test_an_l2_network_has_no_addresses(site) -> None:
    body = site.as_seller.call(
        "createNetwork", name="wire", zoneid=str(site.zone.uuid), networkofferingid=str(site.l2.uuid)
    )
    network = body["network"]
    assert network["type"] == "L2"
    assert "cidr" not in network and "gateway" not in network
    assert network["service"] == []


def test_an_admin_creates_for_an_account_below(site) -> None:
    network = site.isolated_network(site.as_sales_admin, account="seller", domainid=str(site.sales.uuid))
    assert network["account"] == "seller"
    assert [one["id"] for one in site.as_seller.items("listNetworks")] == [network["id"]]


def test_nobody_else_sees_or_touches_it(site) -> None:
    network = site.isolated_network(site.as_seller)
    for client in (site.as_lawyer, site.as_emea):
        assert client.items("listNetworks", listall=True) == []
        assert client.items("listNetworks", id=network["id"]) == []
        for command in ("updateNetwork", "deleteNetwork", "restartNetwork"):
            with pytest.raises(ApiError) as refusal:
                client.call(command, id=network["id"])
            assert refusal.value.code == 431
            with pytest.raises(ApiError) as missing:
                client.call(command, id="1a2b3c4d-0000-4000-8000-000000000000")
            known = refusal.value.text.replace(network["id"], "X")
            assert known == missing.value.text.replace("1a2b3c4d-0000-4000-8000-000000000000", "X")


def test_users_use_a_shared_network_and_change_nothing_of_it(site) -> None:
    network = site.shared_network()
    for command in ("updateNetwork", "deleteNetwork", "restartNetwork"):
        for client in (site.as_seller, site.as_sales_admin):
            with pytest.raises(ApiError) as refusal:
                client.call(command, id=network["id"])
            assert refusal.value.code == 531


def test_a_network_can_be_shared_with_an_account(site) -> None:
    network = site.isolated_network(site.as_seller)
    assign_perm("network.use_network", site.lawyer.group, Network.objects.get(uuid=network["id"]))
    assert [one["id"] for one in site.as_lawyer.items("listNetworks")] == [network["id"]]
    assert [one["id"] for one in site.as_lawyer.items("listNetworks", networkfilter="shared")] == [network["id"]]
    with pytest.raises(ApiError) as refusal:
        site.as_lawyer.call("deleteNetwork", id=network["id"])
    assert refusal.value.code == 531


def test_admins_list_their_own_or_all_within_reach(site) -> None:
    mine = site.isolated_network(site.as_seller, name="seller's")
    other = site.isolated_network(site.as_lawyer, name="lawyer's")
    assert site.as_sales_admin.items("listNetworks") == []
    assert [one["id"] for one in site.as_sales_admin.items("listNetworks", listall=True)] == [mine["id"]]
    assert {one["id"] for one in site.root.items("listNetworks", listall=True)} == {mine["id"], other["id"]}
    assert site.root.items("listNetworks") == []
    by_account = site.root.items("listNetworks", account="lawyer", domainid=str(site.legal.uuid))
    assert [one["id"] for one in by_account] == [other["id"]]
    by_domain = site.root.items("listNetworks", domainid=str(site.sales.uuid))
    assert [one["id"] for one in by_domain] == [mine["id"]]


def test_lists_filter(site) -> None:
    isolated = site.isolated_network(site.as_seller, name="alpha")["id"]
    shared = site.shared_network("beta", vlan="5123")["id"]

    def ids(**params) -> set[str]:
        return {one["id"] for one in site.root.items("listNetworks", listall=True, **params)}

    assert ids() == {isolated, shared}
    assert ids(type="Shared") == {shared}
    assert ids(name="alpha") == {isolated}
    assert ids(keyword="bet") == {shared}
    assert ids(acltype="Account") == {isolated}
    assert ids(vlan="5123") == {shared}
    assert ids(networkofferingid=str(site.isolated.uuid)) == {isolated}
    assert ids(zoneid=str(site.zone.uuid)) == {isolated, shared}
    assert ids(supportedservices="Dhcp,Dns") == {isolated, shared}
    assert ids(supportedservices="SourceNat") == set()
    assert ids(traffictype="Public") == set()
    assert ids(issystem=True) == set()
    assert ids(networkfilter="domain") == {shared}
    assert ids(id=isolated) == {isolated}


def test_an_update_is_seen_at_once_and_told_by_a_job(site) -> None:
    network = site.isolated_network(site.as_seller)
    body = site.as_seller.call(
        "updateNetwork", id=network["id"], name="new", networkdomain="lab.example", dns1="192.0.2.7"
    )
    result = finish(site.as_seller, body)
    assert result["jobstatus"] == 1
    shown = result["jobresult"]["network"]
    assert (shown["name"], shown["networkdomain"], shown["dns1"]) == ("new", "lab.example", "192.0.2.7")
    assert shown["restartrequired"] is False


def test_an_update_can_change_the_offering_of_a_network_that_is_down(site) -> None:
    network = site.isolated_network(site.as_seller)
    plain = NetworkOfferingFactory(name="plain", services=())
    body = site.as_seller.call("updateNetwork", id=network["id"], networkofferingid=str(plain.uuid))
    assert finish(site.as_seller, body)["jobresult"]["network"]["networkofferingname"] == "plain"
    assert not IpAllocation.objects.exists()
    with pytest.raises(ApiError) as refusal:
        site.as_seller.call("updateNetwork", id=network["id"], networkofferingid=str(site.l2.uuid))
    assert "another kind" in refusal.value.text


def test_a_restart_of_a_network_that_is_down_is_refused(site) -> None:
    network = site.isolated_network(site.as_seller)
    with pytest.raises(ApiError) as refusal:
        site.as_seller.call("restartNetwork", id=network["id"])
    assert refusal.value.code == 431
    Network.objects.filter(uuid=network["id"]).update(state=NetworkState.IMPLEMENTED)
    body = site.as_seller.call("restartNetwork", id=network["id"], cleanup=True)
    assert finish(site.as_seller, body)["jobresult"] == {"success": True}


@pytest.mark.parametrize("who", ["root", "as_seller", "as_sales_admin"])
def test_a_page_of_networks_takes_three_statements_at_most(site, statements, who: str) -> None:
    for _ in range(5):
        NetworkFactory(account=site.seller, physical_network=site.physical, offering=site.isolated)
        NetworkFactory(shared=True, physical_network=site.physical)
    client = getattr(site, who)
    client.call("listNetworks", listall=True, page=1, pagesize=4)
    # Authentication and role rules come first; tests of accounts pin those.
    with statements(4) as seen:
        body = client.call("listNetworks", listall=True, page=1, pagesize=4)
    assert (body["count"], len(body["network"])) == (10, 4)
    of_lists = [one["sql"] for one in seen.captured_queries if "network_network" in one["sql"]]
    assert len(of_lists) == 2
