"""``plan=true``: what a plan says is what then happens in the simulator, whatever came before."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import ResourceCount, ResourceType
from apps.accounts.services.limit_rules import in_wire_unit
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from apps.storage.models import Volume
from cloudstack.framework.configuration import store
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob, JobLog, JobStep
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants


@pytest.fixture
def cloud(db: None) -> SimulatedCloud:
    forget_rules()
    store.forget()
    built = build_cloud(hosts=3, clusters=1)
    # With the default a little chance decides among hosts that are equally good, and no plan can foretell it.
    built.admin.call("updateConfiguration", name="vm.allocation.algorithm", value="spread")
    return built


def everything() -> tuple[Any, ...]:
    """What must be the same after a plan: rows of jobs, events, machines, disks, and all counters."""
    return (
        *(model.objects.count() for model in (AsyncJob, JobStep, JobLog, Event)),
        sorted(VirtualMachine.all_objects.values_list("uuid", "state", "host", "removed")),
        sorted(Volume.all_objects.values_list("uuid", "state", "size_bytes", "pool", "removed")),
        sorted(ResourceCount.objects.values_list("pk", "count")),
    )


def counted(entry: dict[str, Any]) -> int:
    kind = ResourceType(int(entry["resourcetype"]))
    owner = {f"{entry['owner']}__uuid": entry["id"]}
    return in_wire_unit(kind, ResourceCount.objects.get(type=kind, **owner).count)


def plan_then_do(api: ApiClient, admin: ApiClient, command: str, **params: Any) -> dict[str, Any] | None:
    """Plan a call, carry it out, and compare. Answers what the call gave, None when it was refused."""
    before = everything()
    try:
        plan = api.call(command, plan=True, **params)["plan"]
    except ApiError as refused:
        assert everything() == before
        with pytest.raises(ApiError) as meant:
            api.call(command, **params)
        assert (meant.value.code, meant.value.text) == (refused.code, refused.text)
        return None
    assert everything() == before
    all_counters = dict(ResourceCount.objects.values_list("pk", "count"))
    answer = api.call(command, **params)
    run_jobs()
    [planned] = plan["jobs"]
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert (job.status == AsyncJob.Status.SUCCEEDED) == plan["succeeds"], (plan, job.error_text)
    if plan["succeeds"]:
        assert [step["title"] for step in planned["steps"]] == list(job.steps.values_list("title", flat=True))
        for entry in plan["quota"]:
            assert counted(entry) == entry["after"], entry
        named = {entry["id"] for entry in plan["quota"]}
        moved = [
            pk for pk, count in ResourceCount.objects.values_list("pk", "count") if all_counters.get(pk, 0) != count
        ]
        owners = ResourceCount.objects.filter(pk__in=moved, account__isnull=False).values_list(
            "account__uuid", flat=True
        )
        assert {str(owner) for owner in owners} <= named, "a counter moved of which the plan did not speak"
        for entry in plan["placement"]:
            if "hostname" in entry and command != "destroyVirtualMachine":
                assert (
                    VirtualMachine.objects.get(uuid=answer.get("id", entry["machineid"])).host.name == entry["hostname"]
                )
    else:
        assert planned["fails"]["errortext"] == job.error_text
    return answer


ACTIONS = st.lists(
    st.sampled_from(["deploy", "huge", "stop", "start", "destroy", "expunge", "recover", "migrate", "disk", "grow"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, data=st.data())
def test_what_a_plan_says_is_what_happens(cloud: SimulatedCloud, actions: list[str], data: st.DataObject) -> None:
    admin = cloud.admin
    place = {"zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "networkids": cloud.network.uuid}
    for action in actions:
        machines = [str(uuid) for uuid in VirtualMachine.objects.order_by("pk").values_list("uuid", flat=True)]
        volumes = [str(uuid) for uuid in Volume.objects.order_by("pk").values_list("uuid", flat=True)]
        match action:
            case "deploy":
                plan_then_do(admin, admin, "deployVirtualMachine", serviceofferingid=cloud.offering.uuid, **place)
            case "huge":
                disk = {"rootdisksize": data.draw(st.sampled_from([10, 5000, 60000]))}
                plan_then_do(
                    admin, admin, "deployVirtualMachine", serviceofferingid=cloud.offering.uuid, **place, **disk
                )
            case "disk":
                params = {"name": "d", "diskofferingid": cloud.disk_offering.uuid, "zoneid": cloud.zone.uuid}
                plan_then_do(admin, admin, "createVolume", **params)
            case "grow" if volumes:
                plan_then_do(admin, admin, "resizeVolume", id=data.draw(st.sampled_from(volumes)), size=30)
            case "grow" | "disk":
                continue
            case _ if machines:
                aim = data.draw(st.sampled_from(machines))
                if action == "migrate":
                    plan_then_do(admin, admin, "migrateVirtualMachine", virtualmachineid=aim)
                elif action == "recover":
                    continue
                elif action == "expunge":
                    plan_then_do(admin, admin, "destroyVirtualMachine", id=aim, expunge=True)
                else:
                    plan_then_do(admin, admin, f"{action}VirtualMachine", id=aim)
    check_invariants()


def test_a_plan_shows_reasons_quota_and_what_is_lost(cloud: SimulatedCloud) -> None:
    place = {"zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "networkids": cloud.network.uuid}
    closed = cloud.hosts[0]
    cloud.admin.call("updateHost", id=closed.uuid, allocationstate="Disable")
    plan = cloud.admin.call("deployVirtualMachine", serviceofferingid=cloud.offering.uuid, plan=True, **place)["plan"]
    [where] = plan["placement"]
    [refused] = where["refused"]
    assert refused["hostname"] == closed.name and "disabled" in refused["reason"]
    assert {where["hostname"], *where["alternatives"]} == {host.name for host in cloud.hosts[1:]}
    kinds = {entry["resourcetypename"]: entry for entry in plan["quota"] if entry["owner"] == "account"}
    assert (kinds["user_vm"]["before"], kinds["user_vm"]["after"]) == (0, 1)
    assert kinds["cpu"]["after"] == cloud.offering.cpus
    deployed = cloud.deploy(cloud.admin)
    run_jobs()
    plan = cloud.admin.call("destroyVirtualMachine", id=deployed["id"], expunge=True, plan=True)["plan"]
    assert any("root disk" in sentence for sentence in plan["cannotbeundone"])
    assert {entry["after"] for entry in plan["quota"] if entry["resourcetypename"] == "user_vm"} == {0}


def test_a_tenants_plan_names_no_host(cloud: SimulatedCloud) -> None:
    place = {"zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "networkids": cloud.network.uuid}
    plan = cloud.api.call("deployVirtualMachine", serviceofferingid=cloud.offering.uuid, plan=True, **place)["plan"]
    assert plan["succeeds"] and plan["placement"][0]["considered"] == len(cloud.hosts)
    for host in cloud.hosts:
        assert host.name not in str(plan) and str(host.uuid) not in str(plan)
    assert all(entry["owner"] == "account" for entry in plan["quota"])
