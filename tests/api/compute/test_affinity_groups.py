"""Affinity groups: who owns them, who is in them, and where their machines run."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from apps.compute.models import AffinityGroup, AffinityMembership, VirtualMachine
from cloudstack.contracts.placement import AffinityRule, HostCandidate
from cloudstack.framework.plugins.manager import pm
from cloudstack.plugin import hookimpl
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import check_invariants

from .conftest import Cloud

APART, TOGETHER = "host anti-affinity", "host affinity"
SOFT_APART, SOFT_TOGETHER = f"non-strict {APART}", f"non-strict {TOGETHER}"


def group(cloud: Cloud, name: str = "g", kind: str = APART, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = cloud.run(cloud.api.call("createAffinityGroup", name=name, type=kind, **more))
    return made


def hosts_of(cloud: Cloud, *machines: dict[str, Any]) -> list[Any]:
    return [cloud.row(machine).host_id for machine in machines]


def test_a_group_is_made_listed_and_deleted(cloud: Cloud) -> None:
    types = {row["type"] for row in cloud.api.items("listAffinityGroupTypes")}
    assert types == {APART, TOGETHER, SOFT_APART, SOFT_TOGETHER}
    made = group(cloud, "web", "Host Anti-Affinity", description="web servers apart")
    assert (made["name"], made["type"], made["account"], made["domain"]) == ("web", APART, "seller", "sales")
    assert made["virtualmachineIds"] == [] and made["description"] == "web servers apart"
    vm = cloud.machine(affinitygroupids=made["id"])
    assert [(one["id"], one["name"], one["type"]) for one in vm["affinitygroup"]] == [(made["id"], "web", APART)]
    [listed] = cloud.api.items("listAffinityGroups", virtualmachineid=vm["id"])
    assert listed == {**made, "virtualmachineIds": [vm["id"]]}
    assert [one["id"] for one in cloud.api.items("listVirtualMachines", affinitygroupid=made["id"])] == [vm["id"]]
    assert cloud.api.items("listAffinityGroups", type=TOGETHER) == []
    assert [one["name"] for one in cloud.sales_admin.items("listAffinityGroups", listall=True)] == ["web"]
    assert cloud.lawyer.items("listAffinityGroups", listall=True) == []
    assert cloud.ended(cloud.api.call("deleteAffinityGroup", name="web"))["jobresult"] == {"success": True}
    assert cloud.api.items("listAffinityGroups") == [] and not AffinityMembership.objects.exists()
    assert cloud.api.items("listVirtualMachines")[0]["affinitygroup"] == []


@pytest.mark.parametrize(
    ("parameters", "parameter", "words"),
    [
        ({"name": "taken", "type": APART}, "name", "named 'taken' already"),
        ({"name": "new", "type": "rack affinity"}, "type", "must be one of"),
        ({"name": " ", "type": APART}, "name", "empty"),
    ],
)
def test_what_is_wrong_with_a_group_is_named(
    cloud: Cloud, refusal: Callable[..., ApiError], parameters: dict[str, str], parameter: str, words: str
) -> None:
    group(cloud, "taken")
    error = refusal(cloud.api, "createAffinityGroup", **parameters)
    assert error.code == 431 and words in error.text and parameter in error.text
    assert AffinityGroup.objects.count() == 1


def test_a_group_of_these_types_belongs_to_one_account(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    error = refusal(
        cloud.sales_admin, "createAffinityGroup", name="all", type=APART, domainid=cloud.account.domain.uuid
    )
    assert error.code == 431 and "belongs to one account" in error.text
    made = cloud.run(
        cloud.sales_admin.call(
            "createAffinityGroup", name="hers", type=APART, account="seller", domainid=cloud.account.domain.uuid
        )
    )
    assert made["account"] == "seller"


def test_another_accounts_group_cannot_be_used(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    foreign = cloud.run(cloud.lawyer.call("createAffinityGroup", name="theirs", type=APART))
    vm = cloud.run(cloud.deploy(startvm=False))
    for client, code in ((cloud.api, 431), (cloud.admin, 431)):
        assert refusal(client, "updateVMAffinityGroup", id=vm["id"], affinitygroupids=foreign["id"]).code == code
    error = refusal(cloud.api, "updateVMAffinityGroup", id=vm["id"], affinitygroupnames="theirs")
    assert "no affinity group named 'theirs'" in error.text
    assert refusal(cloud.api, "deleteAffinityGroup", id=foreign["id"]).code == 431
    with pytest.raises(ApiError):
        cloud.deploy(affinitygroupids=foreign["id"])
    assert VirtualMachine.objects.count() == 1


def test_machines_of_a_strict_anti_affinity_group_never_share_a_host(
    cloud: Cloud, refusal: Callable[..., ApiError]
) -> None:
    apart = group(cloud)
    machines = [cloud.machine(affinitygroupnames="g") for _ in cloud.hosts]
    assert len(set(hosts_of(cloud, *machines))) == len(cloud.hosts)
    failed = cloud.ended(cloud.deploy(affinitygroupids=apart["id"]))
    assert failed["jobstatus"] == 2 and failed["jobresult"]["errorcode"] == 533
    log = failed["jobresult"]["errortext"]
    assert "administrators find the reasons" in log and not any(host.name in log for host in cloud.hosts)
    # A place that the operator names is no exception, nor is a migration, even when there is no other.
    taken = cloud.row(machines[0]).host
    stopped = cloud.run(cloud.api.call("stopVirtualMachine", id=machines[1]["id"], forced=True))
    ended = cloud.ended(cloud.admin.call("startVirtualMachine", id=stopped["id"], hostid=taken.uuid))
    assert ended["jobstatus"] == 2
    ended = cloud.ended(
        cloud.admin.call("migrateVirtualMachine", virtualmachineid=machines[2]["id"], hostid=taken.uuid)
    )
    assert ended["jobstatus"] == 2
    assert cloud.run(cloud.api.call("startVirtualMachine", id=stopped["id"]))["state"] == "Running"
    assert len(set(hosts_of(cloud, *machines))) == len(cloud.hosts)
    check_invariants()


def test_machines_of_a_strict_affinity_group_share_one_host(cloud: Cloud) -> None:
    group(cloud, kind=TOGETHER)
    answers = [cloud.deploy(affinitygroupnames="g") for _ in range(4)]
    run_jobs()
    assert len(set(hosts_of(cloud, *answers))) == 1
    elsewhere = next(host for host in cloud.hosts if host.pk != hosts_of(cloud, answers[0])[0])
    ended = cloud.ended(
        cloud.admin.call("migrateVirtualMachine", virtualmachineid=answers[0]["id"], hostid=elsewhere.uuid)
    )
    assert ended["jobstatus"] == 2 and len(set(hosts_of(cloud, *answers))) == 1


def test_soft_groups_prefer_and_do_not_refuse(cloud: Cloud) -> None:
    group(cloud, "apart", SOFT_APART)
    group(cloud, "near", SOFT_TOGETHER)
    apart = [cloud.machine(affinitygroupnames="apart") for _ in range(len(cloud.hosts) + 1)]
    assert len(set(hosts_of(cloud, *apart))) == len(cloud.hosts)
    near = [cloud.machine(affinitygroupnames="near") for _ in range(3)]
    assert len(set(hosts_of(cloud, *near))) == 1
    away = cloud.run(cloud.admin.call("migrateVirtualMachine", virtualmachineid=near[0]["id"]))
    assert away["state"] == "Running"


def test_an_evacuation_says_which_machine_a_rule_holds_back(cloud: Cloud) -> None:
    group(cloud, kind=TOGETHER)
    first, second = cloud.machine(affinitygroupnames="g"), cloud.machine(affinitygroupnames="g")
    host = cloud.row(first).host
    ended = cloud.ended(cloud.admin.call("prepareHostForMaintenance", id=host.uuid))
    assert ended["jobstatus"] == 2, ended
    assert "affinity group" in ended["jobresult"]["errortext"], ended
    assert hosts_of(cloud, first, second) == [host.pk, host.pk]
    check_invariants()


def test_the_groups_of_a_stopped_machine_change(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    one, two = group(cloud, "one"), group(cloud, "two")
    vm = cloud.machine(affinitygroupids=one["id"])
    error = refusal(cloud.api, "updateVMAffinityGroup", id=vm["id"], affinitygroupids=two["id"])
    assert error.code == 431 and "Running" in error.text
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))
    shown = cloud.run(cloud.api.call("updateVMAffinityGroup", id=vm["id"], affinitygroupnames="two"))
    assert [row["name"] for row in shown["affinitygroup"]] == ["two"]
    assert cloud.run(cloud.api.call("updateVMAffinityGroup", id=vm["id"], affinitygroupids=""))["affinitygroup"] == []
    answer = cloud.api.call("updateVMAffinityGroup", id=vm["id"], affinitygroupids=one["id"])
    cloud.run(cloud.api.call("deleteAffinityGroup", id=two["id"]))
    assert cloud.ended(answer)["jobstatus"] == 1


class NotTheFirst:
    """Machines of such a group keep off one host."""

    name, domain_wide, admins_only = "not the first", True, True
    unwanted = ""
    broken = False

    def refuse(self, rule: AffinityRule, host: HostCandidate) -> str | None:
        if self.broken:
            raise RuntimeError("out of order")
        return "is the first" if host.uuid == self.unwanted else None

    def weigh(self, rule: AffinityRule, host: HostCandidate) -> float:
        return 0.0


@pytest.fixture
def plugin() -> Iterator[NotTheFirst]:
    kind = NotTheFirst()
    module = SimpleNamespace(register_affinity_types=hookimpl(lambda: {kind.name: kind}))
    pm.register(module, name="types")
    yield kind
    pm.unregister(name="types")


def test_a_plugin_brings_a_type_that_a_domain_owns(
    cloud: Cloud, plugin: NotTheFirst, refusal: Callable[..., ApiError]
) -> None:
    assert refusal(cloud.api, "createAffinityGroup", name="d", type=plugin.name).code == 531
    domain = cloud.account.domain.uuid
    made = cloud.run(cloud.sales_admin.call("createAffinityGroup", name="d", type=plugin.name, domainid=domain))
    assert made["domain"] == "sales" and "account" not in made
    plugin.unwanted = str(cloud.hosts[0].uuid)
    assert [row["id"] for row in cloud.api.items("listAffinityGroups")] == [made["id"]]
    machines = [cloud.machine(affinitygroupids=made["id"]) for _ in cloud.hosts]
    assert cloud.hosts[0].pk not in hosts_of(cloud, *machines)
    assert refusal(cloud.api, "deleteAffinityGroup", id=made["id"]).code == 531
    assert refusal(cloud.lawyer, "deleteAffinityGroup", id=made["id"]).code == 431
    plugin.broken = True
    assert cloud.ended(cloud.deploy(affinitygroupids=made["id"]))["jobstatus"] == 2


def test_instance_groups_keep_names_together(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    made = cloud.api.call("createInstanceGroup", name="web")["instancegroup"]
    assert (made["name"], made["account"], made["domainpath"]) == ("web", "seller", "ROOT/sales")
    assert refusal(cloud.api, "createInstanceGroup", name="web").code == 431
    one = cloud.machine(group="web")
    two = cloud.run(cloud.deploy(group="db", startvm=False))
    assert (one["group"], one["groupid"], two["group"]) == ("web", made["id"], "db")
    assert [row["id"] for row in cloud.api.items("listVirtualMachines", groupid=made["id"])] == [one["id"]]
    renamed = cloud.api.call("updateInstanceGroup", id=made["id"], name="front")["instancegroup"]
    assert renamed["name"] == "front"
    assert refusal(cloud.api, "updateInstanceGroup", id=made["id"], name="db").code == 431
    moved = cloud.api.call("updateVirtualMachine", id=two["id"], group="front")["virtualmachine"]
    assert moved["groupid"] == made["id"]
    assert sorted(row["name"] for row in cloud.api.items("listInstanceGroups")) == ["db", "front"]
    for command in ("updateInstanceGroup", "deleteInstanceGroup"):
        assert refusal(cloud.lawyer, command, id=made["id"]).code == 431
    assert cloud.lawyer.items("listInstanceGroups", listall=True) == []
    cloud.api.call("deleteInstanceGroup", id=made["id"])
    assert "group" not in cloud.api.items("listVirtualMachines", id=one["id"])[0]
    assert cloud.api.call("updateVirtualMachine", id=two["id"], group="")["virtualmachine"].get("group") is None
