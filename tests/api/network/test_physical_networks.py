"""Physical networks, traffic types, providers and ranges through the command API."""

import pytest

from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation, PhysicalNetwork, VniAllocation
from apps.network.services.addresses import reserve_nic
from apps.network.services.vnis import hold_vni
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db

MANY_RANGES = ",".join(str(number) for number in range(1, 200, 2))
NIC = "6b1e6c60-0000-4000-8000-000000000001"


def finish(site, command: str, /, **params) -> dict:
    """The result of the job that ``command`` starts."""
    body = site.root.call(command, **params)
    run_jobs()
    return site.root.call("queryAsyncJobResult", jobid=body["jobid"])


def test_a_physical_network_from_nothing_to_its_first_guest_network(site) -> None:
    from apps.infrastructure.factories import ZoneFactory

    zone = ZoneFactory()
    created = finish(site, "createPhysicalNetwork", zoneid=str(zone.uuid), name="fabric", vlan="100-199,300-399")
    shown = created["jobresult"]["physicalnetwork"]
    assert (shown["name"], shown["state"], shown["vlan"]) == ("fabric", "Disabled", "100-199,300-399")
    assert (shown["zoneid"], shown["isolationmethods"]) == (str(zone.uuid), "VXLAN")
    traffic = finish(
        site, "addTrafficType", physicalnetworkid=shown["id"], traffictype="Guest", kvmnetworklabel="bond0"
    )["jobresult"]["traffictype"]
    assert (traffic["traffictype"], traffic["kvmnetworklabel"]) == ("Guest", "bond0")
    [provider] = site.root.items("listNetworkServiceProviders", physicalnetworkid=shown["id"], name="VirtualRouter")
    assert (provider["name"], provider["state"]) == ("VirtualRouter", "Disabled")
    assert provider["servicelist"] == ["Dhcp", "Dns", "UserData"]
    [element] = site.root.items("listVirtualRouterElements", nspid=provider["id"])
    assert (element["nspid"], element["enabled"]) == (provider["id"], True)
    configured = finish(site, "configureVirtualRouterElement", id=element["id"], enabled=True)
    assert configured["jobresult"]["virtualrouterelement"] == element
    enabled = finish(site, "updateNetworkServiceProvider", id=provider["id"], state="Enabled")
    assert enabled["jobresult"]["networkserviceprovider"]["state"] == "Enabled"
    updated = finish(site, "updatePhysicalNetwork", id=shown["id"], state="Enabled", tags="fast,red")
    assert updated["jobresult"]["physicalnetwork"]["state"] == "Enabled"
    assert updated["jobresult"]["physicalnetwork"]["tags"] == "fast,red"
    network = site.root.call(
        "createNetwork", name="first", zoneid=str(zone.uuid), networkofferingid=str(site.isolated.uuid)
    )
    assert network["network"]["physicalnetworkid"] == shown["id"]


def test_an_element_that_is_stopped_keeps_its_provider_from_being_enabled(site) -> None:
    [provider] = site.root.items("listNetworkServiceProviders", physicalnetworkid=str(site.physical.uuid))
    configure, update = "configureVirtualRouterElement", "updateNetworkServiceProvider"
    with pytest.raises(ApiError, match="is Enabled there; disable it first"):
        site.root.call(configure, id=provider["id"], enabled=False)
    finish(site, update, id=provider["id"], state="Disabled")
    stopped = finish(site, configure, id=provider["id"], enabled=False)
    assert stopped["jobresult"]["virtualrouterelement"]["enabled"] is False
    assert site.root.items("listVirtualRouterElements", enabled=True) == []
    with pytest.raises(ApiError, match="is stopped there; allow it first"):
        site.root.call(update, id=provider["id"], state="Enabled")
    finish(site, configure, id=provider["id"], enabled=True)
    assert finish(site, update, id=provider["id"], state="Enabled")["jobstatus"] == 1
    assert site.root.items("listVirtualRouterElements", enabled=False) == []


@pytest.mark.parametrize("vlan", ["", "5", "5-9,20-30", " 7 - 8 "])
def test_ranges_that_can_be(site, vlan: str) -> None:
    result = finish(site, "updatePhysicalNetwork", id=str(site.physical.uuid), vlan=vlan)
    assert result["jobstatus"] == 1


@pytest.mark.parametrize("vlan", ["0-5", "9-5", "a-b", "1-2-3", "5-9,8-12", "1-99999999", "１-5", MANY_RANGES])
def test_ranges_that_cannot_be_are_refused(site, vlan: str) -> None:
    with pytest.raises(ApiError) as refusal:
        site.root.call("updatePhysicalNetwork", id=str(site.physical.uuid), vlan=vlan)
    assert refusal.value.code == 431
    assert [str(row) for row in site.physical.vnet_ranges.all()] == ["5000-5999"]


def test_ranges_of_a_zone_never_overlap(site) -> None:
    with pytest.raises(ApiError, match="overlaps"):
        site.root.call("createPhysicalNetwork", zoneid=str(site.zone.uuid), name="second", vlan="5500-6500")
    assert PhysicalNetwork.objects.count() == 1


def test_numbers_in_use_stay_in_the_ranges(site) -> None:
    network = NetworkFactory(physical_network=site.physical)
    number = hold_vni(network=network)
    with pytest.raises(ApiError) as refusal:
        site.root.call("updatePhysicalNetwork", id=str(site.physical.uuid), vlan="6000-6999")
    assert refusal.value.code == 536
    assert str(number) in refusal.value.text
    assert finish(site, "updatePhysicalNetwork", id=str(site.physical.uuid), vlan=str(number))["jobstatus"] == 1
    assert VniAllocation.objects.get().vni == number


def test_a_physical_network_with_guests_stays(site) -> None:
    network = NetworkFactory(physical_network=site.physical)
    [guest] = site.root.items("listTrafficTypes", physicalnetworkid=str(site.physical.uuid))
    [provider] = site.root.items("listNetworkServiceProviders", physicalnetworkid=str(site.physical.uuid))
    for command, uuid in (
        ("deletePhysicalNetwork", str(site.physical.uuid)),
        ("deleteTrafficType", guest["id"]),
        ("deleteNetworkServiceProvider", provider["id"]),
    ):
        with pytest.raises(ApiError) as refusal:
            site.root.call(command, id=uuid)
        assert refusal.value.code == 536
    network.mark_removed()
    assert finish(site, "deletePhysicalNetwork", id=str(site.physical.uuid))["jobstatus"] == 1
    assert site.root.items("listPhysicalNetworks") == []
    assert site.root.items("listNetworkServiceProviders") == []


def test_traffic_types_can_be_relabelled_and_removed(site) -> None:
    body = finish(site, "addTrafficType", physicalnetworkid=str(site.physical.uuid), traffictype="Storage")
    traffic = body["jobresult"]["traffictype"]
    changed = finish(site, "updateTrafficType", id=traffic["id"], kvmnetworklabel="stor0")
    assert changed["jobresult"]["traffictype"]["kvmnetworklabel"] == "stor0"
    assert finish(site, "deleteTrafficType", id=traffic["id"])["jobresult"] == {"success": True}
    rows = site.root.items("listTrafficTypes", physicalnetworkid=str(site.physical.uuid))
    assert [row["traffictype"] for row in rows] == ["Guest"]


@pytest.mark.parametrize(
    "params",
    [
        {"traffictype": "Guest"},
        {"traffictype": "Gossip"},
        {"traffictype": "Storage", "kvmnetworklabel": "no such link; reboot"},
    ],
)
def test_traffic_that_cannot_be_is_refused(site, params: dict) -> None:
    with pytest.raises(ApiError) as refusal:
        site.root.call("addTrafficType", physicalnetworkid=str(site.physical.uuid), **params)
    assert refusal.value.code == 431


def test_providers_can_be_added_once_and_removed(site) -> None:
    [provider] = site.root.items("listNetworkServiceProviders", physicalnetworkid=str(site.physical.uuid))
    assert finish(site, "deleteNetworkServiceProvider", id=provider["id"])["jobresult"] == {"success": True}
    again = finish(site, "addNetworkServiceProvider", physicalnetworkid=str(site.physical.uuid), name="VirtualRouter")
    assert again["jobresult"]["networkserviceprovider"]["state"] == "Disabled"
    for name in ("VirtualRouter", "Nobody"):
        with pytest.raises(ApiError) as refusal:
            site.root.call("addNetworkServiceProvider", physicalnetworkid=str(site.physical.uuid), name=name)
        assert refusal.value.code == 431


def test_services_and_methods_are_listed(site) -> None:
    services = {one["name"]: one for one in site.root.items("listSupportedNetworkServices")}
    assert set(services) >= {"Connectivity", "Dhcp", "Dns", "UserData"}
    assert "VirtualRouter" in [one["name"] for one in services["Dhcp"]["provider"]]
    only = site.root.items("listSupportedNetworkServices", service="dns")
    assert [one["name"] for one in only] == ["Dns"]
    assert site.root.items("listNetworkIsolationMethods") == [{"name": "VXLAN"}]


def test_a_shared_network_gets_more_addresses(site) -> None:
    network = site.shared_network()
    made = site.root.call(
        "createVlanIpRange", networkid=network["id"], startip="198.51.100.150", endip="198.51.100.151"
    )["vlan"]
    assert (made["startip"], made["endip"], made["cidr"]) == ("198.51.100.150", "198.51.100.151", "198.51.100.0/24")
    assert len(site.root.items("listVlanIpRanges", networkid=network["id"])) == 2
    from apps.network.models import Network

    row = Network.objects.get(uuid=network["id"])
    assert reserve_nic(network=row, nic_uuid=NIC, requested_ip="198.51.100.151").ipv4 == "198.51.100.151"
    with pytest.raises(ApiError) as refusal:
        site.root.call("deleteVlanIpRange", id=made["id"])
    assert refusal.value.code == 536
    IpAllocation.objects.filter(holder_uuid=NIC).delete()
    assert site.root.call("deleteVlanIpRange", id=made["id"]) == {"success": True}


@pytest.mark.parametrize(
    "params",
    [
        {"startip": "198.51.100.99", "endip": "198.51.100.120"},
        {"startip": "198.51.101.5"},
        {"startip": "198.51.100.1"},
        {"startip": "198.51.100.120", "endip": "198.51.100.110"},
        {"startip": "198.51.100.120", "gateway": "198.51.100.2"},
        {"startip": "somewhere"},
    ],
)
def test_a_range_that_cannot_be_is_refused(site, params: dict) -> None:
    network = site.shared_network()
    with pytest.raises(ApiError) as refusal:
        site.root.call("createVlanIpRange", networkid=network["id"], **params)
    assert refusal.value.code == 431
    assert len(site.root.items("listVlanIpRanges")) == 1


def test_isolated_networks_have_no_ranges(site) -> None:
    network = site.isolated_network(site.as_seller)
    with pytest.raises(ApiError, match="not shared"):
        site.root.call("createVlanIpRange", networkid=network["id"], startip="10.1.1.5")


def test_all_this_is_for_root_administrators_alone(site) -> None:
    commands = {
        "listPhysicalNetworks": {},
        "createPhysicalNetwork": {"zoneid": str(site.zone.uuid), "name": "n"},
        "updatePhysicalNetwork": {"id": str(site.physical.uuid)},
        "deletePhysicalNetwork": {"id": str(site.physical.uuid)},
        "addTrafficType": {"physicalnetworkid": str(site.physical.uuid), "traffictype": "Storage"},
        "listTrafficTypes": {"physicalnetworkid": str(site.physical.uuid)},
        "listNetworkServiceProviders": {},
        "listVirtualRouterElements": {},
        "configureVirtualRouterElement": {"id": "x", "enabled": True},
        "listSupportedNetworkServices": {},
        "listNetworkIsolationMethods": {},
        "listVlanIpRanges": {},
        "createVlanIpRange": {"networkid": "x", "startip": "198.51.100.150"},
        "deleteVlanIpRange": {"id": "x"},
    }
    for command, params in commands.items():
        with pytest.raises(ApiError) as refusal:
            site.as_sales_admin.call(command, **params)
        assert refusal.value.code in (401, 432), command


@pytest.mark.parametrize(
    "command",
    ["listPhysicalNetworks", "listNetworkServiceProviders", "listVlanIpRanges", "listNetworkOfferings"],
)
def test_a_page_takes_few_statements(site, statements, command: str) -> None:
    for _ in range(3):
        site.shared_network()
    site.root.call(command)
    with statements(7):
        site.root.call(command)
