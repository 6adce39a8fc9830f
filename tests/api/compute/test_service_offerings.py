"""Service offerings: made by the operator, seen by those they are for."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.compute.factories import service_offering
from apps.compute.models import ServiceOffering
from apps.infrastructure.factories import ZoneFactory
from apps.storage.models import DiskOffering
from cloudstack.testing.api import ApiError
from tests.support.cloud import client_of

from .conftest import NOBODY, Cloud

SIZE = {"cpunumber": 2, "cpuspeed": 1000, "memory": 1024}


def create(cloud: Cloud, **params: Any) -> dict[str, Any]:
    made: dict[str, Any] = cloud.admin.call("createServiceOffering", **{"name": "m", "displaytext": "medium", **params})
    return made["serviceoffering"]


def test_a_fixed_one(cloud: Cloud) -> None:
    made = create(
        cloud, **SIZE, rootdisksize=10, tags="ssd, fast", hosttags="gpu", offerha=True, limitcpuuse=True,
        networkrate=100, storagetype="local", serviceofferingdetails={"a": "b"},
    )  # fmt: skip
    assert (made["cpunumber"], made["cpuspeed"], made["memory"], made["rootdisksize"]) == (2, 1000, 1024, 10)
    assert (made["storagetags"], made["hosttags"], made["storagetype"]) == ("fast,ssd", "gpu", "local")
    assert made["iscustomized"] is False and made["offerha"] is True and made["limitcpuuse"] is True
    assert made["serviceofferingdetails"] == {"a": "b"} and made["networkrate"] == 100
    assert cloud.admin.items("listServiceOfferings", id=made["id"]) == [made]
    assert {event["type"] for event in cloud.admin.items("listEvents", resourceid=made["id"])} == {
        "SERVICE.OFFERING.CREATE"
    }
    # Its disk half is no offering for data disks.
    assert made["diskofferingid"] not in {row["id"] for row in cloud.admin.items("listDiskOfferings", listall=True)}


def test_custom_ones(cloud: Cloud) -> None:
    free = create(cloud)
    assert free["iscustomized"] is True and "cpunumber" not in free
    bounded = create(
        cloud, customized=True, cpuspeed=1000, mincpunumber=1, maxcpunumber=4, minmemory=256, maxmemory=4096
    )
    assert bounded["iscustomized"] is True
    vm = cloud.machine(serviceofferingid=bounded["id"], details={"cpuNumber": 4, "memory": 256})
    assert (vm["cpunumber"], vm["cpuspeed"], vm["memory"]) == (4, 1000, 256)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": None}, "missing parameter name"),
        ({"name": "x" * 256}, "name"),
        ({"memory": None}, "memory"),
        ({"cpunumber": 0}, "cpunumber must be 1"),
        ({"cpunumber": 100000}, "cpunumber"),
        ({"cpuspeed": -1}, "cpuspeed"),
        ({"memory": 0}, "memory"),
        ({"memory": 2**31 - 1}, "memory"),
        ({"cpunumber": "two"}, "cpunumber"),
        ({"customized": True}, "not custom"),
        ({"rootdisksize": -1}, "rootdisksize"),
        ({"networkrate": -5}, "networkrate"),
        ({"mincpunumber": 4, "maxcpunumber": 2, "cpunumber": None, "customized": True}, "larger than the largest"),
        ({"mincpunumber": -4, "cpunumber": None}, "mincpunumber"),
        ({"maxmemory": -4, "memory": None, "cpunumber": None}, "maxmemory"),
        ({"storagetype": "tape"}, "storagetype"),
        ({"diskofferingid": NOBODY}, "diskofferingid"),
        ({"domainid": NOBODY}, "domainid"),
        ({"zoneid": NOBODY}, "zoneid"),
    ],
)
def test_bad_ones_are_refused(
    cloud: Cloud, refusal: Callable[..., ApiError], change: dict[str, Any], words: str
) -> None:
    before = ServiceOffering.all_objects.count(), DiskOffering.all_objects.count()
    error = refusal(cloud.admin, "createServiceOffering", **{"name": "m", "displaytext": "m", **SIZE, **change})
    assert error.code == 431 and words in error.text, error.text
    assert (ServiceOffering.all_objects.count(), DiskOffering.all_objects.count()) == before


def test_only_the_operator_makes_changes_and_deletes_them(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    for client in (cloud.api, cloud.sales_admin):
        assert refusal(client, "createServiceOffering", name="m", displaytext="m", **SIZE).code == 432
        assert refusal(client, "updateServiceOffering", id=cloud.offering.uuid, name="m").code == 432
        assert refusal(client, "deleteServiceOffering", id=cloud.offering.uuid).code == 432


def test_who_sees_what(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    sales = cloud.account.domain
    branch = client_of(AccountFactory(domain=DomainFactory(name="emea", parent=sales)))
    kept = create(cloud, **SIZE, domainid=sales.uuid)
    assert kept["domainid"] == str(sales.uuid) and kept["domain"] == "sales"
    for client, sees in ((cloud.api, True), (branch, True), (cloud.sales_admin, True), (cloud.lawyer, False)):
        assert (kept["id"] in {row["id"] for row in client.items("listServiceOfferings")}) is sees
    assert cloud.lawyer.call("listServiceOfferings", id=kept["id"]) == {}
    [found] = cloud.admin.items("listServiceOfferings", domainid=sales.uuid)
    assert found["id"] == kept["id"]


def test_filters(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    other = ZoneFactory()
    big = create(cloud, **{**SIZE, "name": "big"})
    there = create(cloud, **{**SIZE, "cpunumber": 3, "name": "there"}, zoneid=other.uuid)
    vm = cloud.run(cloud.deploy(startvm=False))

    def names(**params: Any) -> set[str]:
        return {row["name"] for row in cloud.api.items("listServiceOfferings", **params)}

    assert names() == {"small", "big", "there"}
    assert names(name="big") == names(cpunumber=2) == names(id=big["id"]) == names(keyword="bi") == {"big"}
    assert names(memory=512) == names(virtualmachineid=vm["id"]) == {"small"}
    assert names(zoneid=cloud.zone.uuid) == {"small", "big"} and names(zoneid=other.uuid) == {"small", "big", "there"}
    assert names(issystem=True) == set()
    assert refusal(cloud.lawyer, "listServiceOfferings", virtualmachineid=vm["id"]).code == 431
    cloud.admin.call("updateServiceOffering", id=there["id"], state="Inactive", sortkey=9)
    assert names() == {"small", "big"} and names(state="Inactive") == {"there"} and len(names(state="all")) == 3
    assert names(id=there["id"]) == {"there"}
    assert refusal(cloud.api, "listServiceOfferings", state="Gone").code == 431


def test_update_and_delete(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    first, second = create(cloud, **SIZE), create(cloud, **{**SIZE, "name": "n"})
    sales = cloud.account.domain
    changed = cloud.admin.call(
        "updateServiceOffering", id=second["id"], name="first now", displaytext="t", sortkey=-1, hosttags="a",
        domainid=sales.uuid,
    )["serviceoffering"]  # fmt: skip
    assert (changed["name"], changed["displaytext"], changed["hosttags"]) == ("first now", "t", "a")
    assert changed["domainid"] == str(sales.uuid)
    assert next(row["id"] for row in cloud.api.items("listServiceOfferings")) == second["id"]
    assert refusal(cloud.admin, "updateServiceOffering", id=first["id"], state="Gone").code == 431
    assert refusal(cloud.admin, "updateServiceOffering", id=NOBODY, name="x").code == 431
    vm = cloud.machine(serviceofferingid=first["id"])
    assert cloud.admin.call("deleteServiceOffering", id=first["id"]) == {"success": True}
    assert first["id"] not in {row["id"] for row in cloud.admin.items("listServiceOfferings", state="all")}
    [kept] = cloud.api.items("listVirtualMachines", id=vm["id"])
    assert kept["serviceofferingname"] == "m"
    assert refusal(cloud.admin, "deleteServiceOffering", id=first["id"]).code == 431
    # A machine of a withdrawn offering lives on.
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"]))
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"


def test_sizes_of_machines_do_not_follow(cloud: Cloud) -> None:
    offering = service_offering("grows")
    vm = cloud.machine(serviceofferingid=offering.uuid)
    ServiceOffering.objects.filter(pk=offering.pk).update(memory_mib=4096)
    assert cloud.api.items("listVirtualMachines", id=vm["id"])[0]["memory"] == 512
