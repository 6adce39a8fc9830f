"""A project with running machines: members work them, suspension stops them, deletion removes them."""

from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, join_project
from apps.accounts.models import Account, Project, ResourceCount, ResourceType
from apps.accounts.states import AccountState, ProjectState
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.network.models import Network, NetworkOffering
from apps.storage.models import Volume
from cloudstack.framework.jobs import AsyncJob, engine
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_job, run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud, check_invariants, client_of
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


def settle(answer: dict[str, Any]) -> AsyncJob:
    job = run_job(AsyncJob.objects.get(uuid=answer["jobid"]))
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    return job


def refusal(client: ApiClient, command: str, **params: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        client.call(command, **params)
    return refused.value


class Team:
    """A project of an account, with a regular member and one who may only look."""

    def __init__(self, cloud: SimulatedCloud, name: str = "apollo"):
        self.cloud = cloud
        self.domain = DomainFactory()
        owner, member, reader = (AccountFactory(domain=self.domain) for _ in range(3))
        self.owner, self.member, self.reader = client_of(owner), client_of(member), client_of(reader)
        settle(self.owner.call("createProject", name=name))
        self.member_name = member.name
        self.project = Project.objects.get(name=name)
        join_project(self.project, member)
        join_project(self.project, reader, allow="list* query*", deny="*")
        offering = NetworkOffering.objects.get(name="DefaultIsolatedNetworkOffering")
        self.where = {"projectid": self.project.uuid}
        self.network = self.owner.call(
            "createNetwork", name="ours", zoneid=cloud.zone.uuid, networkofferingid=offering.uuid, **self.where
        )["network"]

    def deploy(self, client: ApiClient, **params: Any) -> dict[str, Any]:
        return self.cloud.deploy(client, networkids=self.network["id"], **{**self.where, **params})

    def shown(self, client: ApiClient) -> dict[str, Any]:
        [project] = client.items("listProjects", id=self.project.uuid)
        return project


def test_members_work_machines_of_the_project_as_far_as_their_role_goes(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    assert (team.network["project"], "account" in team.network) == ("apollo", False)
    answer = team.deploy(team.member, name="web")
    settle(answer)
    vm = {"id": answer["id"]}
    [shown] = team.reader.items("listVirtualMachines", **team.where)
    assert (shown["id"], shown["project"], "account" in shown) == (vm["id"], "apollo", False)
    assert team.reader.items("listVirtualMachines", **vm)[0]["state"] == "Running"
    assert team.member.call("listVirtualMachines") == {}
    job = team.owner.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert job["jobresult"]["virtualmachine"]["projectid"] == str(team.project.uuid)

    for command, params in (
        ("stopVirtualMachine", vm),
        ("destroyVirtualMachine", vm),
        ("updateVirtualMachine", {**vm, "displayname": "mine"}),
        ("deleteNetwork", {"id": team.network["id"]}),
        ("createNetworkPermissions", {"networkid": team.network["id"]}),
    ):
        refused = refusal(team.reader, command, **params)
        assert (refused.code, "role in the project" in refused.text) == (531, True), command
    assert refusal(team.reader, "deployVirtualMachine", **_request(team)).code == 531
    settle(team.member.call("stopVirtualMachine", **vm))
    settle(team.owner.call("startVirtualMachine", **vm))

    figures = team.shown(team.reader)
    assert (figures["vmrunning"], figures["vmstopped"], figures["vmtotal"]) == (1, 0, 1)
    mine = ResourceCount.objects.filter(account=team.project.account, type=ResourceType.USER_VM)
    assert mine.get().count == 1
    assert {event["project"] for event in team.reader.items("listEvents", **team.where)} == {"apollo"}
    assert not any("project" in event for event in team.member.items("listEvents"))
    check_invariants()


def _request(team: Team) -> dict[str, Any]:
    cloud = team.cloud
    return {
        "zoneid": cloud.zone.uuid,
        "templateid": cloud.template.uuid,
        "serviceofferingid": cloud.offering.uuid,
        **team.where,
    }


def test_machines_of_a_project_find_networks_as_those_of_an_account_do(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    # Named none, the project's own; a network for the whole domain may be named.
    settle(team.member.call("deployVirtualMachine", **_request(team), name="own"))
    settle(cloud.deploy(team.member, **team.where, name="shared"))
    found = {vm["name"]: vm["nic"][0]["networkid"] for vm in team.owner.items("listVirtualMachines", **team.where)}
    assert found == {"own": team.network["id"], "shared": str(cloud.network.uuid)}
    listed = {one["id"] for one in team.reader.items("listNetworks", **team.where)}
    assert listed == {team.network["id"], str(cloud.network.uuid)}
    counted = cloud.admin.call("updateResourceCount", domainid=team.domain.uuid, resourcetype=0, **team.where)[
        "resourcecount"
    ]
    assert [(one["resourcecount"], one["project"]) for one in counted] == [(2, "apollo")]


def test_a_project_has_limits_of_its_own(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    assert refusal(team.owner, "updateResourceLimit", resourcetype=0, max=99, **team.where).code == 432
    cloud.admin.call("updateResourceLimit", resourcetype=0, max=1, **team.where)
    limits = team.member.items("listResourceLimits", resourcetype=0, **team.where)
    assert [(one["max"], one["project"], "account" in one) for one in limits] == [(1, "apollo", False)]
    plan = team.member.call("deployVirtualMachine", **_request(team), plan=True)["plan"]
    machines = [row for row in plan["quota"] if row["resourcetypename"] == "user_vm"]
    assert [(row["owner"], row["name"], row["before"], row["after"], row["limit"]) for row in machines] == [
        ("project", "apollo", 0, 1, 1)
    ]
    settle(team.deploy(team.member))
    refused = refusal(team.member, "deployVirtualMachine", networkids=team.network["id"], **_request(team))
    assert (refused.code, "project apollo" in refused.text) == (535, True)
    # What a member has by himself is counted by itself.
    settle(cloud.deploy(team.member))
    check_invariants()


def test_things_of_a_project_and_of_a_member_do_not_mix(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    answer = team.deploy(team.member)
    settle(answer)
    disk = {"zoneid": cloud.zone.uuid, "diskofferingid": cloud.disk_offering.uuid}
    own = team.member.call("createVolume", name="own", **disk)
    settle(own)
    refused = refusal(team.member, "attachVolume", id=own["id"], virtualmachineid=answer["id"])
    assert refused.code in (431, 531), refused.text
    ours = team.member.call("createVolume", name="ours", **disk, **team.where)
    settle(ours)
    settle(team.owner.call("attachVolume", id=ours["id"], virtualmachineid=answer["id"]))
    # A network of the project takes no machine of the member alone: without an owner it is the project's.
    asked = {**_request(team), "projectid": None, "networkids": team.network["id"]}
    himself = {"account": team.member_name, "domainid": team.domain.uuid}
    refused = refusal(team.member, "deployVirtualMachine", **asked, **himself)
    assert refused.code in (431, 531), refused.text
    theirs = team.member.call("deployVirtualMachine", **asked)
    settle(theirs)
    [shown] = team.member.items("listVirtualMachines", id=theirs["id"], **team.where)
    assert shown["projectid"] == str(team.project.uuid)
    check_invariants()


def test_a_suspended_project_stands_still_until_it_is_activated(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    machines = [team.deploy(team.member) for _ in range(2)]
    for answer in machines:
        settle(answer)
    neighbour = cloud.deploy(team.member)
    settle(neighbour)
    plan = team.owner.call("suspendProject", id=team.project.uuid, plan=True)["plan"]
    assert plan["jobs"][0]["steps"][0]["description"].startswith("stop 2 running machines")
    assert team.shown(team.owner)["state"] == "Active"

    settle(team.owner.call("suspendProject", id=team.project.uuid))

    figures = team.shown(team.owner)
    assert (figures["state"], figures["vmrunning"], figures["vmstopped"]) == ("Suspended", 0, 2)
    assert [str(machine.vm_uuid) for machine in world.machines()] == [neighbour["id"]]
    for client in (team.member, team.owner, cloud.admin):
        refused = refusal(client, "startVirtualMachine", id=machines[0]["id"])
        assert (refused.code, "Suspended" in refused.text) == (531, True)
    settle(team.owner.call("activateProject", id=team.project.uuid))
    settle(team.member.call("startVirtualMachine", id=machines[0]["id"]))
    check_invariants()


def test_what_does_not_stop_is_named_and_the_project_stays_suspended(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    for name in ("web", "db"):
        settle(team.deploy(team.member, name=name))
    fault = world.inject("stop", "fault:the guest is held", count=None)
    answer = team.owner.call("suspendProject", id=team.project.uuid)
    run_jobs()
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert job.status == AsyncJob.Status.FAILED and "machine web" in job.error_text, job.error_text
    assert team.shown(team.owner)["state"] == "Suspended"
    fault.delete()
    settle(team.owner.call("suspendProject", id=team.project.uuid))
    assert not world.machines().exists()


def test_a_project_goes_with_all_that_it_owns(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    settle(team.deploy(team.member, name="web"))
    own = cloud.deploy(team.member)
    settle(own)
    refused = refusal(team.owner, "deleteProject", id=team.project.uuid)
    assert (refused.code, "virtual machine (web)" in refused.text) == (536, True)

    settle(team.owner.call("deleteProject", id=team.project.uuid, cleanup=True))

    assert not Project.objects.exists()
    gone = Account.all_objects.get(pk=team.project.account_id)
    assert gone.removed is not None
    for model in (VirtualMachine, Volume, Network):
        assert not model.objects.filter(account=gone).exists()
    assert [str(machine.vm_uuid) for machine in world.machines()] == [own["id"]]
    assert set(ResourceCount.objects.filter(type=ResourceType.PROJECT).values_list("count", flat=True)) == {0}
    check_invariants()


def test_a_deletion_that_is_called_off_leaves_the_project_as_it_was(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    settle(team.deploy(team.member, name="web"))
    answer = team.owner.call("deleteProject", id=team.project.uuid, cleanup=True)
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    engine.run(job.pk)  # starts the machine's end and waits
    assert refusal(team.owner, "activateProject", id=team.project.uuid).code == 536
    AsyncJob.objects.filter(pk=job.pk).update(cancel_requested=True)
    run_jobs()
    job.refresh_from_db()
    team.project.refresh_from_db()
    assert job.status == AsyncJob.Status.CANCELLED
    assert (team.project.state, team.project.account.state) == (ProjectState.ACTIVE, AccountState.ENABLED)
    check_invariants()


def test_a_deletion_that_fails_is_asked_for_again(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    settle(team.deploy(team.member, name="web"))
    fault = world.inject("delete_volume", "fault:the disk is held", count=None)
    answer = team.owner.call("deleteProject", id=team.project.uuid, cleanup=True)
    run_jobs()
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert job.status == AsyncJob.Status.FAILED and "web" in job.error_text
    assert team.shown(team.owner)["state"] == "Disabled"
    assert refusal(team.member, "createSSHKeyPair", name="k", **team.where).code == 531
    fault.delete()
    settle(team.owner.call("deleteProject", id=team.project.uuid, cleanup=True))
    assert not Project.objects.exists()
    check_invariants()


@pytest.mark.slow
def test_a_worker_that_dies_while_a_project_is_suspended_leaves_nothing_running(cloud: SimulatedCloud) -> None:
    numbers = iter(range(1000))

    def suspend() -> tuple[Team, dict[str, Any]]:
        team = Team(cloud, name=f"apollo-{next(numbers)}")
        settle(team.deploy(team.member, name="web"))
        return team, team.owner.call("suspendProject", id=team.project.uuid)

    def check(answer: tuple[Team, dict[str, Any]], where: str) -> None:
        team, job = answer
        done = AsyncJob.objects.get(uuid=job["jobid"])
        assert done.status == AsyncJob.Status.SUCCEEDED, f"{where}: {done.error_text}"
        states = VirtualMachine.objects.filter(account=team.project.account).values_list("state", flat=True)
        assert set(states) == {VmState.STOPPED}, where
        stops = AsyncJob.objects.filter(arguments__halt=str(done.uuid)).count()
        assert stops == 1, f"{where}: {stops} stops"
        check_invariants()

    assert len(crash_everywhere(suspend, check, every=4)) > 10


def test_a_colleague_of_a_member_who_is_one_by_himself_stays_outside(cloud: SimulatedCloud) -> None:
    team = Team(cloud)
    person = UserFactory(account=AccountFactory(domain=team.domain))
    join_project(team.project, person)
    answer = team.deploy(team.owner, name="web")
    settle(answer)
    colleague = client_of(person.account)
    assert colleague.call("listVirtualMachines", id=answer["id"]) == {}
    assert refusal(colleague, "stopVirtualMachine", id=answer["id"]).code == 431
