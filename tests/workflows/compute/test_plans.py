"""``plan=true``: what a plan says is what then happens in the simulator, whatever came before."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Account, ResourceCount, ResourceType
from apps.accounts.services.limit_rules import in_wire_unit
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from apps.network.models import Network, NetworkOffering
from apps.storage.models import Volume
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs.models import AsyncJob
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


def everything() -> dict[str, int]:
    """Table → a hash of its rows: nothing of it may differ after a plan, and the simulator's hosts are tables, too."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = hash(tuple(sorted(map(repr, cursor.fetchall()))))
    return found


def counters() -> dict[tuple[str, str], int]:
    """(owner's UUID, type) → what is counted."""
    rows = ResourceCount.objects.values_list("account__uuid", "domain__uuid", "type", "count")
    return {(str(account or domain), str(kind)): count for account, domain, kind, count in rows}


def plan_then_do(cloud: SimulatedCloud, api: ApiClient, command: str, **params: Any) -> dict[str, Any] | None:
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
    assert everything() == before, "a plan changed something"
    if api is not cloud.admin:
        assert not [host.name for host in cloud.hosts if host.name in str(plan)], "a tenant is told of hosts"
    counted_before = counters()
    known = set(AsyncJob.objects.values_list("pk", flat=True))
    answer = api.call(command, **params)
    begun = set(AsyncJob.objects.values_list("pk", flat=True)) - known
    run_jobs()
    jobs = AsyncJob.objects.filter(pk__in=begun).order_by("pk")
    assert len(plan["jobs"]) == len(jobs)
    ended = [(job.status, job.error_text) for job in jobs]
    assert all(status == AsyncJob.Status.SUCCEEDED for status, _ in ended) == plan["succeeds"], (ended, plan)
    for planned, job in zip(plan["jobs"], jobs, strict=True):
        titles = [step["title"] for step in planned["steps"]]
        if plan["succeeds"]:
            assert titles == list(job.steps.values_list("title", flat=True))
        else:
            assert planned["fails"]["errortext"] == job.error_text
    if plan["succeeds"]:
        compare_quota(plan, counted_before)
        for entry in plan["placement"]:
            if "hostname" in entry and command != "destroyVirtualMachine":
                vm = VirtualMachine.objects.get(uuid=answer.get("id", entry["machineid"]))
                assert vm.host.name == entry["hostname"]
    return answer


def compare_quota(plan: dict[str, Any], before: dict[tuple[str, str], int]) -> None:
    """Each counter of the plan was and is as it says, and none moved of an account of which it does not speak."""
    after = counters()
    for entry in plan["quota"]:
        kind, key = ResourceType(int(entry["resourcetype"])), (entry["id"], str(entry["resourcetype"]))
        found = (in_wire_unit(kind, before.get(key, 0)), in_wire_unit(kind, after.get(key, 0)))
        assert found == (entry["before"], entry["after"]), entry
    named = {(entry["id"], str(entry["resourcetype"])) for entry in plan["quota"]}
    accounts = {str(uuid) for uuid in Account.objects.values_list("uuid", flat=True)}
    moved = {key for key, count in after.items() if key[0] in accounts and before.get(key, 0) != count}
    assert moved <= named, "a counter moved of which the plan did not speak"


ACTIONS = (
    "deploy", "huge", "stop", "start", "destroy", "expunge", "recover", "reboot", "migrate", "disk", "grow", "attach",
    "detach", "delete disk", "network", "delete network", "card", "limit", "tag", "group", "rename",
)  # fmt: skip


class Hand:
    """One caller's next call: what the action means with what there is, chosen by hypothesis."""

    def __init__(self, cloud: SimulatedCloud, api: ApiClient, data: st.DataObject):
        self.cloud, self.api, self.data = cloud, api, data
        self.place = {"zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "networkids": cloud.network.uuid}

    def one(self, rows: QuerySet[Any]) -> str:
        """The UUID of one of ``rows``; of nothing where there are none."""
        uuids = [str(uuid) for uuid in rows.order_by("pk").values_list("uuid", flat=True)]
        return self.data.draw(st.sampled_from(uuids)) if uuids else "00000000-0000-4000-8000-000000000000"

    def call(self, action: str) -> tuple[str, dict[str, Any]]:
        """Command and parameters."""
        machine, disk = self.one(VirtualMachine.objects.all()), self.one(Volume.objects.all())
        network = self.one(Network.objects.filter(guest_type="Isolated"))
        offering = {"serviceofferingid": self.cloud.offering.uuid}
        match action:
            case "deploy":
                return "deployVirtualMachine", {**offering, **self.place}
            case "huge":
                size = self.data.draw(st.sampled_from([10, 5000, 60000]))
                return "deployVirtualMachine", {**offering, **self.place, "rootdisksize": size}
            case "expunge":
                return "destroyVirtualMachine", {"id": machine, "expunge": True}
            case "migrate":
                host = self.data.draw(st.sampled_from([None, *(str(host.uuid) for host in self.cloud.hosts)]))
                return "migrateVirtualMachine", {"virtualmachineid": machine, **({"hostid": host} if host else {})}
            case "disk":
                what = {"diskofferingid": self.cloud.disk_offering.uuid, "zoneid": self.cloud.zone.uuid}
                return "createVolume", {"name": "d", **what}
            case "grow":
                return "resizeVolume", {"id": disk, "size": 30}
            case "attach":
                return "attachVolume", {"id": disk, "virtualmachineid": machine}
            case "detach":
                return "detachVolume", {"id": disk}
            case "delete disk":
                return "deleteVolume", {"id": disk}
            case "network":
                kind = NetworkOffering.objects.get(name="DefaultIsolatedNetworkOffering").uuid
                return "createNetwork", {"name": "n", "zoneid": self.cloud.zone.uuid, "networkofferingid": kind}
            case "delete network":
                return "deleteNetwork", {"id": network}
            case "card":
                return "addNicToVirtualMachine", {"virtualmachineid": machine, "networkid": network}
            case "limit":
                owner = {"account": self.cloud.account.name, "domainid": self.cloud.account.domain.uuid}
                most = self.data.draw(st.integers(min_value=1, max_value=4))
                return "updateResourceLimit", {**owner, "resourcetype": 0, "max": most}
            case "tag":
                tags = [{"key": "k", "value": "v"}]
                return "createTags", {"resourceids": machine, "resourcetype": "UserVm", "tags": tags}
            case "group":
                return "createAffinityGroup", {"name": "apart", "type": "host anti-affinity"}
            case "rename":
                return "updateVirtualMachine", {"id": machine, "displayname": "other"}
        return f"{action}VirtualMachine", {"id": machine}


@settings(
    max_examples=25,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(actions=st.lists(st.tuples(st.sampled_from(ACTIONS), st.booleans()), min_size=4, max_size=12), data=st.data())
def test_what_a_plan_says_is_what_happens(
    cloud: SimulatedCloud, actions: list[tuple[str, bool]], data: st.DataObject
) -> None:
    who = {"account": cloud.account.name, "domainid": cloud.account.domain.uuid}
    # No block: drivers refuse to be called inside a transaction.
    beginning = transaction.savepoint()
    try:
        cloud.admin.call("updateResourceLimit", **who, resourcetype=int(ResourceType.USER_VM), max=3)
        # So that there is something to work on from the start.
        for first in ("deploy", "disk", "network"):
            command, params = Hand(cloud, cloud.api, data).call(first)
            plan_then_do(cloud, cloud.api, command, **params)
        for action, as_tenant in actions:
            api = cloud.api if as_tenant else cloud.admin
            command, params = Hand(cloud, api, data).call(action)
            plan_then_do(cloud, api, command, **params)
        check_invariants()
    finally:
        # Each example begins with the same cloud.
        transaction.savepoint_rollback(beginning)


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
