"""Every placement leaves a record: where the machine went, what was thought of each host, and what was refused."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.compute.factories import service_offering
from apps.compute.models import VirtualMachine, VirtualMachinePlacement
from apps.compute.scheduled import even_out, forget_placements
from apps.compute.selectors.placements import why_here
from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

LIST = "listVirtualMachinePlacements"


def deployed(cloud: SimulatedCloud, **more: Any) -> VirtualMachine:
    answer = cloud.deploy(cloud.admin if "hostid" in more else None, **more)
    run_jobs()
    return VirtualMachine.objects.get(uuid=answer["id"])


def configured(cloud: SimulatedCloud, name: str, value: Any) -> None:
    cloud.admin.call("updateConfiguration", name=name, value=value)
    store.forget()


def test_a_deployment_tells_of_each_host(cloud: SimulatedCloud) -> None:
    Host.objects.filter(pk=cloud.hosts[2].pk).update(status=HostStatus.ALERT)
    vm = deployed(cloud, name="web-1")
    assert vm.host is not None
    [told] = cloud.admin.items(LIST, virtualmachineid=vm.uuid)
    assert (told["purpose"], told["hostid"], told["hostname"]) == ("deploy", str(vm.host.uuid), vm.host.name)
    assert (told["considered"], told["possible"]) == (4, 3)
    assert told["refusedby"] == [{"filter": "connection", "hosts": 1}]
    assert told["wanted"]["memory"] == vm.memory_mib and told["onlyemptiest"] is False
    assert told["summary"] == f"{vm.host.name} has most points of 3 hosts that fit; 1 were refused"
    first, second, _, last = told["hosts"]
    assert (first["verdict"], first["id"]) == ("chosen", str(vm.host.uuid))
    assert second["verdict"] == "possible" and first["total"] >= second["total"] > 0
    assert abs(sum(one["points"] for one in first["weighers"]) - first["total"]) < 0.01
    assert {one["weigher"] for one in first["weighers"]} >= {"free memory", "last host", "dedication"}
    assert last == {
        "id": str(cloud.hosts[2].uuid),
        "name": cloud.hosts[2].name,
        "verdict": "refused",
        "filter": "connection",
        "reason": "not connected (Alert)",
    }
    assert cloud.admin.items(LIST, jobid=told["jobid"]) == cloud.admin.items(LIST, id=told["id"]) == [told]
    assert cloud.admin.items(LIST, purpose="migrate") == []
    # XML has no tag with a space in it, and the weigher's name has one.
    xml = cloud.admin.send(LIST, response="xml").content.decode()
    assert "<weigher>free memory</weigher>" in xml


def test_a_placement_that_found_nothing_is_on_record(cloud: SimulatedCloud) -> None:
    answer = cloud.deploy(cloud.admin, serviceofferingid=service_offering("huge", memory_mib=10_000_000).uuid)
    run_jobs()
    [told] = cloud.admin.items(LIST, jobid=answer["jobid"])
    assert "hostid" not in told and "hostname" not in told and told["possible"] == 0
    assert told["refusedby"] == [{"filter": "room", "hosts": 4}]
    assert {one["verdict"] for one in told["hosts"]} == {"refused"}
    assert "10000000 needed" in told["hosts"][0]["reason"]
    assert told["summary"].startswith("none of 4 Simulator hosts can take a machine")


def test_moves_say_what_they_were_for(cloud: SimulatedCloud) -> None:
    vm = deployed(cloud)
    source = vm.host
    assert source is not None
    cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm.uuid)
    run_jobs()
    vm.refresh_from_db()
    target = vm.host
    assert target is not None and target != source
    moved = why_here(vm)
    assert moved is not None and (moved.purpose, moved.host) == ("migrate", target)
    assert moved.summary == f"{target.name} is the only one of 2 hosts that fits"
    cloud.admin.call("prepareHostForMaintenance", id=target.uuid)
    run_jobs()
    vm.refresh_from_db()
    assert vm.host == source
    back = why_here(vm)
    assert back is not None and back.purpose == "evacuate"
    cloud.admin.call("stopVirtualMachine", id=vm.uuid)
    run_jobs()
    cloud.admin.call("startVirtualMachine", id=vm.uuid, hostid=source.uuid)
    run_jobs()
    started = VirtualMachinePlacement.objects.filter(vm=vm).latest("pk")
    assert (started.purpose, started.summary) == ("start", f"{source.name} was asked for, and it fits")
    assert started.wanted["hostid"] == str(source.uuid)


def test_evening_out_is_named(cloud: SimulatedCloud) -> None:
    for _ in range(4):
        cloud.deploy(cloud.admin, hostid=cloud.hosts[0].uuid)
    run_jobs()
    configured(cloud, "drs.automatic.enable", "true")
    even_out()
    run_jobs()
    assert VirtualMachinePlacement.objects.filter(purpose="drs").count() == 2


def test_only_some_hosts_are_told_in_detail(cloud: SimulatedCloud) -> None:
    configured(cloud, "vm.placement.record.hosts", 2)
    Host.objects.filter(pk=cloud.hosts[2].pk).update(status=HostStatus.ALERT)
    vm = deployed(cloud)
    [told] = cloud.admin.items(LIST, virtualmachineid=vm.uuid)
    assert [one["verdict"] for one in told["hosts"]] == ["chosen", "refused"]
    assert (told["considered"], told["possible"], told["refusedby"][0]["hosts"]) == (4, 3, 1)


def test_a_record_costs_one_statement_and_a_plan_leaves_none(cloud: SimulatedCloud) -> None:
    cloud.deploy()
    with CaptureQueriesContext(connection) as captured:
        run_jobs()
    about = [row["sql"] for row in captured if "virtualmachineplacement" in row["sql"]]
    assert len(about) == 1 and about[0].startswith("INSERT")
    before = VirtualMachinePlacement.objects.count()
    cloud.admin.call("deployVirtualMachine", plan=True, zoneid=cloud.zone.uuid, templateid=cloud.template.uuid,
                     serviceofferingid=cloud.offering.uuid, networkids=cloud.network.uuid)  # fmt: skip
    assert VirtualMachinePlacement.objects.count() == before


def test_old_records_are_forgotten(cloud: SimulatedCloud) -> None:
    vm, other = deployed(cloud), deployed(cloud)
    first = VirtualMachinePlacement.objects.get(vm=vm)
    fields = {"vm": vm, "job_uuid": first.job_uuid, "purpose": "start", "summary": "x", "algorithm": "random"}
    for _ in range(4):
        VirtualMachinePlacement.objects.create(**fields)
    configured(cloud, "vm.placement.records.kept", 3)
    newest = list(VirtualMachinePlacement.objects.filter(vm=vm).order_by("-pk").values_list("pk", flat=True)[:3])
    assert forget_placements() == 2
    assert list(VirtualMachinePlacement.objects.filter(vm=vm).order_by("-pk").values_list("pk", flat=True)) == newest
    VirtualMachinePlacement.objects.filter(vm=other).update(created=timezone.now() - timedelta(days=91))
    assert forget_placements() == 1
    assert not VirtualMachinePlacement.objects.filter(vm=other).exists()


def test_tenants_do_not_read_placements(cloud: SimulatedCloud) -> None:
    deployed(cloud)
    try:
        cloud.api.call(LIST)
    except ApiError as refused:
        assert refused.code in (401, 432)
    else:
        raise AssertionError("a tenant read where machines go")
    assert AsyncJob.objects.exists()
