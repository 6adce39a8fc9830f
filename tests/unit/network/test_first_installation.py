"""What a fresh cloud has of networks, also when it is asked for twice."""

import pytest

from apps.accounts.factories import root_caller
from apps.infrastructure.factories import ZoneFactory
from apps.network.models import NetworkOffering, NetworkServiceProvider, PhysicalNetwork, PhysicalNetworkTrafficType
from apps.network.services.bootstrap import seed_network_offerings, seed_physical_network
from apps.network.services.networks import NetworkManager
from apps.network.states import OfferingState
from cloudstack.contracts.network import Service
from cloudstack.framework.drivers import network_element, network_elements
from cloudstack.framework.errors import InvalidParameter

pytestmark = pytest.mark.django_db


def test_the_default_offerings_can_be_used_at_once() -> None:
    root = root_caller()
    for _ in range(2):
        offerings = seed_network_offerings(caller=root)
    assert {one.name for one in offerings} == {
        "DefaultSharedNetworkOffering",
        "DefaultIsolatedNetworkOffering",
        "DefaultL2NetworkOffering",
    }
    assert NetworkOffering.objects.filter(state=OfferingState.ENABLED, is_default=True).count() == 3
    zone = ZoneFactory()
    seed_physical_network(caller=root, zone=zone, link="guest0")
    isolated = next(one for one in offerings if one.guest_type == "Isolated")
    network = NetworkManager().create(caller=root, zone=zone, offering=isolated, name="first")
    assert network.dhcp_server == "10.1.1.2"


def test_what_an_operator_has_changed_stays_changed() -> None:
    root = root_caller()
    seed_network_offerings(caller=root)
    NetworkOffering.objects.filter(guest_type="L2").update(name="wires", state=OfferingState.DISABLED)
    seed_network_offerings(caller=root)
    assert NetworkOffering.objects.get(guest_type="L2").name == "wires"
    assert NetworkOffering.objects.count() == 3


def test_a_zone_gets_one_physical_network() -> None:
    root, zone = root_caller(), ZoneFactory()
    first = seed_physical_network(caller=root, zone=zone, vnis="6000-6099", link="mgmt")
    assert seed_physical_network(caller=root, zone=zone, vnis="9000-9999") == first
    assert PhysicalNetwork.objects.count() == 1
    assert [str(row) for row in first.vnet_ranges.all()] == ["6000-6099"]
    labels = dict(PhysicalNetworkTrafficType.objects.values_list("traffic_type", "kvm_label"))
    assert labels == {"Guest": "mgmt", "Management": "mgmt"}
    # Those of all plugins that give more than a segment, and no others.
    installed = {name for name in network_elements() if network_element(name).services - {Service.CONNECTIVITY}}
    assert "VirtualRouter" in installed
    assert dict(NetworkServiceProvider.objects.values_list("name", "state")) == dict.fromkeys(installed, "Enabled")


def test_two_zones_may_use_the_same_numbers() -> None:
    root = root_caller()
    for _ in range(2):
        seed_physical_network(caller=root, zone=ZoneFactory())
    with pytest.raises(InvalidParameter):
        seed_physical_network(caller=root, zone=ZoneFactory(), vnis="9-1")
