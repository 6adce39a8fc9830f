"""Addresses of network cards: further ones, and another first one."""

from collections.abc import Callable

import pytest

from apps.network.models import IpAllocation
from apps.network.states import IpPurpose
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.testing.api import ApiError
from tests.support.cloud import check_invariants
from tests.support.crashes import crash_everywhere

from .conftest import NOBODY, Cloud
from .test_deploy import free_address


def card(cloud: Cloud, vm: dict) -> dict:
    return cloud.api.items("listNics", virtualmachineid=vm["id"])[0]


@pytest.mark.parametrize("running", [True, False])
def test_a_further_address_comes_and_goes(cloud: Cloud, running: bool) -> None:
    vm = cloud.machine() if running else cloud.run(cloud.deploy(startvm=False))
    nic = card(cloud, vm)
    assert nic["secondaryip"] == []
    answer = cloud.api.call("addIpToNic", nicid=nic["id"])
    first = cloud.run(answer)
    assert first["id"] == answer["id"]
    assert (first["nicid"], first["networkid"], first["virtualmachineid"]) == (nic["id"], nic["networkid"], vm["id"])
    wish = free_address(cloud.network)
    second = cloud.run(cloud.api.call("addIpToNic", nicid=nic["id"], ipaddress=wish))
    assert second["ipaddress"] == wish
    pairs = [{"id": one["id"], "ipaddress": one["ipaddress"]} for one in (first, second)]
    assert card(cloud, vm)["secondaryip"] == pairs
    assert cloud.api.items("listVirtualMachines", id=vm["id"])[0]["nic"][0]["secondaryip"] == pairs
    check_invariants()
    assert cloud.run(cloud.api.call("removeIpFromNic", id=first["id"])) is True
    assert card(cloud, vm)["secondaryip"] == pairs[1:]
    assert not IpAllocation.objects.filter(address=first["ipaddress"]).exists()
    check_invariants()
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    assert not IpAllocation.objects.filter(holder_uuid=nic["id"]).exists()
    check_invariants()


def test_what_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, other = cloud.machine(), cloud.machine()
    nic = card(cloud, vm)
    further = cloud.run(cloud.api.call("addIpToNic", nicid=nic["id"]))
    for params, code in (
        ({"ipaddress": "192.0.2.1"}, 431),
        ({"ipaddress": "x"}, 431),
        ({"ipaddress": cloud.network.gateway}, 431),
        ({"ipaddress": nic["ipaddress"]}, 536),
        ({"ipaddress": card(cloud, other)["ipaddress"]}, 536),
        ({"ipaddress": further["ipaddress"]}, 536),
    ):
        error = refusal(cloud.api, "addIpToNic", nicid=nic["id"], **params)
        assert error.code == code and params["ipaddress"] in error.text
    for command, params in (
        ("addIpToNic", {"nicid": nic["id"]}),
        ("updateVmNicIp", {"nicid": nic["id"]}),
        ("removeIpFromNic", {"id": further["id"]}),
    ):
        [(name, uuid)] = params.items()
        stranger = refusal(cloud.lawyer, command, **params)
        assert stranger.text.replace(uuid, NOBODY) == refusal(cloud.lawyer, command, **{name: NOBODY}).text
    assert "it must be Stopped" in refusal(cloud.api, "updateVmNicIp", nicid=nic["id"]).text
    # The card's first address is no further one.
    first = IpAllocation.objects.get(holder_uuid=nic["id"], purpose=IpPurpose.NIC)
    assert first.uuid is None
    ConfigValue.objects.create(name="vm.network.nic.max.secondary.ipaddresses", value="1")
    store.forget()
    assert "1 further addresses, the most" in refusal(cloud.api, "addIpToNic", nicid=nic["id"]).text
    check_invariants()


def test_a_stopped_machines_card_gets_another_address(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    nic = card(cloud, vm)
    further = cloud.run(cloud.api.call("addIpToNic", nicid=nic["id"]))
    changed = cloud.run(cloud.api.call("updateVmNicIp", nicid=nic["id"]))
    assert changed["nic"][0]["ipaddress"] not in (nic["ipaddress"], further["ipaddress"])
    wish = free_address(cloud.network)
    changed = cloud.run(cloud.api.call("updateVmNicIp", nicid=nic["id"], ipaddress=wish))
    assert (changed["nic"][0]["ipaddress"], changed["nic"][0]["macaddress"]) == (wish, nic["macaddress"])
    for taken in (wish, further["ipaddress"], "192.0.2.1"):
        assert taken in refusal(cloud.api, "updateVmNicIp", nicid=nic["id"], ipaddress=taken).text
    started = cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert started["nic"][0]["ipaddress"] == wish
    check_invariants()


def test_a_crash_while_an_address_changes(cloud: Cloud) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    nic = card(cloud, vm)

    def change() -> str:
        before = card(cloud, vm)["ipaddress"]
        cloud.api.call("updateVmNicIp", nicid=nic["id"])
        return before

    def check(before: str, point: str) -> None:
        check_invariants()
        assert card(cloud, vm)["ipaddress"] != before, point
        assert IpAllocation.objects.filter(holder_uuid=nic["id"]).count() == 1, point

    crash_everywhere(change, check)


def test_a_crash_while_a_further_address_is_taken_back(cloud: Cloud) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    nic = card(cloud, vm)

    def take_back() -> None:
        made = cloud.run(cloud.api.call("addIpToNic", nicid=nic["id"]))
        cloud.api.call("removeIpFromNic", id=made["id"])

    def check(_: None, point: str) -> None:
        check_invariants()
        assert card(cloud, vm)["secondaryip"] == [], point

    crash_everywhere(take_back, check)


def test_a_machine_that_goes_first_takes_its_further_addresses_along(cloud: Cloud) -> None:
    vm = cloud.machine()
    destroyed = cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True)
    added = cloud.api.call("addIpToNic", nicid=card(cloud, vm)["id"])
    cloud.run(destroyed)
    done = cloud.ended(added)
    assert done["jobstatus"] == 2 and "meantime" in done["jobresult"]["errortext"]
    check_invariants()
