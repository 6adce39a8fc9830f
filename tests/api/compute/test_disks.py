"""attachVolume and detachVolume."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.compute.models import VolumeAttachment
from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import VolumeFactory
from apps.storage.models import Template, Volume
from apps.storage.scheduled import clean_up
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants

from .conftest import NOBODY, Cloud


def new_volume(cloud: Cloud, client: ApiClient | None = None) -> str:
    answer = (client or cloud.api).call(
        "createVolume", name="data", zoneid=cloud.zone.uuid, diskofferingid=cloud.disk_offering.uuid
    )
    run_jobs()
    uuid: str = answer["id"]
    return uuid


@pytest.mark.parametrize("running", [True, False])
def test_a_disk_comes_and_goes(cloud: Cloud, running: bool) -> None:
    vm = cloud.machine() if running else cloud.run(cloud.deploy(startvm=False))
    volume = new_volume(cloud)
    attached = cloud.run(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    assert (attached["id"], attached["virtualmachineid"], attached["deviceid"]) == (volume, vm["id"], 1)
    assert attached["vmname"] == vm["name"] and attached["vmstate"] == ("Running" if running else "Stopped")
    assert attached["state"] == ("Ready" if running else "Allocated")
    check_invariants()
    if not running:
        cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
        check_invariants()
    detached = cloud.run(cloud.api.call("detachVolume", id=volume))
    assert "virtualmachineid" not in detached and detached["state"] == "Ready"
    assert not VolumeAttachment.objects.filter(volume__uuid=volume).exists()
    check_invariants()


def test_slots(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    first, second = new_volume(cloud), new_volume(cloud)
    assert cloud.run(cloud.api.call("attachVolume", id=first, virtualmachineid=vm["id"], deviceid=5))["deviceid"] == 5
    for slot, words in ((0, "1 to 15"), (3, "CD-ROM"), (16, "1 to 15"), (-1, "1 to 15"), (5, "is taken")):
        error = refusal(cloud.api, "attachVolume", id=second, virtualmachineid=vm["id"], deviceid=slot)
        assert error.code in (431, 536) and words in error.text
    # By its slot it is found again.
    assert refusal(cloud.api, "detachVolume", virtualmachineid=vm["id"], deviceid=6).code == 431
    assert cloud.run(cloud.api.call("detachVolume", virtualmachineid=vm["id"], deviceid=5))["id"] == first
    # The CD-ROM's slot is left out.
    slots = [
        cloud.run(cloud.api.call("attachVolume", id=new_volume(cloud), virtualmachineid=vm["id"]))["deviceid"]
        for _ in range(3)
    ]
    assert slots == [1, 2, 4]


def test_a_full_machine(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.row(cloud.run(cloud.deploy(startvm=False)))
    for slot in range(1, 16):
        if slot != 3:
            volume = VolumeFactory(account=cloud.account, zone=cloud.zone)
            VolumeAttachment.objects.create(volume=volume, vm=vm, device_id=slot)
    spare = VolumeFactory(account=cloud.account, zone=cloud.zone)
    error = refusal(cloud.api, "attachVolume", id=spare.uuid, virtualmachineid=vm.uuid)
    assert error.code == 431 and "no free slot" in error.text


def test_what_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, other = cloud.machine(), cloud.machine()
    volume = new_volume(cloud)
    [root] = cloud.api.items("listVolumes", virtualmachineid=vm["id"])
    elsewhere = VolumeFactory(account=cloud.account, zone=ZoneFactory())
    theirs = VolumeFactory(account=cloud.lawyer_account, zone=cloud.zone)
    for params, words in (
        ({"id": root["id"], "virtualmachineid": other["id"]}, "root disk"),
        ({"id": elsewhere.uuid, "virtualmachineid": vm["id"]}, "another zone"),
        ({"id": theirs.uuid, "virtualmachineid": vm["id"]}, "(parameter id)"),
        ({"id": NOBODY, "virtualmachineid": vm["id"]}, "(parameter id)"),
        ({"id": volume, "virtualmachineid": NOBODY}, "(parameter virtualmachineid)"),
        ({"id": volume}, "missing parameter virtualmachineid"),
        ({"virtualmachineid": vm["id"]}, "missing parameter id"),
    ):
        error = refusal(cloud.api, "attachVolume", **params)
        assert error.code == 431 and words in error.text, error.text
    error = refusal(cloud.admin, "attachVolume", id=theirs.uuid, virtualmachineid=vm["id"])
    assert error.code == 431 and "different accounts" in error.text
    cloud.run(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    error = refusal(cloud.api, "attachVolume", id=volume, virtualmachineid=other["id"])
    assert error.code == 536 and vm["name"] in error.text
    for params, words in (
        ({}, "virtualmachineid together with deviceid"),
        ({"id": root["id"]}, "root disk"),
        ({"id": new_volume(cloud)}, "not attached"),
        ({"virtualmachineid": vm["id"]}, "together with deviceid"),
    ):
        error = refusal(cloud.api, "detachVolume", **params)
        assert error.code == 431 and words in error.text, error.text
    assert refusal(cloud.lawyer, "detachVolume", id=volume).code == 431


def test_a_host_that_refuses_leaves_it_as_it_was(cloud: Cloud) -> None:
    vm, volume = cloud.machine(), new_volume(cloud)
    world.inject("attach_disk", "fault:no more ports", count=1)
    done = cloud.ended(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    assert done["jobstatus"] == 2 and "no more ports" in done["jobresult"]["errortext"]
    assert "virtualmachineid" not in shown(cloud, volume)
    cloud.run(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    world.inject("detach_disk", "fault:the guest holds it", count=1)
    done = cloud.ended(cloud.api.call("detachVolume", id=volume))
    assert done["jobstatus"] == 2 and shown(cloud, volume)["virtualmachineid"] == vm["id"]
    check_invariants()


def shown(cloud: Cloud, volume: str) -> dict[str, Any]:
    [found] = cloud.api.items("listVolumes", id=volume)
    return found


@pytest.mark.parametrize("running", [True, False])
def test_a_brought_disk_is_made_when_it_is_attached(cloud: Cloud, running: bool) -> None:
    url = "https://images.example.org/disk.qcow2"
    answer = cloud.api.call("uploadVolume", name="mine", format="QCOW2", url=url, zoneid=cloud.zone.uuid)
    volume = cloud.run(answer)["id"]
    vm = cloud.machine() if running else cloud.run(cloud.deploy(startvm=False))
    attached = cloud.run(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    assert attached["state"] == ("Ready" if running else "Uploaded")
    if not running:
        world.inject("start", "fault:no such machine type")
        assert cloud.ended(cloud.api.call("startVirtualMachine", id=vm["id"]))["jobstatus"] == 2
        assert Volume.objects.get(uuid=volume).state == "Uploaded"
        check_invariants()
        cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert world.volumes().filter(volume_uuid=volume).exists()
    clean_up()
    run_jobs()
    assert not Template.objects.filter(type="VOLUME").exists()
    check_invariants()


def test_what_an_offering_allows_reaches_the_host(cloud: Cloud) -> None:
    rates = {"bytesreadrate": 1000, "bytesreadratemax": 3000, "bytesreadratemaxlength": 5, "iopswriterate": 70}
    offering = cloud.admin.call("createDiskOffering", name="slow", displaytext="x", disksize=1, **rates)
    kind = offering["diskoffering"]["id"]
    volume = cloud.api.call("createVolume", name="data", zoneid=cloud.zone.uuid, diskofferingid=kind)["id"]
    vm = cloud.machine()
    cloud.run(cloud.api.call("attachVolume", id=volume, virtualmachineid=vm["id"]))
    disk = world.machines(vm["id"]).get().disks[volume]
    assert disk["limits"] == {"read_bytes": 1000, "read_bytes_max": 3000, "read_bytes_max_s": 5, "write_ops": 70}
