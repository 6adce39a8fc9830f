"""Start, stop, reboot, migrate, destroy, recover, expunge, update: what each state and each caller may."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import ResourceCount, ResourceType
from apps.compute.models import Nic, VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.factories import HostFactory
from apps.storage.models import GuestOs, Volume
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants

from .conftest import Cloud

OPERATIONS = {
    "startVirtualMachine": "id",
    "stopVirtualMachine": "id",
    "rebootVirtualMachine": "id",
    "migrateVirtualMachine": "virtualmachineid",
    "destroyVirtualMachine": "id",
    "expungeVirtualMachine": "id",
    "recoverVirtualMachine": "id",
}
ALLOWED = {
    VmState.STOPPED: {"startVirtualMachine", "destroyVirtualMachine"},
    VmState.RUNNING: {
        "stopVirtualMachine", "rebootVirtualMachine", "migrateVirtualMachine", "destroyVirtualMachine",
    },
    VmState.ERROR: {"destroyVirtualMachine"},
    VmState.DESTROYED: {"expungeVirtualMachine", "recoverVirtualMachine"},
    VmState.EXPUNGING: set(),
    VmState.STARTING: set(),
    VmState.STOPPING: set(),
    VmState.MIGRATING: set(),
}  # fmt: skip


@pytest.mark.parametrize("state", VmState)
def test_what_a_state_does_not_allow_is_refused_at_once(
    cloud: Cloud, refusal: Callable[..., ApiError], state: VmState
) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    VirtualMachine.objects.filter(uuid=vm["id"]).update(
        state=state, host=cloud.hosts[0] if state not in (VmState.STOPPED, VmState.ERROR, VmState.DESTROYED) else None
    )
    for command, parameter in OPERATIONS.items():
        if command in ALLOWED[state]:
            continue
        if command == "startVirtualMachine" and state == VmState.STARTING:
            continue  # waits behind the job that starts it
        if command == "stopVirtualMachine" and state == VmState.STOPPING:
            continue
        if command == "migrateVirtualMachine" and state == VmState.MIGRATING:
            continue
        if command == "expungeVirtualMachine" and state == VmState.EXPUNGING:
            continue
        error = refusal(cloud.admin, command, **{parameter: vm["id"]})
        assert error.code == 431 and str(state) in error.text, (command, error.text)
    assert cloud.row(vm).state == state


def test_stop_and_start(cloud: Cloud) -> None:
    vm = cloud.machine()
    home = cloud.row(vm).host
    stopped = cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"]))
    assert stopped["state"] == "Stopped" and stopped["nic"] == vm["nic"]
    row = cloud.row(vm)
    assert row.host is None and row.last_host == home and not world.machines().exists()
    check_invariants()
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["nic"] == vm["nic"]
    assert cloud.row(vm).host == home, "the host where its disks are warm is preferred"
    check_invariants()


def test_root_admins_choose_where_it_starts(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    for host in cloud.hosts[::-1][:2]:
        assert refusal(cloud.api, "startVirtualMachine", id=vm["id"], hostid=host.uuid).code in (431, 531)
        assert refusal(cloud.sales_admin, "startVirtualMachine", id=vm["id"], hostid=host.uuid).code in (431, 531)
    cluster = cloud.hosts[0].cluster
    same = [host for host in cloud.hosts if host.cluster_id == cluster.pk]
    cloud.run(cloud.admin.call("startVirtualMachine", id=vm["id"], hostid=same[1].uuid))
    assert cloud.row(vm).host == same[1]


def test_a_guest_that_does_not_comply_is_cut_off(cloud: Cloud) -> None:
    vm = cloud.machine()
    world.inject("stop", "timeout:1", count=1)
    assert cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"]))["state"] == "Stopped"
    check_invariants()


def test_reboot(cloud: Cloud) -> None:
    vm = cloud.machine()
    for forced in (False, True):
        again = cloud.run(cloud.api.call("rebootVirtualMachine", id=vm["id"], forced=forced))
        assert (again["state"], again["id"]) == ("Running", vm["id"])
    check_invariants()


def test_migrate_is_the_operators(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    home = cloud.row(vm).host
    for client in (cloud.api, cloud.sales_admin):
        assert refusal(client, "migrateVirtualMachine", virtualmachineid=vm["id"]).code == 432
    error = refusal(cloud.admin, "migrateVirtualMachine", virtualmachineid=vm["id"], hostid=home.uuid)
    assert error.code == 431 and "already runs on host" in error.text
    error = refusal(cloud.admin, "migrateVirtualMachine", virtualmachineid=vm["id"], hostid=HostFactory().uuid)
    assert error.code == 431 and "another kind or zone" in error.text
    moved = cloud.run(cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm["id"]))
    assert moved["hostname"] != home.name and cloud.row(vm).last_host == home
    target = next(host for host in cloud.hosts if host.name == home.name)
    back = cloud.run(cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm["id"], hostid=target.uuid))
    assert back["hostname"] == home.name
    check_invariants()


def test_destroy_recover_and_expunge(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine(diskofferingid=cloud.disk_offering.uuid)
    gone = cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"]))
    assert gone["state"] == "Destroyed"
    assert held(cloud, ResourceType.USER_VM) == held(cloud, ResourceType.CPU) == held(cloud, ResourceType.MEMORY) == 0
    assert held(cloud, ResourceType.VOLUME) == 2
    check_invariants()
    # Users may do neither unless the operator lets them; administrators may.
    for command in ("recoverVirtualMachine", "expungeVirtualMachine"):
        assert refusal(cloud.api, command, id=vm["id"]).code == 531
    assert refusal(cloud.lawyer, "recoverVirtualMachine", id=vm["id"]).code == 431
    back = cloud.sales_admin.call("recoverVirtualMachine", id=vm["id"])["virtualmachine"]
    assert back["state"] == "Stopped" and held(cloud, ResourceType.USER_VM) == 1
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    assert refusal(cloud.api, "destroyVirtualMachine", id=vm["id"], expunge=True).code == 531
    cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"]))
    done = cloud.ended(cloud.sales_admin.call("expungeVirtualMachine", id=vm["id"]))
    assert done["jobresult"] == {"success": True}
    assert cloud.admin.call("listVirtualMachines", id=vm["id"], listall=True) == {}
    # The data disk outlives the machine.
    [data] = cloud.api.items("listVolumes")
    assert data["type"] == "DATADISK" and "virtualmachineid" not in data
    check_invariants()


def test_users_may_expunge_when_the_operator_lets_them(cloud: Cloud) -> None:
    cloud.admin.call(
        "updateConfiguration", name="allow.user.expunge.recover.vm", value="true", accountid=cloud.account.uuid
    )
    vm = cloud.machine()
    assert cloud.api.call("listCapabilities")["capability"]["allowuserexpungerecovervm"] is True
    assert cloud.lawyer.call("listCapabilities")["capability"]["allowuserexpungerecovervm"] is False
    cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    assert not Volume.objects.exists() and not Nic.objects.exists()
    assert not ResourceCount.objects.filter(account=cloud.account, count__gt=0).exists()
    check_invariants()


def test_recovering_respects_the_limit(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"]))
    owner = {"account": "seller", "domainid": cloud.account.domain.uuid}
    cloud.admin.call("updateResourceLimit", resourcetype=0, max=0, **owner)
    assert refusal(cloud.sales_admin, "recoverVirtualMachine", id=vm["id"]).code == 535
    assert cloud.row(vm).state == "Destroyed"
    check_invariants()


def test_a_protected_machine_stays(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    cloud.api.call("updateVirtualMachine", id=vm["id"], deleteprotection=True)
    error = refusal(cloud.api, "destroyVirtualMachine", id=vm["id"])
    assert error.code == 536 and "protected" in error.text
    cloud.api.call("updateVirtualMachine", id=vm["id"], deleteprotection=False)
    assert cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"]))["state"] == "Destroyed"


def test_a_failed_machine_can_only_be_destroyed(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    world.inject("start", "fault:no", count=1)
    answer = cloud.deploy()
    assert cloud.ended(answer)["jobstatus"] == 2
    cloud.run(cloud.api.call("destroyVirtualMachine", id=answer["id"]))
    assert refusal(cloud.admin, "recoverVirtualMachine", id=answer["id"]).code == 431
    cloud.run(cloud.admin.call("expungeVirtualMachine", id=answer["id"]))
    check_invariants()


def test_update(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine(name="before")
    other = cloud.machine(name="other")
    system = GuestOs.objects.exclude(pk=cloud.template.guest_os_id).first()
    assert system
    shown = cloud.api.call(
        "updateVirtualMachine", id=vm["id"], displayname="Ünïcode ☃", ostypeid=system.uuid, haenable=True,
        details={"keyboard": "fr"},
    )["virtualmachine"]  # fmt: skip
    assert (shown["displayname"], shown["ostypeid"], shown["haenable"]) == ("Ünïcode ☃", str(system.uuid), True)
    assert shown["details"] == {"keyboard": "fr"} and "lastupdated" in shown
    for change, words in (
        ({}, "nothing to change"),
        ({"name": "after"}, "only a stopped one is renamed"),
        ({"userdata": "?"}, "base64"),
        ({"ostypeid": vm["id"]}, "ostypeid"),
        ({"displayname": "x" * 256}, "displayname"),
    ):
        error = refusal(cloud.api, "updateVirtualMachine", id=vm["id"], **change)
        assert error.code == 431 and words in error.text, error.text
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"]))
    error = refusal(cloud.api, "updateVirtualMachine", id=vm["id"], name=other["name"])
    assert error.code == 431 and "'other' already" in error.text
    assert refusal(cloud.api, "updateVirtualMachine", id=vm["id"], name="not_a_name").code == 431
    assert cloud.api.call("updateVirtualMachine", id=vm["id"], name="after")["virtualmachine"]["name"] == "after"
    assert Nic.objects.get(vm__uuid=vm["id"]).hostname == "after"
    assert cloud.api.call("updateVirtualMachine", id=vm["id"], cleanupdetails=True)["virtualmachine"]["details"] == {}


def test_some_details_are_for_root_admins(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine(details={"rootDiskController": "scsi"})
    [shown] = cloud.api.items("listVirtualMachines", id=vm["id"])
    assert "rootDiskController" in shown["readonlydetails"].split(", ")
    assert "readonlydetails" not in cloud.admin.items("listVirtualMachines", id=vm["id"])[0]
    for details in ({"rootDiskController": "ide"}, {"cpuOvercommitRatio": "9"}, {"ROOTDISKCONTROLLER": "ide"}):
        error = refusal(cloud.api, "updateVirtualMachine", id=vm["id"], details=details)
        assert error.code == 531 and next(iter(details)) in error.text
    for change in (
        {"details": {"keyboard": "fr"}},
        {"details": {"rootDiskController": "scsi"}},
        {"cleanupdetails": True},
    ):
        kept = cloud.api.call("updateVirtualMachine", id=vm["id"], **change)["virtualmachine"]["details"]
        assert kept["rootDiskController"] == "scsi"
    done = cloud.admin.call("updateVirtualMachine", id=vm["id"], details={"rootDiskController": "ide"})
    assert done["virtualmachine"]["details"] == {"rootDiskController": "ide"}
    cloud.admin.call("updateConfiguration", name="user.vm.readonly.details", value="keyboard")
    assert cloud.api.call("updateVirtualMachine", id=vm["id"], cleanupdetails=True)["virtualmachine"]["details"] == {}
    [shown] = cloud.api.items("listVirtualMachines", id=vm["id"])
    assert shown["readonlydetails"] == "keyboard, rootdisksize, cpuOvercommitRatio, memoryOvercommitRatio"


def test_a_hidden_machine_is_hidden_from_users_only(cloud: Cloud) -> None:
    vm = cloud.machine()
    cloud.api.call("updateVirtualMachine", id=vm["id"], displayvm=False, displayname="still here")
    assert cloud.api.items("listVirtualMachines", id=vm["id"]), "only operators hide machines"
    cloud.admin.call("updateVirtualMachine", id=vm["id"], displayvm=False)
    assert cloud.api.call("listVirtualMachines") == {}
    assert cloud.admin.items("listVirtualMachines", listall=True, displayvm=False)
    # Deploying, too, users cannot hide a machine from themselves.
    own = cloud.run(cloud.deploy(displayvm=False))
    assert [row["id"] for row in cloud.api.items("listVirtualMachines")] == [own["id"]]


def test_strangers_reach_nothing(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    commands = {**OPERATIONS, "updateVirtualMachine": "id", "getVirtualMachineUserData": "virtualmachineid"}
    commands.pop("migrateVirtualMachine")
    for command, parameter in commands.items():
        error = refusal(cloud.lawyer, command, **{parameter: vm["id"]})
        assert error.code == 431 and f"(parameter {parameter})" in error.text, error.text
    assert cloud.row(vm).state == "Running"


def test_what_hosts_report_is_settled(cloud: Cloud) -> None:
    """The sweep finds a guest that went off by itself, and events of the change are there."""
    from apps.compute.scheduled import power_sweep

    vm = cloud.machine()
    assert world.guest_powers_off(vm["id"])
    power_sweep()
    run_jobs()
    assert cloud.api.items("listVirtualMachines", id=vm["id"])[0]["state"] == "Stopped"
    kinds = {event["type"] for event in cloud.api.items("listEvents", resourceid=vm["id"])}
    assert {"VM.CREATE", "VM.STATE", "VM.POWER"} <= kinds
    check_invariants()


def held(cloud: Cloud, kind: ResourceType) -> int:
    row: Any = ResourceCount.objects.filter(account=cloud.account, type=kind).first()
    return row.count if row else 0
