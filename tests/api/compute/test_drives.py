"""attachIso and detachIso: one drive a machine, and a disc that is used stays."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.compute.models import Drive, VirtualMachine
from apps.infrastructure.factories import ZoneFactory
from apps.infrastructure.specs import host_ref
from apps.storage.factories import TemplateFactory
from apps.storage.models import DiskOffering, Template, TemplatePoolRef
from apps.storage.scheduled import clean_up
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.support.cloud import check_invariants

from .conftest import NOBODY, Cloud


def disc(cloud: Cloud, name: str = "disc", **fields: Any) -> Template:
    account = fields.pop("account", cloud.account)
    return TemplateFactory(name=name, format="ISO", hypervisor="", account=account, **fields)


def registered(cloud: Cloud, name: str = "disc") -> Template:
    """A disc that an image store really has."""
    url = f"https://images.example.org/{name}.iso"
    cloud.api.call("registerIso", name=name, displaytext=name, url=url, zoneid=cloud.zone.uuid)
    run_jobs()
    return Template.objects.get(name=name)


def in_drive(cloud: Cloud, vm: dict[str, Any]) -> str:
    """What the host says."""
    return SimulatorDriver(host_ref(cloud.row(vm).host)).disc_in_drive(vm["id"])


def attach(cloud: Cloud, vm: dict[str, Any], iso: Template) -> dict[str, Any]:
    return cloud.run(cloud.api.call("attachIso", id=iso.uuid, virtualmachineid=vm["id"]))


def test_discs_change_in_a_running_machine(cloud: Cloud) -> None:
    vm, first, second = cloud.machine(), registered(cloud, "first"), registered(cloud, "second")
    assert "isoid" not in vm and in_drive(cloud, vm) == ""
    for iso in (first, second, second):
        shown = attach(cloud, vm, iso)
        assert (shown["isoid"], shown["isoname"]) == (str(iso.uuid), iso.name)
        assert in_drive(cloud, vm) == str(iso.uuid)
        check_invariants()
    shown = cloud.run(cloud.api.call("detachIso", virtualmachineid=vm["id"]))
    assert "isoid" not in shown and in_drive(cloud, vm) == ""
    assert not Drive.objects.exists()


def test_machines_by_the_disc_in_their_drive(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, _ = cloud.machine(name="with"), cloud.machine(name="without")
    inside, beside = registered(cloud, "first"), registered(cloud, "second")
    foreign = disc(cloud, "foreign", account=cloud.lawyer_account)
    attach(cloud, vm, inside)
    for command in ("listVirtualMachines", "listVirtualMachinesMetrics"):
        assert [one["name"] for one in cloud.api.items(command, isoid=inside.uuid)] == ["with"]
        assert cloud.api.items(command, isoid=beside.uuid) == []
        assert "isoid" in refusal(cloud.api, command, isoid=foreign.uuid).text


def test_a_stopped_machine_starts_with_its_disc(cloud: Cloud) -> None:
    vm, iso = cloud.run(cloud.deploy(startvm=False)), registered(cloud)
    assert attach(cloud, vm, iso)["isoid"] == str(iso.uuid)
    assert not TemplatePoolRef.objects.filter(template=iso).exists()
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert in_drive(cloud, vm) == str(iso.uuid)
    cloud.run(cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm["id"]))
    assert in_drive(cloud, vm) == str(iso.uuid)
    check_invariants()


def test_a_disc_in_a_drive_is_not_deleted(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, iso = cloud.machine(), registered(cloud)
    attach(cloud, vm, iso)
    error = refusal(cloud.api, "deleteIso", id=iso.uuid)
    assert error.code == 536 and vm["name"] in error.text
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    cloud.run(cloud.api.call("deleteIso", id=iso.uuid))
    run_jobs()
    assert not TemplatePoolRef.objects.filter(template=iso).exists()
    assert not world.volumes(templates=True).filter(volume_uuid=iso.uuid).exists()
    clean_up()
    check_invariants()


def test_what_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, iso = cloud.machine(), disc(cloud)
    theirs = disc(cloud, account=cloud.lawyer_account)
    unready = disc(cloud, state="Downloading")
    elsewhere = disc(cloud, is_cross_zone=False, zones=[ZoneFactory()])
    for params, words in (
        ({"id": theirs.uuid, "virtualmachineid": vm["id"]}, "(parameter id)"),
        ({"id": cloud.template.uuid, "virtualmachineid": vm["id"]}, "Unable to find ISO"),
        ({"id": NOBODY, "virtualmachineid": vm["id"]}, "(parameter id)"),
        ({"id": iso.uuid, "virtualmachineid": NOBODY}, "(parameter virtualmachineid)"),
        ({"id": unready.uuid, "virtualmachineid": vm["id"]}, "not ready"),
        ({"id": elsewhere.uuid, "virtualmachineid": vm["id"]}, "not ready for use in zone"),
    ):
        error = refusal(cloud.api, "attachIso", **params)
        assert error.code == 431 and words in error.text, error.text
    assert refusal(cloud.lawyer, "attachIso", id=theirs.uuid, virtualmachineid=vm["id"]).code == 431
    assert refusal(cloud.lawyer, "detachIso", virtualmachineid=vm["id"]).code == 431
    assert "no ISO" in refusal(cloud.api, "detachIso", virtualmachineid=vm["id"]).text
    assert not Drive.objects.exists()


def test_a_disc_that_does_not_get_in_leaves_the_old_one(cloud: Cloud) -> None:
    vm, first, second = cloud.machine(), registered(cloud, "first"), registered(cloud, "second")
    attach(cloud, vm, first)
    world.inject("insert_disc", "fault:the tray is stuck")
    done = cloud.ended(cloud.api.call("attachIso", id=second.uuid, virtualmachineid=vm["id"]))
    assert done["jobstatus"] == 2 and "tray is stuck" in done["jobresult"]["errortext"]
    assert Drive.objects.get().iso_id == first.pk
    assert in_drive(cloud, vm) == str(first.uuid)
    check_invariants()


def from_disc(cloud: Cloud, iso: Template, **more: Any) -> dict[str, Any]:
    offering = DiskOffering.objects.get(name="data")
    wishes = {"templateid": iso.uuid, "hypervisor": "simulator", "diskofferingid": offering.uuid}
    return cloud.deploy(**{**wishes, **more})


def test_a_machine_boots_from_a_disc(cloud: Cloud) -> None:
    iso = registered(cloud, "installer")
    vm = cloud.run(from_disc(cloud, iso))
    assert (vm["state"], vm["isoid"], vm["hypervisor"]) == ("Running", str(iso.uuid), "Simulator")
    assert in_drive(cloud, vm) == str(iso.uuid)
    [root] = cloud.api.items("listVolumes", virtualmachineid=vm["id"])
    assert (root["type"], root["size"], root["isoid"]) == ("ROOT", 5 << 30, str(iso.uuid))
    assert "templateid" not in root and root["diskofferingname"] == "data"
    check_invariants()
    cloud.run(cloud.api.call("detachIso", virtualmachineid=vm["id"]))
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    assert "isoid" not in cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    check_invariants()


def test_a_machine_of_a_disc_with_data_disks_of_custom_sizes(cloud: Cloud) -> None:
    iso = registered(cloud, "installer")
    custom = DiskOffering.objects.create(name="custom", is_custom=True)
    wishes = {
        "diskofferingid": custom.uuid,
        "size": 7,
        "datadisksdetails": [{"diskofferingid": cloud.disk_offering.uuid}],
    }
    vm = cloud.run(from_disc(cloud, iso, **wishes))
    disks = cloud.api.items("listVolumes", virtualmachineid=vm["id"])
    assert sorted((disk["type"], disk["size"] >> 30) for disk in disks) == [("DATADISK", 5), ("ROOT", 7)]
    check_invariants()


def test_what_a_disc_does_not_say(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    iso = disc(cloud)
    tools = disc(cloud, bootable=False)
    custom = DiskOffering.objects.create(name="custom", is_custom=True)
    for more, words in (
        ({"hypervisor": None}, "hypervisor"),
        ({"hypervisor": "Nothing"}, "hypervisor"),
        ({"diskofferingid": None}, "disk offering"),
        ({"diskofferingid": custom.uuid}, "size"),
        ({"templateid": tools.uuid}, "bootable"),
    ):
        with pytest.raises(ApiError) as caught:
            from_disc(cloud, iso, **more)
        assert caught.value.code == 431 and words in caught.value.text, caught.value.text
    assert not Drive.objects.exists() and not VirtualMachine.objects.exists()


def test_a_deployment_that_fails_leaves_no_drive(cloud: Cloud) -> None:
    iso = registered(cloud, "installer")
    world.inject("start", "fault:no such machine type")
    assert cloud.ended(from_disc(cloud, iso))["jobstatus"] == 2
    assert not Drive.objects.exists()
    check_invariants()
    cloud.run(cloud.api.call("deleteIso", id=iso.uuid))
