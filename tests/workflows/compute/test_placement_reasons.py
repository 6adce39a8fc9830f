"""Why no host was found: in full for root admins, without names for tenants."""

from apps.compute.factories import service_offering
from cloudstack.framework.jobs import AsyncJob
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
