"""Apache Libcloud's CloudStack driver, unmodified."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from libcloud.common.types import InvalidCredsError, ProviderError
from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState, Provider

from apps.accounts.factories import ApiKeyPairFactory, UserFactory
from apps.network.factories import PublicRangeFactory
from apps.network.models import PhysicalNetwork
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5hNgHqQ4uDBq5cC4dRzwXo0S2bP8hXq9xQK3b0m3yE libcloud@example"


@pytest.fixture
def driver(cloud: SimulatedCloud, live_server: Any, jobs_run_while_clients_wait: Callable, monkeypatch: Any) -> Any:
    # Its polling connection sleeps between two looks at a job.
    monkeypatch.setattr("libcloud.common.base.time.sleep", jobs_run_while_clients_wait)
    return connect(live_server, cloud.api.api_key, cloud.api.secret)


def connect(live_server: Any, key: str, secret: str) -> Any:
    address = urlsplit(live_server.url)
    cls = get_driver(Provider.CLOUDSTACK)
    return cls(key, secret, secure=False, host=address.hostname, port=address.port, path="/client/api")


def named(things: list[Any], name: str) -> Any:
    return next(thing for thing in things if thing.name == name)


@pytest.fixture
def expunging_allowed(cloud: SimulatedCloud) -> None:
    cloud.admin.call("updateConfiguration", name="allow.user.expunge.recover.vm", value="true")


def isolated(driver: Any) -> Any:
    """An offering of networks that tenants make."""
    offerings = driver.ex_list_network_offerings()
    return next(one for one in offerings if one.guest_ip_type == "Isolated" and not one.for_vpc)


def deployed(driver: Any, cloud: SimulatedCloud, name: str = "web", **more: Any) -> Any:
    return driver.create_node(
        name=name,
        size=named(driver.list_sizes(), cloud.offering.name),
        image=driver.list_images()[0],
        location=driver.list_locations()[0],
        networks=[named(driver.ex_list_networks(), cloud.network.name)],
        ex_start_vm=True,  # the driver's own default is not to
        **more,
    )


def test_what_there_is(driver: Any, cloud: SimulatedCloud) -> None:
    assert [place.name for place in driver.list_locations()] == [cloud.zone.name]
    assert [image.name for image in driver.list_images()] == [cloud.template.name]
    size = named(driver.list_sizes(), cloud.offering.name)
    assert size.ram == cloud.offering.memory_mib
    assert cloud.network.name in {network.name for network in driver.ex_list_networks()}
    assert driver.ex_list_network_offerings()
    assert cloud.disk_offering.name in {offering.name for offering in driver.ex_list_disk_offerings()}
    assert driver.ex_list_os_types()
    assert driver.ex_limits()["max_instances"]
    assert driver.ex_list_projects() == []


def test_the_life_of_a_machine(driver: Any, cloud: SimulatedCloud, expunging_allowed: None) -> None:
    pair = driver.create_key_pair("mine")
    assert "PRIVATE KEY" in pair.private_key
    driver.import_key_pair_from_string("theirs", PUBLIC_KEY)
    assert {key.name for key in driver.list_key_pairs()} == {"mine", "theirs"}
    node = deployed(driver, cloud, ex_keyname="mine", ex_userdata="#!/bin/sh\necho hello")
    assert node.state == NodeState.RUNNING and node.private_ips
    [listed] = driver.list_nodes()
    assert (listed.id, listed.name, listed.private_ips) == (node.id, "web", node.private_ips)
    assert driver.ex_stop(node) and driver.list_nodes()[0].state == NodeState.STOPPED
    assert driver.ex_start(node) and driver.list_nodes()[0].state == NodeState.RUNNING
    assert driver.reboot_node(node)
    assert driver.destroy_node(node, ex_expunge=True)
    assert driver.list_nodes() == []
    driver.delete_key_pair(pair)  # compares the flag that is answered with a text, and says False
    assert [key.name for key in driver.list_key_pairs()] == ["theirs"]


def test_disks(driver: Any, cloud: SimulatedCloud) -> None:
    node = deployed(driver, cloud)
    volume = driver.create_volume(size=5, name="data", location=driver.list_locations()[0])
    assert driver.attach_volume(node, volume)
    assert {one.name for one in driver.list_volumes(node)} >= {"data"}
    assert driver.ex_get_volume(volume.id).name == "data"
    assert driver.detach_volume(volume)
    assert driver.destroy_volume(volume)
    run_jobs()
    assert "data" not in {one.name for one in driver.list_volumes()}


def test_cards_addresses_and_networks(driver: Any, cloud: SimulatedCloud) -> None:
    node = deployed(driver, cloud)
    offering = next(
        one for one in driver.ex_list_network_offerings() if one.guest_ip_type == "Isolated" and not one.for_vpc
    )
    made = driver.ex_create_network(
        "second", "second", offering, driver.list_locations()[0], gateway="10.9.0.1", netmask="255.255.255.0"
    )
    assert driver.ex_attach_nic_to_node(node, made)
    nics = driver.ex_list_nics(node)
    assert len(nics) == 2
    assert driver.ex_detach_nic_from_node(next(nic for nic in nics if nic.network_id == made.id), node)
    assert driver.ex_delete_network(made)
    assert "second" not in {network.name for network in driver.ex_list_networks()}


def test_tags(driver: Any, cloud: SimulatedCloud) -> None:
    node = deployed(driver, cloud)
    assert driver.ex_create_tags([node.id], "UserVm", {"env": "test", "team": "a b"})
    assert driver.ex_get_node(node.id).extra["tags"] == {"env": "test", "team": "a b"}
    assert driver.ex_delete_tags([node.id], "UserVm", ["env"])
    assert driver.ex_get_node(node.id).extra["tags"] == {"team": "a b"}


def test_affinity_groups(driver: Any, cloud: SimulatedCloud, expunging_allowed: None) -> None:
    kind = next(one for one in driver.ex_list_affinity_group_types() if one.type == "host anti-affinity")
    group = driver.ex_create_affinity_group("apart", kind)
    nodes = [deployed(driver, cloud, name=name, ex_affinity_groups=[group]) for name in ("a", "b")]
    assert {one.name for one in driver.ex_list_affinity_groups()} == {"apart"}
    rows = cloud.admin.items("listVirtualMachines", listall=True)
    assert len({row["hostid"] for row in rows}) == 2
    for node in nodes:
        driver.destroy_node(node, ex_expunge=True)
    assert driver.ex_delete_affinity_group(group)


def test_projects(driver: Any, cloud: SimulatedCloud) -> None:
    made = cloud.api.call("createProject", name="together", displaytext="together")
    run_jobs()
    [project] = driver.ex_list_projects()
    assert (project.id, project.name) == (made["id"], "together")
    place = driver.list_locations()[0]
    network = driver.ex_create_network(
        "ours", "ours", isolated(driver), place, "10.9.0.1", "255.255.255.0", project_id=project.id
    )
    assert network.id in {one.id for one in driver.ex_list_networks(project=project)}
    assert network.id not in {one.id for one in driver.ex_list_networks()}
    assert driver.list_nodes(project=project) == []
    # The driver takes project and does not send it: the networks say whose machine it is.
    node = driver.create_node(
        name="common",
        size=named(driver.list_sizes(), cloud.offering.name),
        image=driver.list_images()[0],
        location=place,
        networks=[network],
        project=project,
        ex_start_vm=True,
    )
    assert node.state == NodeState.RUNNING
    [listed] = driver.list_nodes(project=project)
    assert (listed.id, listed.private_ips) == (node.id, node.private_ips) and driver.list_nodes() == []
    assert driver.ex_get_node(node.id, project=project).id == node.id
    assert driver.ex_stop(node) and driver.destroy_node(node)
    assert [one.state for one in driver.list_nodes(project=project)] != [NodeState.RUNNING]


def test_machines_are_changed_and_made_anew(driver: Any, cloud: SimulatedCloud) -> None:
    node = deployed(driver, cloud)
    driver.ex_stop(node)
    large = cloud.admin.call(
        "createServiceOffering", name="large", displaytext="large", cpunumber=2, cpuspeed=1000, memory=1024
    )["serviceoffering"]
    assert driver.ex_change_node_size(node, named(driver.list_sizes(), large["name"]))
    assert driver.ex_get_node(node.id).extra["size_name"] == "large"
    assert driver.ex_restore(node, driver.list_images()[0])


def test_errors_reach_the_caller_in_words(driver: Any, cloud: SimulatedCloud, live_server: Any) -> None:
    node = deployed(driver, cloud)
    with pytest.raises(Exception, match=r"(?i)running|state"):
        driver.ex_start(node)
    with pytest.raises(ProviderError, match=r"(?i)unable to find volume"):
        driver.connection._sync_request(command="deleteVolume", params={"id": node.id}, method="GET")
    with pytest.raises(InvalidCredsError):
        connect(live_server, cloud.api.api_key, "wrong").list_locations()


def test_strangers_see_nothing(driver: Any, cloud: SimulatedCloud, live_server: Any) -> None:
    deployed(driver, cloud)
    pair = ApiKeyPairFactory(user=UserFactory())
    stranger = connect(live_server, pair.api_key, pair.secret_key)
    assert stranger.list_nodes() == [] and stranger.list_volumes() == []


def test_discs(driver: Any, cloud: SimulatedCloud) -> None:
    made = driver.ex_register_iso("rescue", "https://images.example.org/rescue.iso", driver.list_locations()[0])
    run_jobs()
    assert [one["name"] for one in made["iso"]] == ["rescue"]
    assert [one["name"] for one in cloud.api.items("listIsos", isofilter="self")] == ["rescue"]


def test_public_addresses(driver: Any, cloud: SimulatedCloud) -> None:
    physical = PhysicalNetwork.objects.get(zone=cloud.zone)
    PublicRangeFactory(physical_network=physical)
    place = driver.list_locations()[0]
    network = driver.ex_create_network("inner", "inner", isolated(driver), place, "10.9.0.1", "255.255.255.0")
    address = driver.ex_allocate_public_ip(network_id=network.id, location=place)
    [listed] = driver.ex_list_public_ips()
    assert (listed.id, listed.address, listed.associated_network_id) == (address.id, address.address, network.id)
    assert driver.ex_list_port_forwarding_rules() == driver.ex_list_ip_forwarding_rules() == []
    assert driver.ex_list_firewall_rules() == []
    assert driver.ex_release_public_ip(address)
    assert driver.ex_list_public_ips() == []
