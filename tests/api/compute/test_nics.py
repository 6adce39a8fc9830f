"""Network cards: added, removed, made the default, listed."""

from collections.abc import Callable

import pytest

from apps.compute.models import Nic, ServiceOffering
from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation, MacAllocation, NetworkOffering
from cloudstack.testing.api import ApiError
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants

from .conftest import NOBODY, Cloud
from .test_deploy import free_address, isolated


@pytest.mark.parametrize("running", [True, False])
def test_a_card_comes_becomes_the_default_and_the_other_goes(cloud: Cloud, running: bool) -> None:
    vm = cloud.machine() if running else cloud.run(cloud.deploy(startvm=False))
    second = isolated(cloud)
    with_two = cloud.run(cloud.api.call("addNicToVirtualMachine", virtualmachineid=vm["id"], networkid=second.uuid))
    old, new = with_two["nic"]
    assert (old["isdefault"], new["isdefault"], new["networkid"]) == (True, False, str(second.uuid))
    assert new["ipaddress"] and new["deviceid"] == "1"
    check_invariants()
    changed = cloud.run(cloud.api.call("updateDefaultNicForVirtualMachine", virtualmachineid=vm["id"], nicid=new["id"]))
    assert [nic["isdefault"] for nic in changed["nic"]] == [False, True]
    left = cloud.run(cloud.api.call("removeNicFromVirtualMachine", virtualmachineid=vm["id"], nicid=old["id"]))
    assert [nic["id"] for nic in left["nic"]] == [new["id"]]
    assert not IpAllocation.objects.filter(holder_uuid=old["id"]).exists()
    assert not MacAllocation.objects.filter(holder_uuid=old["id"]).exists()
    check_invariants()


def test_addresses_of_ones_own(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, second = cloud.machine(), isolated(cloud)
    add = {"virtualmachineid": vm["id"], "networkid": second.uuid}
    for params, code in (
        ({"ipaddress": "192.0.2.1"}, 431),
        ({"ipaddress": "nowhere"}, 431),
        ({"ipaddress": second.gateway or "x"}, 431),
        ({"macaddress": "02:00"}, 431),
        ({"macaddress": vm["nic"][0]["macaddress"]}, 536),
    ):
        assert refusal(cloud.api, "addNicToVirtualMachine", **add, **params).code == code, params
    assert Nic.all_objects.count() == 1
    wanted = free_address(second)
    made = cloud.run(cloud.api.call("addNicToVirtualMachine", **add, ipaddress=wanted, macaddress="02-AA-00-00-00-09"))
    assert (made["nic"][1]["ipaddress"], made["nic"][1]["macaddress"]) == (wanted, "02:aa:00:00:00:09")
    check_invariants()


def test_what_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, other, second = cloud.machine(name="web"), cloud.machine(), isolated(cloud)
    theirs = NetworkFactory(account=cloud.lawyer_account, zone=cloud.zone)
    mine_elsewhere = NetworkFactory(account=cloud.account)
    own, foreign = vm["nic"][0]["id"], other["nic"][0]["id"]
    add = {"virtualmachineid": vm["id"]}
    for command, params, words in (
        ("addNicToVirtualMachine", {**add, "networkid": cloud.network.uuid}, "already"),
        ("addNicToVirtualMachine", {**add, "networkid": theirs.uuid}, "(parameter networkid)"),
        ("addNicToVirtualMachine", {**add, "networkid": mine_elsewhere.uuid}, "not in zone"),
        ("addNicToVirtualMachine", {**add, "networkid": NOBODY}, "(parameter networkid)"),
        ("addNicToVirtualMachine", add, "missing parameter networkid"),
        ("removeNicFromVirtualMachine", {**add, "nicid": own}, "the default card stays"),
        ("removeNicFromVirtualMachine", {**add, "nicid": foreign}, "is not one of machine"),
        ("removeNicFromVirtualMachine", {**add, "nicid": NOBODY}, "(parameter nicid)"),
        ("updateDefaultNicForVirtualMachine", {**add, "nicid": own}, "already"),
        ("updateDefaultNicForVirtualMachine", {**add, "nicid": foreign}, "is not one of machine"),
    ):
        error = refusal(cloud.api, command, **params)
        assert error.code == 431 and words in error.text, (command, error.text)
        assert refusal(cloud.lawyer, command, **params).code == 431
    error = refusal(cloud.admin, "addNicToVirtualMachine", virtualmachineid=vm["id"], networkid=theirs.uuid)
    assert error.code == 431 and "may not use" in error.text
    namesake = cloud.run(cloud.deploy(name="web", networkids=second.uuid, startvm=False))
    error = refusal(cloud.api, "addNicToVirtualMachine", virtualmachineid=vm["id"], networkid=second.uuid)
    assert error.code == 431 and "called 'web' already" in error.text
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=namesake["id"], expunge=True))
    check_invariants()


def test_a_card_that_cannot_be_plugged_in_gives_its_addresses_back(cloud: Cloud) -> None:
    vm, second = cloud.machine(), isolated(cloud)
    world.inject("attach_nic", "fault:no slot", count=1)
    done = cloud.ended(cloud.api.call("addNicToVirtualMachine", virtualmachineid=vm["id"], networkid=second.uuid))
    assert done["jobstatus"] == 2 and "no slot" in done["jobresult"]["errortext"]
    assert Nic.objects.count() == 1
    check_invariants()


def test_list(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    second = isolated(cloud)
    vm = cloud.machine(networkids=f"{cloud.network.uuid},{second.uuid}")
    cards = cloud.api.call("listNics", virtualmachineid=vm["id"])
    assert cards["count"] == 2 and [card["deviceid"] for card in cards["nic"]] == ["0", "1"]
    assert {card["virtualmachineid"] for card in cards["nic"]} == {vm["id"]}
    first, other = cards["nic"]
    for params, found in (
        ({"nicid": other["id"]}, other),
        ({"networkid": cloud.network.uuid}, first),
        ({"keyword": first["ipaddress"]}, first),
        ({"page": 2, "pagesize": 1}, other),
    ):
        assert cloud.api.items("listNics", virtualmachineid=vm["id"], **params) == [found], params
    assert refusal(cloud.api, "listNics").code == 431
    assert refusal(cloud.lawyer, "listNics", virtualmachineid=vm["id"]).code == 431
    assert cloud.sales_admin.call("listNics", virtualmachineid=vm["id"])["count"] == 2


def test_a_card_is_throttled_by_the_offerings_of_network_and_machine(cloud: Cloud) -> None:
    NetworkOffering.objects.filter(pk=cloud.network.offering_id).update(network_rate=100)
    ServiceOffering.objects.filter(pk=cloud.offering.pk).update(network_rate_mbps=20)
    vm, second = cloud.machine(), isolated(cloud)
    cloud.run(cloud.api.call("addNicToVirtualMachine", virtualmachineid=vm["id"], networkid=second.uuid))
    ServiceOffering.objects.filter(pk=cloud.offering.pk).update(network_rate_mbps=None)
    other = cloud.machine()

    def rates(shown: dict) -> list[int]:
        machine = world.machines().get(vm_uuid=shown["id"])
        return [machine.nics[str(nic.uuid)]["rate_mbit"] for nic in Nic.objects.filter(vm__uuid=shown["id"])]

    # The machine's offering speaks for the default card only.
    assert rates(vm) == [20, 0]
    assert rates(other) == [100]
