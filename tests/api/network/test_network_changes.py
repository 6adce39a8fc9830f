"""Networks shared, narrowed, hidden and changed; and the facts about protocols."""

from uuid import uuid4

import pytest
from guardian.models import GroupObjectPermission

from apps.accounts.factories import AccountFactory, project_of
from apps.network.factories import NetworkOfferingFactory
from apps.network.models import Network
from apps.network.services.addresses import reserve_nic
from apps.network.states import NetworkState
from cloudstack.testing.api import ApiError
from tests.api.network.conftest import client_of
from tests.api.network.test_networks import finish, refused

pytestmark = pytest.mark.django_db


def test_the_owner_shares_a_network_and_takes_it_back(site) -> None:
    network = site.isolated_network(site.as_seller)
    mine = {"networkid": network["id"]}
    partner = AccountFactory(name="partner", domain=site.sales)
    as_partner = client_of(partner)
    assert as_partner.items("listNetworks") == []
    assert site.as_seller.call("createNetworkPermissions", **mine, accounts="partner") == {"success": True}
    assert [one["id"] for one in as_partner.items("listNetworks")] == [network["id"]]
    [row] = site.as_seller.items("listNetworkPermissions", **mine)
    assert row == {
        "networkid": network["id"],
        "accountid": str(partner.uuid),
        "account": "partner",
        "domainid": str(site.sales.uuid),
        "domain": "sales",
    }
    # Whoever may only use it passes it on to nobody.
    for command in ("createNetworkPermissions", "resetNetworkPermissions", "listNetworkPermissions"):
        with pytest.raises(ApiError) as refusal:
            as_partner.call(command, **mine)
        assert refusal.value.code == 531
    site.as_seller.call("removeNetworkPermissions", **mine, accountids=str(partner.uuid))
    assert as_partner.items("listNetworks") == []
    site.root.call("createNetworkPermissions", **mine, accountids=f"{partner.uuid},{site.lawyer.uuid}")
    assert len(site.as_seller.items("listNetworkPermissions", **mine)) == 2
    site.as_sales_admin.call("resetNetworkPermissions", **mine)
    assert site.as_seller.items("listNetworkPermissions", **mine) == []
    site.as_seller.call("createNetworkPermissions", **mine, accounts="partner")
    finish(site.as_seller, site.as_seller.call("deleteNetwork", id=network["id"]))
    assert not GroupObjectPermission.objects.filter(permission__codename="use_network").exists()


def test_a_network_is_shared_with_a_project(site) -> None:
    network = site.isolated_network(site.as_lawyer)
    project = project_of(site.lawyer, name="launch")
    mine = {"networkid": network["id"]}
    site.as_lawyer.call("createNetworkPermissions", **mine, projectids=str(project.uuid))
    [row] = site.as_lawyer.items("listNetworkPermissions", **mine)
    assert (row["project"], row["projectid"], "account" in row) == ("launch", str(project.uuid), False)
    site.as_lawyer.call("removeNetworkPermissions", **mine, projectids=str(project.uuid))
    assert site.as_lawyer.items("listNetworkPermissions", **mine) == []


def test_sharing_that_is_refused(site) -> None:
    network = site.isolated_network(site.as_seller)
    shared = site.shared_network()
    for client, params, text in (
        (site.as_seller, {"networkid": network["id"], "accounts": "nobody"}, '"nobody"'),
        (site.as_seller, {"networkid": network["id"], "accounts": "lawyer"}, '"lawyer"'),
        (site.as_seller, {"networkid": network["id"], "accountids": str(site.lawyer.uuid)}, str(site.lawyer.uuid)),
        (site.as_sales_admin, {"networkid": network["id"], "accountids": str(site.lawyer.uuid)}, "account with id"),
        (site.as_seller, {"networkid": network["id"], "accounts": "seller"}, "owns"),
        (site.as_seller, {"networkid": network["id"]}, "accounts"),
        (site.root, {"networkid": shared["id"], "accountids": str(site.lawyer.uuid)}, "everybody in domain"),
        (site.as_lawyer, {"networkid": network["id"], "accounts": "lawyer"}, "networkid"),
    ):
        assert text in refused(client, "createNetworkPermissions", **params).text
    assert not GroupObjectPermission.objects.filter(permission__codename="use_network").exists()


def test_machines_get_a_part_of_a_networks_addresses(site) -> None:
    network = site.isolated_network(site.as_seller, externalid="erp-7")
    assert (network["externalid"], network["internetprotocol"]) == ("erp-7", "IPv4")
    assert "networkcidr" not in network and "reservediprange" not in network
    row = Network.objects.get(uuid=network["id"])
    held = reserve_nic(network=row, nic_uuid=uuid4(), requested_ip="10.1.1.200")
    for given, code, text in (
        ("10.1.1.0/25", 536, held.ipv4),
        ("10.1.2.0/25", 431, "not within"),
        ("10.1.1.7/25", 431, "guestvmcidr"),
        ("lots", 431, "guestvmcidr"),
    ):
        answer = refused(site.as_seller, "updateNetwork", id=network["id"], guestvmcidr=given)
        assert (answer.code, text in answer.text) == (code, True)
    changed = finish(
        site.as_seller, site.as_seller.call("updateNetwork", id=network["id"], guestvmcidr="10.1.1.192/26")
    )
    shown = changed["jobresult"]["network"]
    assert (shown["cidr"], shown["networkcidr"]) == ("10.1.1.192/26", "10.1.1.0/24")
    assert shown["reservediprange"] == "10.1.1.1-10.1.1.191"
    row.refresh_from_db()
    given = {reserve_nic(network=row, nic_uuid=uuid4()).ipv4 for _ in range(20)}
    assert all(int(address.rpartition(".")[2]) in range(192, 255) for address in given)
    whole = finish(site.as_seller, site.as_seller.call("updateNetwork", id=network["id"], guestvmcidr=""))
    assert whole["jobresult"]["network"]["cidr"] == "10.1.1.0/24"
    campus = site.shared_network()
    answer = refused(site.root, "updateNetwork", id=campus["id"], guestvmcidr="198.51.100.0/25")
    assert "isolated" in answer.text


def test_a_network_that_is_not_shown_is_not_listed_for_users(site) -> None:
    network = site.isolated_network(site.as_seller)
    finish(site.root, site.root.call("updateNetwork", id=network["id"], displaynetwork=False))
    assert site.as_seller.items("listNetworks") == []
    assert len(site.root.items("listNetworks", listall=True)) == 1


def test_what_no_network_can_have_is_refused(site) -> None:
    network = site.isolated_network(site.as_seller)
    for name in ("makeredundant", "livepatch"):
        assert name in refused(site.as_seller, "restartNetwork", id=network["id"], **{name: True}).text
    for name in ("vpcid", "associatednetworkid"):
        assert site.as_seller.items("listNetworks", **{name: network["id"]}) == []


def test_an_offering_change_names_what_stands_in_the_way(site) -> None:
    network = site.isolated_network(site.as_seller)
    bare = NetworkOfferingFactory(name="bare", services=("Dhcp",))
    Network.objects.filter(uuid=network["id"]).update(state=NetworkState.IMPLEMENTED)
    answer = refused(site.as_seller, "updateNetwork", id=network["id"], networkofferingid=str(bare.uuid))
    assert "lacks Dns by VirtualRouter, UserData by VirtualRouter" in answer.text
    Network.objects.filter(uuid=network["id"]).update(state=NetworkState.ALLOCATED)
    changed = finish(
        site.as_seller, site.as_seller.call("updateNetwork", id=network["id"], networkofferingid=str(bare.uuid))
    )
    assert changed["jobresult"]["network"]["networkofferingname"] == "bare"


def test_protocols_are_listed(site) -> None:
    numbers = {
        row["name"]: row["index"] for row in site.as_seller.items("listNetworkProtocols", option="protocolnumber")
    }
    assert (numbers["TCP"], numbers["UDP"], numbers["ESP"]) == (6, 17, 50)
    types = {row["index"]: row for row in site.as_seller.items("listNetworkProtocols", option="icmptype")}
    assert (types[8]["name"], types[3]["details"]["3"]) == ("Echo", "Port unreachable")
    assert "icmptype" in refused(site.as_seller, "listNetworkProtocols", option="x").text
