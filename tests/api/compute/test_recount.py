"""updateResourceCount puts limits right that went wrong, whatever the account holds."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q

from apps.accounts.models import ResourceCount, ResourceType
from apps.accounts.services.counting import recount_account, recount_all_for_job
from cloudstack.testing.api import ApiError
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants

from .conftest import NOBODY, Cloud
from .test_deploy import isolated

KINDS = {
    ResourceType.USER_VM: 2,
    ResourceType.CPU: 2,
    ResourceType.MEMORY: 1024,
    ResourceType.VOLUME: 4,
    ResourceType.NETWORK: 1,
}


def life(cloud: Cloud) -> None:
    """A running machine, a stopped one, a destroyed one and one that failed; a disk of each state; a network."""
    cloud.machine(diskofferingid=cloud.disk_offering.uuid)
    cloud.run(cloud.deploy(startvm=False))
    gone = cloud.machine()
    cloud.run(cloud.api.call("destroyVirtualMachine", id=gone["id"]))
    world.inject("start", "fault:broken", count=1)
    assert cloud.ended(cloud.deploy())["jobstatus"] == 2
    isolated(cloud)


def counts(owner: dict[str, Any]) -> dict[int, int]:
    return dict(ResourceCount.objects.filter(**owner).values_list("type", "count"))


def test_what_was_counted_is_what_is_there(cloud: Cloud) -> None:
    life(cloud)
    check_invariants()
    held = counts({"account": cloud.account})
    assert {kind: held[kind] for kind in KINDS} == KINDS
    assert recount_account(cloud.account) == {}
    assert recount_all_for_job() == 0


def test_wrong_figures_are_put_right(cloud: Cloud) -> None:
    life(cloud)
    right = counts({"account": cloud.account})
    ResourceCount.objects.filter(Q(account=cloud.account) | Q(domain=cloud.account.domain)).update(count=99)
    owner = {"account": "seller", "domainid": cloud.account.domain.uuid}
    rows = {int(row["resourcetype"]): row["resourcecount"] for row in cloud.admin.items("updateResourceCount", **owner)}
    for kind, expected in KINDS.items():
        assert rows[kind] == expected == counts({"account": cloud.account})[kind], kind.label
    assert counts({"account": cloud.account})[ResourceType.PRIMARY_STORAGE] == right[ResourceType.PRIMARY_STORAGE]
    cloud.admin.call("updateResourceCount", domainid=cloud.account.domain.uuid)
    assert {kind: counts({"domain": cloud.account.domain})[kind] for kind in KINDS} == KINDS
    check_invariants()


def test_one_kind_alone(cloud: Cloud) -> None:
    life(cloud)
    ResourceCount.objects.filter(account=cloud.account).update(count=99)
    owner = {"account": "seller", "domainid": cloud.account.domain.uuid}
    [row] = cloud.admin.items("updateResourceCount", resourcetype=int(ResourceType.CPU), **owner)
    assert row["resourcecount"] == 2
    assert counts({"account": cloud.account})[ResourceType.USER_VM] == 99


def test_bad_input(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    domain = cloud.account.domain.uuid
    assert refusal(cloud.admin, "updateResourceCount").code == 431
    assert refusal(cloud.admin, "updateResourceCount", domainid=NOBODY).code == 431
    assert refusal(cloud.admin, "updateResourceCount", domainid=domain, resourcetype=77).code == 431
    assert refusal(cloud.admin, "updateResourceCount", domainid=domain, account="nobody").code == 431
    assert refusal(cloud.api, "updateResourceCount", domainid=domain).code == 432
    legal = cloud.lawyer_account.domain.uuid
    assert refusal(cloud.sales_admin, "updateResourceCount", domainid=legal).code in (431, 531)
