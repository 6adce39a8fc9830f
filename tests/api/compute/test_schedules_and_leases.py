"""What is done with machines at set times, and when their time is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.compute.models import VirtualMachine, VmSchedule
from apps.compute.scheduled import end_leases, run_schedules, warn_of_ending_leases
from apps.compute.services.schedules import run_due
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import check_invariants

from .conftest import NOBODY, Cloud

DAILY = {"schedule": "0 8 * * *", "timezone": "Europe/Zurich"}


def schedule(cloud: Cloud, vm: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = cloud.api.call("createVMSchedule", virtualmachineid=vm["id"], **{**DAILY, **more})
    return made["vmschedule"]


def make_due(made: dict[str, Any], ago: timedelta = timedelta(seconds=5)) -> None:
    VmSchedule.objects.filter(uuid=made["id"]).update(next_run=timezone.now() - ago)


def event_types(cloud: Cloud, vm: dict[str, Any]) -> set[str]:
    return {row["type"] for row in cloud.admin.items("listEvents", resourceid=vm["id"], listall=True)}


def test_schedules_are_made_changed_listed_and_deleted(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    made = schedule(cloud, vm, action="stop", description="over night", enddate="2099-01-01")
    assert (made["virtualmachineid"], made["schedule"], made["timezone"]) == (vm["id"], "0 8 * * *", "Europe/Zurich")
    assert (made["action"], made["enabled"], made["description"]) == ("STOP", True, "over night")
    assert made["enddate"].startswith("2099-01-01")
    [listed] = cloud.api.items("listVMSchedule", virtualmachineid=vm["id"], action="STOP", enabled=True)
    assert listed == made
    assert cloud.api.items("listVMSchedule", virtualmachineid=vm["id"], action="START") == []
    changed = cloud.api.call("updateVMSchedule", id=made["id"], schedule="*/5 * * * *", enabled=False)["vmschedule"]
    assert (changed["schedule"], changed["enabled"]) == ("*/5 * * * *", False)
    assert VmSchedule.objects.get().next_run is None
    cloud.api.call("updateVMSchedule", id=made["id"], enabled=True)
    assert VmSchedule.objects.get().next_run is not None
    for command, more in (
        ("updateVMSchedule", {"id": made["id"], "enabled": False}),
        ("listVMSchedule", {"virtualmachineid": vm["id"]}),
        ("deleteVMSchedule", {"virtualmachineid": vm["id"], "id": made["id"]}),
        ("createVMSchedule", {"virtualmachineid": vm["id"], "action": "STOP", **DAILY}),
    ):
        assert refusal(cloud.lawyer, command, **more).code == 431
    other = cloud.run(cloud.deploy(startvm=False))
    error = refusal(cloud.api, "deleteVMSchedule", virtualmachineid=other["id"], ids=made["id"])
    assert error.code == 431 and "not one of machine" in error.text
    assert refusal(cloud.api, "deleteVMSchedule", virtualmachineid=vm["id"]).code == 431
    cloud.api.call("deleteVMSchedule", virtualmachineid=vm["id"], ids=made["id"])
    assert cloud.api.items("listVMSchedule", virtualmachineid=vm["id"]) == []


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"schedule": "0 25 * * *"}, "schedule"),
        ({"schedule": "daily"}, "schedule"),
        ({"schedule": "0 0 31 2 *"}, "schedule"),
        ({"timezone": "Europe/Bern"}, "timezone"),
        ({"action": "PAUSE"}, "action"),
        ({"startdate": "2020-01-01"}, "startdate"),
        ({"enddate": "2020-01-01"}, "enddate"),
        ({"startdate": "2098-01-01", "enddate": "2097-01-01"}, "enddate"),
        ({"virtualmachineid": NOBODY}, "virtualmachineid"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_named(
    cloud: Cloud, refusal: Callable[..., ApiError], wrong: dict[str, str], parameter: str
) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    error = refusal(cloud.api, "createVMSchedule", **{"virtualmachineid": vm["id"], "action": "STOP", **DAILY, **wrong})
    assert error.code == 431 and parameter in error.text
    assert not VmSchedule.objects.exists()


def test_what_is_due_is_done_once(cloud: Cloud) -> None:
    vm = cloud.machine()
    for action, state in (
        ("STOP", "Stopped"),
        ("START", "Running"),
        ("FORCE_REBOOT", "Running"),
        ("FORCE_STOP", "Stopped"),
    ):
        made = schedule(cloud, vm, action=action)
        run_schedules()
        assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists(), "nothing is due yet"
        make_due(made)
        assert len(run_due()) == 1 and run_due() == []
        run_jobs()
        assert cloud.row(vm).state == state, action
        assert VmSchedule.objects.get(uuid=made["id"]).next_run > timezone.now()
    assert {"VM.SCHEDULE.STOP", "VM.SCHEDULE.START", "VM.SCHEDULE.FORCE.REBOOT"} <= event_types(cloud, vm)
    check_invariants()


def test_what_cannot_be_done_or_is_too_late_is_left_out(cloud: Cloud) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    made = schedule(cloud, vm, action="STOP")
    make_due(made)
    assert run_due() == []
    [event] = [row for row in cloud.admin.items("listEvents", listall=True) if row["type"] == "VM.SCHEDULE.STOP"]
    assert event["level"] == "WARN" and "Stopped" in event["description"]
    start = schedule(cloud, vm, action="START")
    make_due(start, timedelta(hours=3))
    assert run_due() == [] and cloud.row(vm).state == "Stopped"
    ending = schedule(cloud, vm, action="START", schedule="0 0 1 1 *", enddate=timezone.now() + timedelta(days=400))
    VmSchedule.objects.filter(uuid=ending["id"]).update(end_date=timezone.now() + timedelta(hours=1))
    make_due(ending)
    assert len(run_due()) == 1
    assert VmSchedule.objects.get(uuid=ending["id"]).next_run is None, "the next time is after its end"
    run_jobs()
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    make_due(start)
    assert run_due() == []


def test_machines_of_a_disabled_account_stay_down(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    start = schedule(cloud, vm, action="START")
    account = cloud.account
    cloud.run(cloud.admin.call("disableAccount", account=account.name, domainid=account.domain.uuid, lock=False))
    make_due(start)
    assert run_due() == []
    refused = refusal(cloud.admin, "startVirtualMachine", id=vm["id"])
    assert refused.code == 531 and "is disabled: enable it first" in refused.text
    cloud.admin.call("enableAccount", account=account.name, domainid=account.domain.uuid)
    assert cloud.run(cloud.admin.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"


# -- leases


@pytest.fixture
def leasing(cloud: Cloud) -> Cloud:
    cloud.admin.call("updateConfiguration", name="instance.lease.enabled", value="true")
    return cloud


def over(vm: dict[str, Any]) -> None:
    VirtualMachine.objects.filter(uuid=vm["id"]).update(lease_expires=timezone.now() - timedelta(minutes=1))


def test_a_machine_whose_lease_is_over_is_stopped_or_destroyed(leasing: Cloud) -> None:
    cloud = leasing
    stays = cloud.machine(leaseduration=3)
    goes = cloud.machine(leaseduration=2, leaseexpiryaction="destroy")
    free = cloud.machine()
    assert (stays["leaseduration"], stays["leaseexpiryaction"]) == (3, "STOP") and "leaseexpirydate" in stays
    assert "leaseduration" not in free
    leased = {row["id"] for row in cloud.api.items("listVirtualMachines", leased=True)}
    assert leased == {stays["id"], goes["id"]}
    end_leases()
    assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
    over(stays)
    over(goes)
    end_leases()
    run_jobs()
    end_leases()
    run_jobs()
    states = [cloud.row(vm).state for vm in (stays, goes, free)]
    assert states == ["Stopped", "Destroyed", "Running"]
    assert "VM.LEASE.EXPIRED" in event_types(cloud, stays)
    assert cloud.api.items("listVirtualMachines", leased=True) == []
    assert cloud.run(cloud.api.call("startVirtualMachine", id=stays["id"]))["state"] == "Running"
    end_leases()
    run_jobs()
    assert cloud.row(stays).state == "Running", "a lease ends once"
    check_invariants()


def test_a_lease_is_renewed_and_taken_away(leasing: Cloud) -> None:
    cloud = leasing
    vm = cloud.run(cloud.deploy(startvm=False, leaseduration=1))
    warn_of_ending_leases()
    assert "VM.LEASE.EXPIRING" in event_types(cloud, vm)
    renewed = cloud.api.call("updateVirtualMachine", id=vm["id"], leaseduration=30, leaseexpiryaction="DESTROY")
    assert (renewed["virtualmachine"]["leaseduration"], renewed["virtualmachine"]["leaseexpiryaction"]) == (
        30,
        "DESTROY",
    )
    gone = cloud.api.call("updateVirtualMachine", id=vm["id"], leaseduration=-1)["virtualmachine"]
    assert not {"leaseduration", "leaseexpirydate", "leaseexpiryaction"} & set(gone)
    assert "VM.LEASE.CANCELLED" in event_types(cloud, vm)


def test_an_offering_brings_a_lease_along(leasing: Cloud) -> None:
    cloud = leasing
    made = cloud.admin.call(
        "createServiceOffering", name="short", cpunumber=1, cpuspeed=500, memory=512, leaseduration=5,
        leaseexpiryaction="DESTROY",
    )["serviceoffering"]  # fmt: skip
    assert (made["leaseduration"], made["leaseexpiryaction"]) == (5, "DESTROY")
    short = {"serviceofferingid": made["id"], "startvm": False}
    assert cloud.run(cloud.deploy(**short))["leaseduration"] == 5
    assert cloud.run(cloud.deploy(**short, leaseduration=1))["leaseduration"] == 1
    assert "leaseduration" not in cloud.run(cloud.deploy(**short, leaseduration=-1))


def test_wrong_leases_are_refused(leasing: Cloud, refusal: Callable[..., ApiError]) -> None:
    cloud = leasing
    vm = cloud.run(cloud.deploy(startvm=False))
    for wrong, parameter in (
        ({"leaseduration": 0}, "leaseduration"),
        ({"leaseduration": 99999}, "leaseduration"),
        ({"leaseexpiryaction": "STOP"}, "leaseduration"),
        ({"leaseduration": 3, "leaseexpiryaction": "SELL"}, "leaseexpiryaction"),
    ):
        error = refusal(cloud.api, "updateVirtualMachine", id=vm["id"], **wrong)
        assert error.code == 431 and parameter in error.text
        with pytest.raises(ApiError, match=parameter):
            cloud.deploy(**wrong)
    assert VirtualMachine.all_objects.count() == 1
    cloud.admin.call("updateConfiguration", name="instance.lease.enabled", value="false")
    assert "instance.lease.enabled" in refusal(cloud.api, "updateVirtualMachine", id=vm["id"], leaseduration=3).text
