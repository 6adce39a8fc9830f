"""Another size, another root disk, another owner, and data disks that go with their machine."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory
from apps.accounts.models import Account, ResourceCount, ResourceLimit, ResourceType
from apps.compute.factories import service_offering
from apps.compute.models import Nic, VirtualMachine
from apps.infrastructure.models import CapacityReservation
from apps.infrastructure.services import capacity
from apps.storage.factories import TemplateFactory
from apps.storage.models import DiskOffering, Template, Volume
from apps.storage.states import TemplateState, VolumeState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import check_invariants, client_of

from .conftest import NOBODY, Cloud


def stopped(cloud: Cloud, **more: Any) -> dict[str, Any]:
    vm = cloud.machine(**more)
    shown: dict[str, Any] = cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    return shown


def counted(account: Account, kind: ResourceType) -> int:
    return ResourceCount.objects.filter(account=account, type=kind).values_list("count", flat=True).first() or 0


def root_of(vm: dict[str, Any]) -> Volume:
    return Volume.objects.get(attachment__vm__uuid=vm["id"], attachment__device_id=0)


# -- size


def test_a_stopped_machine_gets_another_offering(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    large = service_offering("large", cpus=2, cpu_mhz=700, memory_mib=1024)
    vm = cloud.machine()
    for command in ("changeServiceForVirtualMachine", "scaleVirtualMachine"):
        error = refusal(cloud.api, command, id=vm["id"], serviceofferingid=large.uuid)
        assert error.code == 431 and "Running" in error.text
        assert refusal(cloud.lawyer, command, id=vm["id"], serviceofferingid=large.uuid).code == 431
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    shown = cloud.api.call("changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=large.uuid)[
        "virtualmachine"
    ]
    assert (shown["serviceofferingname"], shown["cpunumber"], shown["cpuspeed"], shown["memory"]) == (
        "large", 2, 700, 1024,
    )  # fmt: skip
    assert (counted(cloud.account, ResourceType.CPU), counted(cloud.account, ResourceType.MEMORY)) == (2, 1024)
    error = refusal(cloud.api, "changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=large.uuid)
    assert "already" in error.text
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    check_invariants()
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    done = cloud.ended(cloud.api.call("scaleVirtualMachine", id=vm["id"], serviceofferingid=cloud.offering.uuid))
    assert done["jobresult"]["virtualmachine"]["serviceofferingid"] == str(cloud.offering.uuid)
    assert (counted(cloud.account, ResourceType.CPU), counted(cloud.account, ResourceType.MEMORY)) == (1, 512)
    check_invariants()


def test_a_custom_offering_takes_the_size_from_details(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    custom = service_offering("custom", cpus=None, memory_mib=None, is_customized=True, min_cpus=1, max_cpus=4)
    vm = stopped(cloud)
    for details in ({}, {"details[0].cpuNumber": 8, "details[0].memory": 600}, {"details[0].colour": "red"}):
        error = refusal(
            cloud.api, "changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=custom.uuid, **details
        )
        assert error.code == 431 and "details" in error.text
    size = {"details[0].cpuNumber": 3, "details[0].memory": 600}
    shown = cloud.api.call("changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=custom.uuid, **size)
    assert (shown["virtualmachine"]["cpunumber"], shown["virtualmachine"]["memory"]) == (3, 600)


def test_a_size_beyond_the_limits_is_refused_and_nothing_changes(
    cloud: Cloud, refusal: Callable[..., ApiError]
) -> None:
    vm = stopped(cloud)
    large = service_offering("large", cpus=4)
    ResourceLimit.objects.create(account=cloud.account, type=ResourceType.CPU, max=2)
    for command in ("changeServiceForVirtualMachine", "scaleVirtualMachine"):
        assert refusal(cloud.api, command, id=vm["id"], serviceofferingid=large.uuid).code == 535
    assert cloud.row(vm).cpus == 1 and counted(cloud.account, ResourceType.CPU) == 1


def test_an_offering_that_the_root_disk_does_not_fit_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = stopped(cloud)
    strict, local = service_offering("strict"), service_offering("local")
    DiskOffering.objects.filter(pk=strict.disk_offering_id).update(size_is_strict=True)
    DiskOffering.objects.filter(pk=local.disk_offering_id).update(local_storage=True)
    for offering, words in ((strict, "fixes the kind"), (local, "for local storage")):
        error = refusal(cloud.api, "changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=offering.uuid)
        assert error.code == 431 and words in error.text


def test_a_machine_with_a_job_is_not_resized(cloud: Cloud) -> None:
    vm = stopped(cloud)
    large = service_offering("large", cpus=2)
    answer = cloud.api.call("startVirtualMachine", id=vm["id"])
    with pytest.raises(ApiError, match="a job works on machine"):
        cloud.api.call("changeServiceForVirtualMachine", id=vm["id"], serviceofferingid=large.uuid)
    assert cloud.run(answer)["cpunumber"] == 1
    check_invariants()


# -- root disk


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("expunge", [True, False])
def test_the_root_disk_is_made_anew(cloud: Cloud, running: bool, expunge: bool) -> None:
    vm = cloud.machine(diskofferingid=cloud.disk_offering.uuid) if running else stopped(cloud)
    old, disks = root_of(vm), Volume.objects.count()
    shown = cloud.run(cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"], expunge=expunge))
    assert shown["state"] == ("Running" if running else "Stopped") and shown["nic"] == vm["nic"]
    new = root_of(vm)
    assert new.pk != old.pk and new.size_bytes == old.size_bytes and new.name == old.name
    gone = Volume.all_objects.get(pk=old.pk)
    assert gone.state == (VolumeState.EXPUNGED if expunge else VolumeState.DESTROY)
    assert counted(cloud.account, ResourceType.VOLUME) == disks
    check_invariants()
    if not running:
        assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    assert root_of(vm).state == VolumeState.READY
    check_invariants()


def test_a_larger_disk_and_another_kind_of_it(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = stopped(cloud)
    ResourceLimit.objects.create(account=cloud.account, type=ResourceType.PRIMARY_STORAGE, max=30)
    error = refusal(cloud.api, "restoreVirtualMachine", virtualmachineid=vm["id"], rootdisksize=500)
    assert error.code == 535
    kind = DiskOffering.objects.create(name="fast", size_gib=8)
    cloud.run(cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"], diskofferingid=kind.uuid))
    assert (root_of(vm).size_bytes, root_of(vm).disk_offering) == (8 * 2**30, kind)
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    cloud.run(cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"], rootdisksize=9))
    assert (root_of(vm).size_bytes, root_of(vm).disk_offering) == (9 * 2**30, kind)
    details = {"rootdisksize": "10"}
    cloud.run(cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"], details=details))
    assert root_of(vm).size_bytes == 10 * 2**30
    for wrong in ({"rootdisksize": "much"}, {"rootdisksize": "0"}, {"minIops": "100"}):
        error = refusal(cloud.api, "restoreVirtualMachine", virtualmachineid=vm["id"], details=wrong)
        assert error.code == 431 and "details" in error.text
    check_invariants()


def test_another_template_takes_its_place(cloud: Cloud) -> None:
    template = TemplateFactory(
        account=cloud.account, hypervisor="Simulator", state=TemplateState.ACTIVE, is_cross_zone=True,
        virtual_size_bytes=20 * 2**30, password_enabled=True,
    )  # fmt: skip
    vm = stopped(cloud)
    answer = cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"], templateid=template.uuid)
    shown = cloud.run(answer)
    assert (shown["templateid"], root_of(vm).template) == (str(template.uuid), template)
    assert root_of(vm).size_bytes == 20 * 2**30 and shown["password"]
    check_invariants()


def test_what_stands_against_a_restore_is_named(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = stopped(cloud)
    for wrong, parameter in (
        ({"templateid": TemplateFactory(account=cloud.account, state=TemplateState.CREATING).uuid}, "not ready"),
        ({"templateid": TemplateFactory(account=cloud.lawyer_account, is_public=False).uuid}, "templateid"),
        ({"templateid": NOBODY}, "templateid"),
        ({"rootdisksize": 0}, "rootdisksize"),
    ):
        error = refusal(cloud.api, "restoreVirtualMachine", virtualmachineid=vm["id"], **wrong)
        assert error.code == 431 and parameter in error.text, error.text
    assert refusal(cloud.lawyer, "restoreVirtualMachine", virtualmachineid=vm["id"]).code == 431
    Volume.objects.update(delete_protection=True)
    assert "protected" in refusal(cloud.api, "restoreVirtualMachine", virtualmachineid=vm["id"]).text


def test_a_restored_machine_gets_a_new_password(cloud: Cloud) -> None:
    Template.objects.update(password_enabled=True)
    vm = cloud.machine()
    shown = cloud.run(cloud.api.call("restoreVirtualMachine", virtualmachineid=vm["id"]))
    assert shown["password"] != vm["password"] and len(shown["password"]) == 12


# -- owner


@pytest.fixture
def colleague(cloud: Cloud) -> tuple[Account, ApiClient]:
    account = AccountFactory(name="colleague", domain=cloud.account.domain)
    return account, client_of(account)


def test_a_machine_is_given_away_with_its_disks(
    cloud: Cloud, colleague: tuple[Account, ApiClient], refusal: Callable[..., ApiError]
) -> None:
    account, client = colleague
    cloud.run(cloud.api.call("createAffinityGroup", name="g", type="host anti-affinity"))
    vm = stopped(cloud, diskofferingid=cloud.disk_offering.uuid, group="web", affinitygroupnames="g")
    cloud.run(
        cloud.api.call(
            "createTags", resourceids=vm["id"], resourcetype="UserVm", **{"tags[0].key": "a", "tags[0].value": "b"}
        )
    )
    whom = {"account": "colleague", "domainid": account.domain.uuid}
    assert refusal(cloud.api, "assignVirtualMachine", virtualmachineid=vm["id"], **whom).code == 432
    shown = cloud.sales_admin.call("assignVirtualMachine", virtualmachineid=vm["id"], **whom)["virtualmachine"]
    assert shown["account"] == "colleague" and shown["affinitygroup"] == [] and "group" not in shown
    assert cloud.api.items("listVirtualMachines") == [] == cloud.api.items("listVolumes")
    assert [row["id"] for row in client.items("listVirtualMachines")] == [vm["id"]]
    assert len(client.items("listVolumes")) == 2 and len(client.items("listTags")) == 1
    assert counted(cloud.account, ResourceType.USER_VM) == counted(cloud.account, ResourceType.VOLUME) == 0
    assert counted(account, ResourceType.USER_VM) == 1 and counted(account, ResourceType.VOLUME) == 2
    assert cloud.run(client.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    check_invariants()


def test_old_jobs_do_not_show_what_became_of_a_machine_that_was_given_away(
    cloud: Cloud, colleague: tuple[Account, ApiClient]
) -> None:
    account = colleague[0]
    vm = cloud.machine()
    job = cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True)
    cloud.ended(job)

    def shown() -> dict[str, Any]:
        return cloud.api.call("queryAsyncJobResult", jobid=job["jobid"])["jobresult"]

    assert shown()["virtualmachine"]["id"] == vm["id"]
    whom = {"account": "colleague", "domainid": account.domain.uuid}
    cloud.sales_admin.call("assignVirtualMachine", virtualmachineid=vm["id"], **whom)
    assert shown() == {"success": True}
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    assert not VirtualMachine.objects.exists()
    assert shown() == {"success": True}


def test_cards_leave_networks_that_the_new_owner_may_not_use(
    cloud: Cloud, colleague: tuple[Account, ApiClient], refusal: Callable[..., ApiError]
) -> None:
    account, _ = colleague
    offering = cloud.admin.items("listNetworkOfferings", name="DefaultIsolatedNetworkOffering")[0]["id"]
    own = cloud.api.call("createNetwork", name="own", zoneid=cloud.zone.uuid, networkofferingid=offering)["network"]
    vm = cloud.run(cloud.deploy(networkids=own["id"], startvm=False))
    whom = {"account": "colleague", "domainid": account.domain.uuid}
    error = refusal(cloud.sales_admin, "assignVirtualMachine", virtualmachineid=vm["id"], networkids=own["id"], **whom)
    assert error.code == 431 and "may not use network" in error.text
    shown = cloud.sales_admin.call("assignVirtualMachine", virtualmachineid=vm["id"], **whom)["virtualmachine"]
    assert [card["networkid"] for card in shown["nic"]] == [str(cloud.network.uuid)]
    assert Nic.objects.filter(vm__uuid=vm["id"]).count() == 1
    check_invariants()


def test_what_stands_against_giving_a_machine_away(
    cloud: Cloud, colleague: tuple[Account, ApiClient], refusal: Callable[..., ApiError]
) -> None:
    account, _ = colleague
    vm = cloud.machine()
    whom = {"account": "colleague", "domainid": account.domain.uuid}
    assert "Running" in refusal(cloud.admin, "assignVirtualMachine", virtualmachineid=vm["id"], **whom).text
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    assert refusal(cloud.admin, "assignVirtualMachine", virtualmachineid=vm["id"]).code == 431
    mine = {"account": "seller", "domainid": account.domain.uuid}
    assert "already" in refusal(cloud.admin, "assignVirtualMachine", virtualmachineid=vm["id"], **mine).text
    foreign = {"account": "lawyer", "domainid": cloud.lawyer_account.domain.uuid}
    assert refusal(cloud.sales_admin, "assignVirtualMachine", virtualmachineid=vm["id"], **foreign).code == 431
    ResourceLimit.objects.create(account=account, type=ResourceType.USER_VM, max=0)
    assert refusal(cloud.admin, "assignVirtualMachine", virtualmachineid=vm["id"], **whom).code == 535
    assert cloud.row(vm).account == cloud.account and counted(cloud.account, ResourceType.USER_VM) == 1
    check_invariants()


# -- the rest


def test_data_disks_go_with_their_machine_when_they_are_named(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    more = {
        "datadisksdetails[0].diskofferingid": cloud.disk_offering.uuid,
        "datadisksdetails[1].diskofferingid": cloud.disk_offering.uuid,
        "datadisksdetails[1].deviceid": 7,
        "datadisksdetails[2].diskofferingid": cloud.disk_offering.uuid,
    }
    vm = cloud.machine(**more)
    disks = {row["deviceid"]: row for row in cloud.api.items("listVolumes", virtualmachineid=vm["id"])}
    assert sorted(disks) == [0, 1, 2, 7]
    error = refusal(cloud.api, "destroyVirtualMachine", id=vm["id"], volumeids=disks[0]["id"])
    assert error.code == 431 and "no data disk" in error.text
    cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"], volumeids=disks[1]["id"]))
    assert Volume.objects.get(uuid=disks[1]["id"]).state == VolumeState.DESTROY
    check_invariants()
    answer = cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True, volumeids=disks[7]["id"])
    assert cloud.ended(answer)["jobstatus"] == 1
    assert not Volume.objects.filter(uuid=disks[7]["id"]).exists()
    assert Volume.objects.get(uuid=disks[2]["id"]).state == VolumeState.READY
    check_invariants()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"deviceid": 3}, "deviceid"),
        ({"deviceid": "x"}, "whole number"),
        ({"size": 7}, "fixes the size"),
        ({"colour": "red"}, "not colour"),
    ],
)
def test_a_wrong_data_disk_is_refused(cloud: Cloud, wrong: dict[str, Any], words: str) -> None:
    entry = {"diskofferingid": cloud.disk_offering.uuid, **wrong}
    with pytest.raises(ApiError, match=words):
        cloud.deploy(**{f"datadisksdetails[0].{name}": value for name, value in entry.items()})
    assert not VirtualMachine.all_objects.exists() and not AsyncJob.objects.filter(name="compute.vm.deploy").exists()


def test_another_kind_of_root_disk_and_an_own_uuid(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    kind = DiskOffering.objects.create(name="fast", size_gib=8)
    vm = cloud.run(cloud.deploy(api=cloud.admin, overridediskofferingid=kind.uuid, customid=NOBODY))
    assert vm["id"] == NOBODY and root_of(vm).disk_offering == kind and root_of(vm).size_bytes == 8 * 2**30
    with pytest.raises(ApiError, match="is, or was, a machine"):
        cloud.deploy(api=cloud.admin, customid=NOBODY)
    other = cloud.run(cloud.deploy(customid=NOBODY.replace("4000", "4001")))
    assert other["id"] != NOBODY.replace("4000", "4001"), "from others than root admins it is ignored"


def test_stale_promises_are_released(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm, running = stopped(cloud), cloud.machine()
    away = next(host for host in cloud.hosts if host.pk != cloud.row(running).host_id)
    for holder in (vm, running):
        capacity.reserve(host=away, holder_uuid=holder["id"], cpu_mhz=500, memory_mib=512)
    assert refusal(cloud.api, "cleanVMReservations").code == 432
    assert cloud.ended(cloud.admin.call("cleanVMReservations"))["jobresult"] == {"success": True}
    assert CapacityReservation.objects.count() == 1
    run_jobs()
    check_invariants()


def test_the_last_host_is_not_preferred_when_it_is_not_to_be(cloud: Cloud) -> None:
    cloud.admin.call("updateConfiguration", name="vm.allocation.algorithm", value="spread")
    vm = cloud.machine()
    home = cloud.row(vm).host
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    crowd = service_offering("crowd", memory_mib=2048)
    cloud.run(cloud.deploy(api=cloud.admin, hostid=home.uuid, serviceofferingid=crowd.uuid))
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"], considerlasthost=False))
    assert cloud.row(vm).host != home


def test_the_hypervisor_is_told_how_to_drive_a_machine(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(
        cloud.deploy(
            startvm=False, keyboard="uk", iothreadsenabled=True, iodriverpolicy="io_uring", nicmultiqueuenumber=-1,
            nicpackedvirtqueuesenabled=True, boottype="bios", bootmode="legacy",
        )
    )  # fmt: skip
    assert cloud.row(vm).details == {
        "keyboard": "uk", "iothreads": "true", "io.policy": "io_uring", "nic.multiqueue.number": "-1",
        "nic.packed.virtqueues.enabled": "true",
    }  # fmt: skip
    for wrong in (
        {"boottype": "UEFI"}, {"bootmode": "SECURE"}, {"bootintosetup": True}, {"keyboard": "xx"},
        {"iodriverpolicy": "fast"}, {"nicmultiqueuenumber": 0}, {"nicmultiqueuenumber": 1000},
    ):  # fmt: skip
        with pytest.raises(ApiError) as caught:
            cloud.deploy(**wrong)
        assert caught.value.code == 431 and next(iter(wrong)) in caught.value.text
    assert VirtualMachine.all_objects.count() == 1


def test_a_machine_gets_the_tags_of_its_template(cloud: Cloud) -> None:
    cloud.run(
        cloud.admin.call(
            "createTags", resourceids=cloud.template.uuid, resourcetype="Template",
            **{"tags[0].key": "os", "tags[0].value": "linux"},
        )
    )  # fmt: skip
    vm = cloud.run(cloud.deploy(startvm=False, copyimagetags=True))
    assert [(tag["key"], tag["value"], tag["account"]) for tag in vm["tags"]] == [("os", "linux", "seller")]
    assert cloud.run(cloud.deploy(startvm=False))["tags"] == []
