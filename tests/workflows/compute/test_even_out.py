"""Evening out a cluster: the measure, the plan, its moves, and what keeps machines where they are."""

from typing import Any

import pytest

from apps.compute.models import ClusterDrsPlan, VirtualMachine
from apps.compute.scheduled import even_out
from apps.compute.states import VmState
from apps.infrastructure.models import Cluster, Host
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager, Scope
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def cloud() -> SimulatedCloud:
    store.forget()
    return build_cloud(hosts=2, clusters=1)


@pytest.fixture
def cluster(cloud: SimulatedCloud) -> Cluster:
    """Four machines on the first of its two hosts."""
    for _ in range(4):
        cloud.deploy(cloud.admin, hostid=cloud.hosts[0].uuid)
    run_jobs()
    found: Cluster = cloud.hosts[0].cluster
    return found


def counts(cloud: SimulatedCloud) -> list[int]:
    return [VirtualMachine.objects.filter(host=host, state=VmState.RUNNING).count() for host in cloud.hosts]


def executed(cloud: SimulatedCloud, cluster: Cluster, **more: Any) -> dict[str, Any]:
    answer = cloud.admin.call("executeClusterDrsPlan", id=cluster.uuid, **more)
    run_jobs()
    job = cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert job["jobstatus"] == 1, job
    plan: dict[str, Any] = job["jobresult"]["drsPlan"]
    return plan


def test_a_plan_names_the_moves_and_moves_nothing(cloud: SimulatedCloud, cluster: Cluster) -> None:
    [before] = cloud.admin.items("listClustersMetrics", id=cluster.uuid)
    assert before["drsimbalance"] == "100.00%"
    plan = cloud.admin.call("generateClusterDrsPlan", id=cluster.uuid)["drsPlan"]
    assert (plan["status"], plan["type"], plan["imbalance"]) == ("UNDER_REVIEW", "MANUAL", 1.0)
    assert plan["expectedimbalance"] == 0.0 and len(plan["migrations"]) == 2
    for move in plan["migrations"]:
        assert move["sourcehostid"] == str(cloud.hosts[0].uuid)
        assert move["destinationhostname"] == cloud.hosts[1].name and "jobid" not in move
    assert counts(cloud) == [4, 0]
    assert cloud.admin.items("listClusterDrsPlan", clusterid=cluster.uuid) == [plan]
    assert cloud.admin.items("listEvents", type="CLUSTER.DRS.GENERATE")[0]["id"] == plan["eventid"]
    assert len(cloud.admin.call("generateClusterDrsPlan", id=cluster.uuid, migrations=1)["drsPlan"]["migrations"]) == 1


def test_moves_that_were_looked_at_are_carried_out(cloud: SimulatedCloud, cluster: Cluster) -> None:
    plan = cloud.admin.call("generateClusterDrsPlan", id=cluster.uuid)["drsPlan"]
    wanted = [{"vm": move["virtualmachineid"], "host": move["destinationhostid"]} for move in plan["migrations"]]
    done = executed(cloud, cluster, migrateto=wanted)
    assert done["status"] == "COMPLETED" and {move["outcome"] for move in done["migrations"]} == {"done"}
    assert counts(cloud) == [2, 2]
    [after] = cloud.admin.items("listClustersMetrics", id=cluster.uuid)
    assert after["drsimbalance"] == "0.00%"
    check_invariants()
    assert executed(cloud, cluster)["migrations"] == []


def test_a_move_that_fails_is_noted_and_the_others_are_made(cloud: SimulatedCloud, cluster: Cluster) -> None:
    world.inject("migrate", "fault:no way")
    done = executed(cloud, cluster)
    outcomes = [move["outcome"] for move in done["migrations"]]
    assert done["status"] == "COMPLETED" and "done" in outcomes
    assert any("no way" in outcome for outcome in outcomes)
    assert counts(cloud) == [3, 1]
    check_invariants()


def test_placement_has_the_last_word(cloud: SimulatedCloud, cluster: Cluster) -> None:
    Host.objects.filter(pk=cloud.hosts[1].pk).update(hypervisor="Simulator", tags="")
    cloud.offering.host_tags = "big"
    cloud.offering.save()
    Host.objects.filter(pk=cloud.hosts[0].pk).update(tags="big")
    assert cloud.admin.call("generateClusterDrsPlan", id=cluster.uuid)["drsPlan"]["migrations"] == []


def test_a_cluster_that_is_even_enough_is_left_alone(cloud: SimulatedCloud, cluster: Cluster) -> None:
    ConfigurationManager().update(
        caller=cloud.root, name="drs.imbalance", value="1.5", scope=Scope.CLUSTER, scope_uuid=cluster.uuid
    )
    assert cloud.admin.call("generateClusterDrsPlan", id=cluster.uuid)["drsPlan"]["migrations"] == []


def test_the_platform_evens_out_by_itself_where_it_may(cloud: SimulatedCloud, cluster: Cluster) -> None:
    even_out()
    assert not ClusterDrsPlan.objects.exists()
    ConfigurationManager().update(
        caller=cloud.root, name="drs.automatic.enable", value="true", scope=Scope.CLUSTER, scope_uuid=cluster.uuid
    )
    even_out()
    run_jobs()
    assert counts(cloud) == [2, 2]
    even_out()
    assert ClusterDrsPlan.objects.get().type == "AUTOMATED"
    check_invariants()


@pytest.mark.parametrize("wrong", ["stranger", "same host", "no host", "no machine"])
def test_bad_moves_are_refused_and_leave_nothing(cloud: SimulatedCloud, cluster: Cluster, wrong: str) -> None:
    vm = VirtualMachine.objects.first()
    assert vm is not None
    entry = {"vm": str(vm.uuid), "host": str(cloud.hosts[1].uuid)}
    entry |= {
        "stranger": {"host": str(vm.uuid)},
        "same host": {"host": str(cloud.hosts[0].uuid)},
        "no host": {"host": ""},
        "no machine": {"vm": str(cloud.zone.uuid)},
    }[wrong]
    jobs = AsyncJob.objects.count()
    with pytest.raises(ApiError) as refused:
        cloud.admin.call("executeClusterDrsPlan", id=cluster.uuid, migrateto=[entry])
    assert refused.value.code == 431
    assert not ClusterDrsPlan.objects.exists() and AsyncJob.objects.count() == jobs
    with pytest.raises(ApiError) as refused:
        cloud.api.call("executeClusterDrsPlan", id=cluster.uuid)
    assert refused.value.code == 432


def test_two_plans_are_not_carried_out_at_once(cloud: SimulatedCloud, cluster: Cluster) -> None:
    cloud.admin.call("executeClusterDrsPlan", id=cluster.uuid)
    with pytest.raises(ApiError, match="already"):
        cloud.admin.call("executeClusterDrsPlan", id=cluster.uuid)
    run_jobs()
    check_invariants()


@pytest.mark.slow
def test_evening_out_survives_a_crash_anywhere(cloud: SimulatedCloud, cluster: Cluster) -> None:
    def operation() -> AsyncJob:
        full = cloud.hosts[0]
        for vm in VirtualMachine.objects.exclude(host=full):
            cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm.uuid, hostid=full.uuid)
        run_jobs()
        answer = cloud.admin.call("executeClusterDrsPlan", id=cluster.uuid)
        return AsyncJob.objects.get(uuid=answer["jobid"])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert counts(cloud) == [2, 2], point
        check_invariants()

    crash_everywhere(operation, check, every=8)
