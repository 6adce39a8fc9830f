"""Public addresses: ranges, who gets one, quota, and what a refusal leaves."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory
from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.services.counting import recount_account
from apps.network.factories import PhysicalNetworkFactory, PublicRangeFactory
from apps.network.models import PublicIpAddress, VlanIpRange
from apps.network.states import PublicIpState
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.api.network.conftest import client_of

pytestmark = pytest.mark.django_db


def finish(client, body: dict) -> dict:
    run_jobs()
    result = client.call("queryAsyncJobResult", jobid=body["jobid"])
    assert result["jobstatus"] == 1, result
    return result["jobresult"]


def refused(client, command: str, /, **params) -> ApiError:
    def rows() -> list:
        return [
            *PublicIpAddress.all_objects.order_by("pk").values_list("pk", "state", "account", "network", "removed"),
            *VlanIpRange.objects.order_by("pk").values_list(
                "pk", "start_ip", "end_ip", "dedicated_account", "dedicated_domain", "for_system_vms"
            ),
            AsyncJob.objects.count(),
        ]

    before = rows()
    with pytest.raises(ApiError) as refusal:
        client.call(command, **params)
    assert rows() == before
    return refusal.value


@pytest.fixture
def pool(site) -> VlanIpRange:
    return PublicRangeFactory(physical_network=site.physical)


def acquire(client, **params) -> dict:
    return finish(client, client.call("associateIpAddress", **params))["ipaddress"]


def counted(account) -> int:
    row = ResourceCount.objects.filter(account=account, type=ResourceType.PUBLIC_IP).first()
    return row.count if row else 0


# Ranges


def new_range(site, **options) -> dict:
    given = {
        "zoneid": str(site.zone.uuid),
        "gateway": "203.0.113.1",
        "netmask": "255.255.255.0",
        "startip": "203.0.113.32",
        "endip": "203.0.113.39",
        "vlan": "untagged",
        "forvirtualnetwork": True,
    }
    return {**given, **options}


def test_an_operator_adds_public_addresses(site) -> None:
    answer = refused(site.root, "createVlanIpRange", **new_range(site))
    assert "Public traffic" in answer.text and "addTrafficType" in answer.text
    finish(
        site.root,
        site.root.call("addTrafficType", physicalnetworkid=str(site.physical.uuid), traffictype="Public"),
    )
    made = site.root.call("createVlanIpRange", **new_range(site, vlan="100"))["vlan"]
    assert made["forvirtualnetwork"] is True
    assert (made["vlan"], made["cidr"], made["endip"]) == ("vlan://100", "203.0.113.0/24", "203.0.113.39")
    assert (made["zoneid"], made["physicalnetworkid"]) == (str(site.zone.uuid), str(site.physical.uuid))
    assert "networkid" not in made and "account" not in made
    assert PublicIpAddress.objects.filter(ip_range__uuid=made["id"], state="Free").count() == 8
    assert [row["id"] for row in site.root.items("listVlanIpRanges", forvirtualnetwork=True)] == [made["id"]]
    assert site.root.items("listVlanIpRanges", forvirtualnetwork=False) == []


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"startip": "203.0.113.20", "endip": "203.0.113.40"}, "overlaps 203.0.113.16-203.0.113.23"),
        ({"endip": "203.0.113.30"}, "lies before"),
        ({"gateway": "203.0.113.33"}, "contains the gateway"),
        ({"netmask": ""}, "netmask is missing"),
        ({"vlan": "4095"}, "4094"),
        ({"gateway": "198.18.0.1", "netmask": "255.254.0.0", "startip": "198.18.0.2", "endip": "198.18.64.2"}, "4096"),
        ({"account": "nobody"}, "nobody"),
    ],
)
def test_bad_ranges_are_refused_in_words(site, pool, options, parameter) -> None:
    answer = refused(site.root, "createVlanIpRange", **new_range(site, **options))
    assert answer.code == 431
    assert parameter in answer.text


def test_a_range_grows_shrinks_and_goes(site, pool) -> None:
    mine = acquire(site.as_seller, zoneid=str(site.zone.uuid), ipaddress="203.0.113.20")
    where = {"id": str(pool.uuid)}
    changed = site.root.call("updateVlanIpRange", **where, startip="203.0.113.18", endip="203.0.113.30")["vlan"]
    assert (changed["startip"], changed["endip"]) == ("203.0.113.18", "203.0.113.30")
    numbers = PublicIpAddress.objects.order_by("number").values_list("address", flat=True)
    assert list(numbers) == [f"203.0.113.{last}" for last in range(18, 31)]
    answer = refused(site.root, "updateVlanIpRange", **where, startip="203.0.113.21")
    assert answer.code == 536 and "203.0.113.20" in answer.text
    assert refused(site.root, "deleteVlanIpRange", **where).code == 536
    assert refused(site.root, "updateVlanIpRange", **where, forsystemvms=True).code == 536
    finish(site.as_seller, site.as_seller.call("disassociateIpAddress", id=mine["id"]))
    site.root.call("updateVlanIpRange", **where, forsystemvms=True)
    assert refused(site.as_seller, "associateIpAddress", zoneid=str(site.zone.uuid)).code == 533
    site.root.call("deleteVlanIpRange", **where)
    assert not PublicIpAddress.objects.exists()
    assert site.root.items("listVlanIpRanges") == []


def test_a_physical_network_with_public_ranges_stays(site, pool) -> None:
    answer = refused(site.root, "deletePhysicalNetwork", id=str(site.physical.uuid))
    assert "1 public address ranges" in answer.text
    public = pool.physical_network.traffic_types.get(traffic_type="Public")
    assert refused(site.root, "deleteTrafficType", id=str(public.uuid)).code == 536
    assert "public address ranges" in refused(site.root, "deleteZone", id=str(site.zone.uuid)).text


# Acquiring


def test_a_user_acquires_an_address_and_gives_it_back(site, pool) -> None:
    body = site.as_seller.call("associateIpAddress", zoneid=str(site.zone.uuid))
    assert PublicIpAddress.objects.get(uuid=body["id"]).state == PublicIpState.ALLOCATING
    mine = finish(site.as_seller, body)["ipaddress"]
    assert (mine["ipaddress"], mine["state"]) == ("203.0.113.16", "Allocated")
    assert (mine["account"], mine["domainpath"], mine["zonename"]) == ("seller", "ROOT/sales", site.zone.name)
    assert (mine["issourcenat"], mine["isstaticnat"], mine["forvirtualnetwork"]) == (False, False, True)
    assert "associatednetworkid" not in mine and "vlanid" not in mine and "physicalnetworkid" not in mine
    assert counted(site.seller) == 1
    listed = site.as_seller.call("listPublicIpAddresses")
    assert (listed["count"], listed["publicipaddress"]) == (1, [mine])
    assert site.as_lawyer.call("listPublicIpAddresses", listall=True) == {}
    assert site.as_emea.call("listPublicIpAddresses", listall=True) == {}

    assert finish(site.as_seller, site.as_seller.call("disassociateIpAddress", id=mine["id"])) == {"success": True}
    assert counted(site.seller) == 0
    assert site.as_seller.call("listPublicIpAddresses", id=mine["id"], allocatedonly=False) == {}
    old = PublicIpAddress.all_objects.get(uuid=mine["id"])
    assert old.removed is not None and old.account == site.seller
    again = PublicIpAddress.objects.get(address=old.address)
    assert (again.state, again.account, again.allocated) == (PublicIpState.FREE, None, None)
    kinds = Event.objects.filter(type__startswith="NET.IP", state="Completed").order_by("pk")
    assert list(kinds.values_list("type", flat=True)) == ["NET.IPASSIGN", "NET.IPRELEASE"]


def test_an_address_for_a_network_goes_with_it(site, pool) -> None:
    network = site.isolated_network(site.as_seller)
    mine = acquire(site.as_seller, networkid=network["id"])
    assert (mine["associatednetworkid"], mine["associatednetworkname"]) == (network["id"], "mine")
    other = acquire(site.as_seller, zoneid=str(site.zone.uuid))
    found = site.as_seller.items("listPublicIpAddresses", associatednetworkid=network["id"])
    assert [row["id"] for row in found] == [mine["id"]]
    assert counted(site.seller) == 2
    finish(site.as_seller, site.as_seller.call("deleteNetwork", id=network["id"]))
    assert [row["id"] for row in site.as_seller.items("listPublicIpAddresses")] == [other["id"]]
    assert counted(site.seller) == 1
    assert recount_account(site.seller) == {}
    assert Event.objects.filter(type="NET.IPRELEASE", resource_uuid=mine["id"]).count() == 1


def test_an_administrator_acquires_for_the_networks_owner(site, pool) -> None:
    network = site.isolated_network(site.as_seller)
    mine = acquire(site.root, networkid=network["id"], fordisplay=False)
    assert (mine["account"], mine["fordisplay"]) == ("seller", False)
    assert mine["vlanid"] == str(pool.uuid)
    assert site.as_seller.items("listPublicIpAddresses") == []
    finish(site.root, site.root.call("updateIpAddress", id=mine["id"], fordisplay=True))
    assert len(site.as_seller.items("listPublicIpAddresses")) == 1
    domain = {"domainid": str(site.legal.uuid), "account": "lawyer"}
    answer = refused(site.root, "associateIpAddress", networkid=network["id"], **domain)
    assert "belongs to account seller" in answer.text
    theirs = acquire(site.root, zoneid=str(site.zone.uuid), **domain)
    assert theirs["account"] == "lawyer"


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({}, 431, "zone"),
        ({"zoneid": "zone", "ipaddress": "203.0.113.99"}, 431, "no public address 203.0.113.99"),
        ({"zoneid": "zone", "ipaddress": "x"}, 431, "ipaddress"),
        ({"zoneid": "zone", "isportable": True}, 431, "isportable"),
        ({"zoneid": "zone", "vpcid": "1"}, 431, "vpcid"),
        ({"networkid": "campus"}, 531, "operate"),
        ({"networkid": "l2"}, 431, "isolated networks"),
        ({"networkid": "foreign"}, 431, "networkid"),
    ],
)
def test_what_cannot_be_acquired(site, pool, params, code, text) -> None:
    made = {
        "zone": lambda: str(site.zone.uuid),
        "campus": lambda: site.shared_network()["id"],
        "foreign": lambda: site.isolated_network(site.as_lawyer)["id"],
        "l2": lambda: site.as_seller.call(
            "createNetwork", name="wire", zoneid=str(site.zone.uuid), networkofferingid=str(site.l2.uuid)
        )["network"]["id"],
    }
    params = {name: made[value]() if value in made else value for name, value in params.items()}
    answer = refused(site.as_seller, "associateIpAddress", **params)
    assert answer.code == code
    assert text in answer.text
    assert counted(site.seller) == 0


def test_the_limit_and_the_end_of_the_pool(site, pool) -> None:
    ResourceLimit.objects.create(account=site.seller, type=ResourceType.PUBLIC_IP, max=1)
    acquire(site.as_seller, zoneid=str(site.zone.uuid))
    answer = refused(site.as_seller, "associateIpAddress", zoneid=str(site.zone.uuid))
    assert (answer.code, "public_ip" in answer.text) == (535, True)
    for _ in range(7):
        acquire(site.as_lawyer, zoneid=str(site.zone.uuid))
    answer = refused(site.as_lawyer, "associateIpAddress", zoneid=str(site.zone.uuid))
    assert answer.code == 533 and "no free public address" in answer.text
    taken = refused(site.as_emea, "associateIpAddress", zoneid=str(site.zone.uuid), ipaddress="203.0.113.17")
    assert taken.code == 536


def test_others_cannot_touch_an_address(site, pool) -> None:
    mine = acquire(site.as_seller, zoneid=str(site.zone.uuid))
    for command in ("disassociateIpAddress", "updateIpAddress", "releaseIpAddress", "reserveIpAddress"):
        theirs = refused(site.as_lawyer, command, id=mine["id"])
        nobody = refused(site.as_lawyer, command, id="00000000-0000-4000-8000-000000000000")
        assert theirs.text.replace(mine["id"], "00000000-0000-4000-8000-000000000000") == nobody.text
    assert refused(site.as_lawyer, "disassociateIpAddress", ipaddress=mine["ipaddress"]).code == 431
    finish(
        site.as_sales_admin,
        site.as_sales_admin.call("disassociateIpAddress", ipaddress=mine["ipaddress"]),
    )
    assert counted(site.seller) == 0


# Reserving


def test_a_reserved_address_is_acquired_later(site, pool) -> None:
    free = site.as_seller.items("listPublicIpAddresses", allocatedonly=False, state="Free")
    assert len(free) == 8 and "account" not in free[0]
    third = free[3]
    kept = site.as_seller.call("reserveIpAddress", id=third["id"])["ipaddress"]
    assert (kept["state"], kept["account"], counted(site.seller)) == ("Reserved", "seller", 1)
    wish = {"zoneid": str(site.zone.uuid), "ipaddress": kept["ipaddress"]}
    assert refused(site.as_lawyer, "associateIpAddress", **wish).code == 536
    assert "releaseIpAddress" in refused(site.as_seller, "disassociateIpAddress", id=kept["id"]).text
    mine = acquire(site.as_seller, **wish)
    assert (mine["id"], mine["state"], counted(site.seller)) == (kept["id"], "Allocated", 1)
    assert "disassociateIpAddress" in refused(site.as_seller, "releaseIpAddress", id=kept["id"]).text

    fourth = site.as_seller.call("reserveIpAddress", id=free[4]["id"])["ipaddress"]
    assert site.as_seller.call("releaseIpAddress", id=fourth["id"]) == {"success": True}
    assert counted(site.seller) == 1
    assert PublicIpAddress.objects.get(address=fourth["ipaddress"]).state == PublicIpState.FREE


def test_a_dedicated_range_is_for_its_account_alone(site, pool) -> None:
    other = PublicRangeFactory(physical_network=site.physical, first="203.0.113.64", size=1)
    mine = {"domainid": str(site.sales.uuid), "account": "seller"}
    row = site.root.call("dedicatePublicIpRange", id=str(other.uuid), **mine)["vlan"]
    assert (row["account"], row["domainpath"]) == ("seller", "ROOT/sales")
    assert [one["id"] for one in site.root.items("listVlanIpRanges", **mine)] == [str(other.uuid)]
    free = site.as_lawyer.items("listPublicIpAddresses", allocatedonly=False)
    assert len(free) == 8
    hidden = other.addresses.get()
    assert refused(site.as_lawyer, "reserveIpAddress", id=str(hidden.uuid)).code == 431
    wish = {"zoneid": str(site.zone.uuid), "ipaddress": "203.0.113.64"}
    assert refused(site.as_lawyer, "associateIpAddress", **wish).code == 431
    answer = refused(
        site.root, "reserveIpAddress", id=str(hidden.uuid), domainid=str(site.legal.uuid), account="lawyer"
    )
    assert "kept for others" in answer.text
    # One's own range comes first.
    assert acquire(site.as_seller, zoneid=str(site.zone.uuid))["ipaddress"] == "203.0.113.64"
    assert refused(site.root, "dedicatePublicIpRange", id=str(other.uuid), **mine).code == 536
    site.root.call("releasePublicIpRange", id=str(other.uuid))
    assert "not dedicated" in refused(site.root, "releasePublicIpRange", id=str(other.uuid)).text
    answer = refused(site.root, "dedicatePublicIpRange", id=str(other.uuid), domainid=str(site.legal.uuid))
    assert answer.code == 536 and "203.0.113.64" in answer.text
    site.root.call("dedicatePublicIpRange", id=str(other.uuid), domainid=str(site.sales.uuid))


def test_a_range_of_a_shared_network_is_not_dedicated(site) -> None:
    site.shared_network()
    row = VlanIpRange.objects.get()
    answer = refused(site.root, "dedicatePublicIpRange", id=str(row.uuid), domainid=str(site.sales.uuid))
    assert "shared network" in answer.text
    changed = site.root.call("updateVlanIpRange", id=str(row.uuid), endip="198.51.100.120")["vlan"]
    assert changed["endip"] == "198.51.100.120"
    answer = refused(site.root, "updateVlanIpRange", id=str(row.uuid), startip="198.51.100.50")
    assert answer.code == 536  # the network's own server lives at the range's beginning


def test_filters_and_the_number_of_statements(site, pool) -> None:
    elsewhere = PublicRangeFactory(physical_network=PhysicalNetworkFactory())
    account = AccountFactory()
    client = client_of(account)
    client.call("listPublicIpAddresses")

    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.call("listPublicIpAddresses").get("count", 0) == count
        return len(queries)

    acquire(client, zoneid=str(site.zone.uuid))
    one = statements(1)
    for _ in range(3):
        acquire(client, zoneid=str(site.zone.uuid))
    assert statements(4) == one

    def found(**filters) -> int:
        return len(site.root.items("listPublicIpAddresses", listall=True, **filters))

    assert found() == 4
    assert found(allocatedonly=False) == 16
    assert found(allocatedonly=False, zoneid=str(elsewhere.physical_network.zone.uuid)) == 8
    assert found(allocatedonly=False, vlanid=str(pool.uuid)) == 8
    assert found(allocatedonly=False, physicalnetworkid=str(site.physical.uuid), state="Free") == 4
    assert found(ipaddress="203.0.113.17") == 1
    assert found(keyword="113.1") == 4
    assert found(account=account.name, domainid=str(account.domain.uuid)) == 4
    for nothing in ("forloadbalancing", "issourcenat", "isstaticnat", "forprovider"):
        assert found(**{nothing: True}) == 0
        assert found(**{nothing: False}) == 4
    assert found(forvirtualnetwork=False) == 0
    assert found(forsystemvms=True, allocatedonly=False) == 0
