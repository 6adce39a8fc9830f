"""The life of a machine on real hypervisors, from its owner's API calls to what its guest sees."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cs import CloudStack, CloudStackApiException

from tests.acceptance.lab_cloud import Guest, LabCloud, report, running_qemu
from tests.integration.lab.conftest import eventually

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("acceptance")]

USER_DATA = "#!/bin/sh\necho seeded by $(hostname) > /root/first-start\n"
MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass
class Machines:
    """Two machines of two accounts, deployed side by side: one on the shared network, one on a network of its own."""

    web: dict[str, Any]
    guest: Guest
    apart: dict[str, Any]
    apart_guest: Guest
    tenant: CloudStack
    network: str
    files_before: set[str]


@pytest.fixture(scope="module")
def machines(cloud: LabCloud) -> Iterator[Machines]:
    public = cloud.key.with_suffix(".pub").read_text().strip()
    tenant = cloud.tenant("bob")
    for client in (cloud.admin, tenant):
        pair = client.registerSSHKeyPair(name="mine", publickey=public)["keypair"]
        assert pair["name"] == "mine" and "privatekey" not in pair
    network = cloud.isolated_network(tenant, "bobs")
    before = cloud.files()
    # Not waited for one by one: two guests boot in the time of one.
    first = cloud.deploying(
        name="web1", keypair="mine", userdata=base64.b64encode(USER_DATA.encode()).decode(),
        networkids=cloud.network["id"], hostid=cloud.hosts["host1"],
    )  # fmt: skip
    second = cloud.deploying(tenant, name="apart1", keypair="mine", networkids=network)
    web = cloud.ended(first["jobid"])
    apart = cloud.ended(second["jobid"])
    assert (web["jobstatus"], apart["jobstatus"]) == (1, 1), (web, apart)
    web, apart = (cloud.machine(job["jobresult"]["virtualmachine"]["id"]) for job in (web, apart))
    assert (first["id"], second["id"]) == (web["id"], apart["id"])
    yield Machines(
        web=web,
        guest=cloud.guest(web).reachable(),
        apart=apart,
        apart_guest=cloud.guest(apart).reachable(),
        tenant=tenant,
        network=network,
        files_before=before,
    )


def test_the_guest_answers_and_has_what_it_was_given(cloud: LabCloud, machines: Machines) -> None:
    guest = machines.guest
    assert (machines.web["state"], machines.web["hostname"]) == ("Running", "host1")
    assert cloud.where(machines.web) == ["host1"]
    assert guest.ssh("hostname") == "web1"
    assert (
        eventually(lambda: guest.ssh("cat /root/first-start", check=False), seconds=20, what="user data")
        == "seeded by web1"
    )
    assert machines.web["nic"][0]["macaddress"] in guest.ssh("cat /sys/class/net/eth0/address")
    assert guest.ip in guest.ssh("ip -4 addr show eth0")
    assert machines.web["keypairs"] == "mine"


def test_two_accounts_are_apart_on_the_wire(cloud: LabCloud, machines: Machines) -> None:
    """Even a guest that takes an address of the other network does not reach it."""
    ours, theirs = machines.guest, machines.apart_guest
    assert theirs.ping()
    assert not ours.ping(theirs.ip)
    neighbour = theirs.ip.rpartition(".")[0] + ".77"
    ours.ssh(f"ip addr add {neighbour}/24 dev eth0")
    try:
        assert "0 packets received" in ours.ssh(f"ping -c 2 -W 1 {theirs.ip} || true")
    finally:
        ours.ssh(f"ip addr del {neighbour}/24 dev eth0")
    assert "0 packets received" in theirs.ssh(f"ping -c 2 -W 1 {ours.ip} || true")


def test_another_accounts_machine_does_not_exist(cloud: LabCloud, machines: Machines) -> None:
    tenant, foreign = machines.tenant, machines.web["id"]
    absent = foreign[:-1] + ("0" if foreign[-1] != "0" else "1")
    assert tenant.listVirtualMachines(id=foreign) == {}
    assert [vm["id"] for vm in tenant.listVirtualMachines(listall=True, fetch_list=True)] == [machines.apart["id"]]
    for command, params in (
        ("stopVirtualMachine", {"id": None}),
        ("rebootVirtualMachine", {"id": None}),
        ("destroyVirtualMachine", {"id": None}),
        ("updateVirtualMachine", {"id": None, "displayname": "mine now"}),
        ("getVirtualMachineUserData", {"virtualmachineid": None}),
        ("listNics", {"virtualmachineid": None}),
    ):
        answers = []
        for uuid in (foreign, absent):
            given = {name: uuid if value is None else value for name, value in params.items()}
            with pytest.raises(CloudStackApiException) as refused:
                getattr(tenant, command)(**given)
            assert refused.value.error["errorcode"] == 431, command
            answers.append(refused.value.error["errortext"].replace(uuid, "…"))
        assert answers[0] == answers[1], command
    assert cloud.machine(foreign)["displayname"] == "web1"


def test_a_disk_comes_grows_and_goes_while_the_guest_runs(cloud: LabCloud, machines: Machines) -> None:
    admin, guest, vm = cloud.admin, machines.guest, machines.web["id"]
    [custom] = [offering for offering in admin.listDiskOfferings(fetch_list=True) if offering["iscustomized"]]
    made = admin.createVolume(name="data", zoneid=cloud.zone, diskofferingid=custom["id"], size=1, fetch_result=True)
    volume = made["volume"]["id"]
    attached = admin.attachVolume(id=volume, virtualmachineid=vm, fetch_result=True)["volume"]
    assert (attached["virtualmachineid"], attached["deviceid"]) == (vm, 1)

    def size() -> int:
        return int(guest.ssh("cat /sys/block/vdb/size 2>/dev/null || echo 0")) * 512

    assert eventually(size, seconds=20, what="the disk in the guest") == GIB
    assert guest.ssh("cat /sys/block/vdb/serial") == volume.replace("-", "")[:20]
    guest.ssh("echo precious | dd of=/dev/vdb bs=512 conv=sync 2>/dev/null && sync")
    assert admin.resizeVolume(id=volume, size=2, fetch_result=True)["volume"]["size"] == 2 * GIB
    eventually(lambda: size() == 2 * GIB, seconds=20, what="the larger disk in the guest")
    assert guest.ssh("head -c 8 /dev/vdb") == "precious"
    with pytest.raises(CloudStackApiException, match="attached"):
        admin.deleteVolume(id=volume)
    detached = admin.detachVolume(id=volume, fetch_result=True)["volume"]
    assert "virtualmachineid" not in detached
    assert guest.ssh("ls /sys/block").split().count("vdb") == 0
    assert any(volume in name for name in cloud.files())
    admin.deleteVolume(id=volume)
    eventually(
        lambda: not any(volume in name for name in cloud.files()), seconds=30, what="the deleted disk is off the pool"
    )


def test_it_moves_to_the_other_host_while_it_is_pinged(
    cloud: LabCloud, machines: Machines, record_property: Any
) -> None:
    vm, guest = machines.web["id"], machines.guest
    up_before = float(guest.ssh("cut -d' ' -f1 /proc/uptime"))
    begun = time.monotonic()
    with guest.pinged() as pings:
        moved = cloud.admin.migrateVirtualMachine(virtualmachineid=vm, hostid=cloud.hosts["host2"], fetch_result=True)
    report(record_property, "migration_s", round(time.monotonic() - begun - 2, 1))
    report(record_property, "pings", f"{pings.answered} of {pings.sent} answered")
    assert moved["virtualmachine"]["hostname"] == "host2"
    assert pings.sent >= 10 and pings.lost <= 5, pings
    assert cloud.where(machines.web) == ["host2"]
    assert float(guest.ssh("cut -d' ' -f1 /proc/uptime")) > up_before, "it was restarted, not moved"
    assert cloud.allocated() == promised(cloud)


def test_it_restarts(cloud: LabCloud, machines: Machines) -> None:
    vm, guest = machines.web["id"], machines.guest
    boot = guest.ssh("cat /proc/sys/kernel/random/boot_id")
    cloud.admin.rebootVirtualMachine(id=vm, fetch_result=True)

    def restarted() -> bool:
        return guest.ssh("cat /proc/sys/kernel/random/boot_id", check=False) not in ("", boot)

    eventually(restarted, seconds=90, what="the guest after its restart")
    assert guest.ssh("cat /root/first-start") == "seeded by web1"
    assert cloud.where(machines.web) == ["host2"]


def test_a_guest_that_powers_off_is_stopped_and_comes_back(
    cloud: LabCloud, machines: Machines, record_property: Any
) -> None:
    vm, guest = machines.web["id"], machines.guest
    mark = eventually(lambda: guest.ssh("echo kept > /root/mark && sync && cat /root/mark", check=False),
                      seconds=30, what="a file in the guest")  # fmt: skip
    assert mark == "kept"
    guest.ssh("poweroff", check=False)
    eventually(lambda: not running(machines.web), seconds=60, what="QEMU is gone")
    off = time.monotonic()
    eventually(lambda: cloud.machine(vm)["state"] == "Stopped", seconds=30, what="the portal notices")
    noticed = time.monotonic() - off
    report(record_property, "power_off_noticed_s", round(noticed, 1))
    assert noticed < 10
    assert cloud.where(machines.web) == [] and "hostname" not in cloud.machine(vm)
    cloud.admin.startVirtualMachine(id=vm, fetch_result=True)
    again = cloud.guest(cloud.machine(vm)).reachable()
    assert (again.ip, again.ssh("cat /root/mark")) == (guest.ip, "kept")


def test_it_stops_when_asked(cloud: LabCloud, machines: Machines) -> None:
    """The guest itself powers off: the stop takes less than the time after which its power would be cut."""
    vm = machines.web["id"]
    cloud.guest(cloud.machine(vm)).ssh("echo written before the stop > /root/stopping")
    stopped = cloud.admin.stopVirtualMachine(id=vm, fetch_result=True)["virtualmachine"]
    assert stopped["state"] == "Stopped" and "hostid" not in stopped
    assert cloud.where(machines.web) == [] and not running(machines.web)
    card = machines.web["nic"][0]["macaddress"]
    assert card not in cloud.known_cards()


def test_destroyed_and_expunged_nothing_is_left(cloud: LabCloud, machines: Machines) -> None:
    admin, tenant = cloud.admin, machines.tenant
    admin.startVirtualMachine(id=machines.web["id"], fetch_result=True)
    cards = {vm["nic"][0]["macaddress"] for vm in (machines.web, machines.apart)}
    assert cards <= cloud.known_cards()
    admin.destroyVirtualMachine(id=machines.web["id"], expunge=True, fetch_result=True)
    tenant.destroyVirtualMachine(id=machines.apart["id"], fetch_result=True)
    assert tenant.listVirtualMachines(id=machines.apart["id"])["virtualmachine"][0]["state"] == "Destroyed"
    admin.expungeVirtualMachine(id=machines.apart["id"], fetch_result=True)
    tenant.deleteNetwork(id=machines.network, fetch_result=True)

    assert cloud.machine(machines.web["id"]) == {} == cloud.machine(machines.apart["id"])
    assert cloud.domains() == {}
    assert not running(machines.web) and not running(machines.apart)
    assert cloud.taps() == []
    assert not cards & cloud.known_cards()
    left = cloud.files() - machines.files_before
    assert [name for name in left if cloud.template not in name] == []
    for client in (admin, tenant):
        assert set(cloud.used(client).values()) == {0}
    assert set(cloud.allocated().values()) == {0}
    assert [server.network_uuid for host in cloud.hosts for server in cloud.network_state(host).dhcp] in (
        [], [cloud.network["id"]],
    )  # fmt: skip


def promised(cloud: LabCloud) -> dict[str, int]:
    """What the running machines take of each host's memory."""
    sums = dict.fromkeys(cloud.hosts, 0)
    for vm in cloud.admin.listVirtualMachines(zoneid=cloud.zone, state="Running", listall=True, fetch_list=True):
        sums[vm["hostname"]] += vm["memory"] * MIB
    return sums


def running(vm: dict[str, Any]) -> bool:
    return bool(running_qemu(vm["instancename"]))
