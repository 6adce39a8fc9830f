"""Machines and volumes count by the tags of their offerings where the operator limits these tags."""

from typing import Any

import pytest

from apps.accounts.models import ResourceCount
from apps.accounts.services.counting import recount_account
from apps.compute.factories import service_offering
from apps.storage.models import DiskOffering
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import check_invariants

from .conftest import Cloud


@pytest.fixture
def tagged(cloud: Cloud) -> dict[str, Any]:
    cloud.admin.call("updateConfiguration", name="resource.limitation.host.tags", value="gpu")
    cloud.admin.call("updateConfiguration", name="resource.limitation.storage.tags", value="ssd,nvme")
    return {
        "machine": service_offering("accelerated", host_tags="fast,gpu"),
        "ssd": DiskOffering.objects.create(name="ssd", size_gib=5, tags="ssd"),
        "nvme": DiskOffering.objects.create(name="nvme", size_gib=5, tags="nvme,any"),
    }


def counted(cloud: Cloud) -> dict[tuple[str, str], int]:
    rows = ResourceCount.objects.filter(account=cloud.account).exclude(tag="")
    return {(row.get_type_display(), row.tag): row.count for row in rows if row.count}


def test_machines_count_by_the_host_tags_of_their_offering(cloud: Cloud, tagged: dict[str, Any]) -> None:
    offering = tagged["machine"]
    answer = cloud.deploy(serviceofferingid=offering.uuid, startvm=False)
    cloud.run(answer)
    cloud.machine()
    assert counted(cloud) == {("user_vm", "gpu"): 1, ("cpu", "gpu"): 1, ("memory", "gpu"): 512}
    assert recount_account(cloud.account) == {}
    owner = {"account": cloud.account.name, "domainid": cloud.account.domain.uuid}
    cloud.admin.call("updateResourceLimit", resourcetype=0, tag="gpu", max=1, **owner)
    with pytest.raises(ApiError) as refused:
        cloud.deploy(serviceofferingid=offering.uuid, startvm=False)
    assert (refused.value.code, "user_vm with tag gpu" in refused.value.text) == (535, True)
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=answer["id"], expunge=True))
    assert counted(cloud) == {}
    check_invariants()


def test_a_machine_that_could_not_be_made_counts_by_no_tag(cloud: Cloud, tagged: dict[str, Any]) -> None:
    # No host has the tags.
    assert cloud.ended(cloud.deploy(serviceofferingid=tagged["machine"].uuid))["jobstatus"] == 2
    assert counted(cloud) == {}


def test_volumes_count_by_the_storage_tags_of_their_offering(cloud: Cloud, tagged: dict[str, Any]) -> None:
    gib = 1024**3
    made = cloud.api.call("createVolume", name="d", zoneid=cloud.zone.uuid, diskofferingid=tagged["ssd"].uuid)
    cloud.run(made)
    assert counted(cloud) == {("volume", "ssd"): 1, ("primary_storage", "ssd"): 5 * gib}
    cloud.run(cloud.api.call("resizeVolume", id=made["id"], diskofferingid=tagged["nvme"].uuid))
    assert counted(cloud) == {("volume", "nvme"): 1, ("primary_storage", "nvme"): 5 * gib}
    assert recount_account(cloud.account) == {}
    owner = {"account": cloud.account.name, "domainid": cloud.account.domain.uuid}
    cloud.admin.call("updateResourceLimit", resourcetype=2, tag="ssd", max=0, **owner)
    with pytest.raises(ApiError) as back:
        cloud.api.call("resizeVolume", id=made["id"], diskofferingid=tagged["ssd"].uuid)
    assert back.value.code == 535
    ResourceCount.objects.exclude(tag="").update(count=9)
    [first, *_] = cloud.admin.call("updateResourceCount", resourcetype=2, tag="nvme", **owner)["resourcecount"]
    assert (first["tag"], first["resourcecount"]) == ("nvme", 1)
    cloud.admin.call("deleteVolume", id=made["id"])
    run_jobs()
    recount_account(cloud.account)
    assert counted(cloud) == {}
