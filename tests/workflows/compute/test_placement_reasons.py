"""Why no host was found: in full for root admins, without names for tenants."""

from apps.compute.factories import service_offering
from apps.storage.models import StoragePool
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, check_invariants


def test_refusals_name_hosts_to_root_admins_only(cloud: SimulatedCloud) -> None:
    huge = service_offering("huge", memory_mib=10_000_000)
    answer = cloud.deploy(cloud.admin, serviceofferingid=huge.uuid)
    run_jobs()
    root = AsyncJob.objects.get(uuid=answer["jobid"])
    assert "simulator-host-1" in root.error_text
    assert "MiB free, 10000000 needed" in root.error_text


def test_tenants_learn_the_size_only(cloud: SimulatedCloud) -> None:
    crowded = service_offering("crowded", memory_mib=40_000, cpus=30, cpu_mhz=2000)
    answer = cloud.deploy(serviceofferingid=crowded.uuid)
    run_jobs()
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert job.status == AsyncJob.Status.FAILED
    assert "30 × 2000 MHz" in job.error_text
    assert "simulator-host" not in job.error_text
    assert any("simulator-host" in line.text for line in job.log_lines.all())
    check_invariants()


def test_owners_do_not_learn_names_from_what_a_root_admin_asked_for(cloud: SimulatedCloud) -> None:
    crowded = service_offering("crowded", memory_mib=40_000, cpus=30, cpu_mhz=2000)
    answer = cloud.deploy(serviceofferingid=crowded.uuid, startvm=False)
    run_jobs()
    started = cloud.admin.call("startVirtualMachine", id=answer["id"])
    run_jobs()
    seen = cloud.api.call("queryAsyncJobResult", jobid=started["jobid"])
    assert seen["jobresultcode"] == 533
    assert "simulator-host" not in str(seen)
    assert "simulator-host" not in str(cloud.api.items("listEvents", pagesize=100, page=1))


def test_owners_do_not_learn_where_their_machines_move(cloud: SimulatedCloud) -> None:
    answer = cloud.deploy()
    run_jobs()
    for host in cloud.hosts:
        if cloud.api.items("listVirtualMachines", id=answer["id"])[0]["state"] == "Running":
            try:
                cloud.admin.call("migrateVirtualMachine", virtualmachineid=answer["id"], hostid=host.uuid)
            except ApiError:
                continue
            run_jobs()
    events = cloud.api.items("listEvents", pagesize=100, page=1)
    assert any(event["type"] == "VM.MIGRATE" for event in events)
    assert "simulator-host" not in str(events)


def test_owners_do_not_learn_names_of_pools(cloud: SimulatedCloud) -> None:
    answer = cloud.deploy()
    run_jobs()
    StoragePool.objects.update(capacity_bytes=1)
    wanted = {"zoneid": cloud.zone.uuid, "diskofferingid": cloud.disk_offering.uuid}
    disk = cloud.api.call("createVolume", name="data", **wanted)
    run_jobs()
    attached = cloud.api.call("attachVolume", id=disk["id"], virtualmachineid=answer["id"])
    run_jobs()
    seen = cloud.api.call("queryAsyncJobResult", jobid=attached["jobid"])
    assert seen["jobresultcode"] == 533
    assert not any(name in str(seen) for name in StoragePool.objects.values_list("name", flat=True))
    assert "simulator-host" not in str(seen)
