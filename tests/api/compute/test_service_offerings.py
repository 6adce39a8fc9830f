"""Service offerings: made by the operator, seen by those they are for."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.compute.factories import service_offering
from apps.compute.models import ServiceOffering
from apps.infrastructure.factories import ZoneFactory
from apps.storage.models import DiskOffering, Template, Volume
from cloudstack.testing.api import ApiError
from tests.support.cloud import check_invariants, client_of

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


def test_users_make_no_offerings_and_domain_admins_only_for_their_domains(
    cloud: Cloud, refusal: Callable[..., ApiError]
) -> None:
    for command, more in (
        ("createServiceOffering", {"name": "m", **SIZE}),
        ("updateServiceOffering", {"id": cloud.offering.uuid, "name": "m"}),
        ("deleteServiceOffering", {"id": cloud.offering.uuid}),
    ):
        assert refusal(cloud.api, command, **more).code == 432
        assert refusal(cloud.sales_admin, command, **more).code == 531
    sales, legal = cloud.account.domain.uuid, cloud.lawyer_account.domain.uuid
    assert refusal(cloud.sales_admin, "createServiceOffering", name="m", **SIZE, domainid=legal).code == 431
    made = cloud.sales_admin.call("createServiceOffering", name="m", **SIZE, domainid=sales, hosttags="gpu")
    made = made["serviceoffering"]
    assert made["domainid"] == str(sales) and "hosttags" not in made, "tags are the operator's"
    for public in ({"domainid": "public"}, {"domainid": legal}):
        assert refusal(cloud.sales_admin, "updateServiceOffering", id=made["id"], **public).code in (431, 531)
    changed = cloud.sales_admin.call("updateServiceOffering", id=made["id"], name="n")["serviceoffering"]
    assert changed["name"] == "n"
    assert (
        "domainid" not in cloud.admin.call("updateServiceOffering", id=made["id"], domainid="public")["serviceoffering"]
    )
    assert refusal(cloud.sales_admin, "deleteServiceOffering", id=made["id"]).code == 531


def test_the_root_disk_is_described(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    rates = {"bytesreadrate": 1000, "bytesreadratemax": 2000, "bytesreadratemaxlength": 5, "iopswriterate": 300}
    made = create(cloud, **SIZE, **rates, cachemode="writeback", provisioningtype="thin", miniops=10, maxiops=20)
    assert (made["diskBytesReadRate"], made["diskBytesReadRateMax"], made["diskBytesReadRateMaxLength"]) == (
        1000,
        2000,
        5,
    )
    assert (made["diskIopsWriteRate"], made["miniops"], made["maxiops"]) == (300, 10, 20)
    assert (made["cacheMode"], made["provisioningtype"], made["encryptroot"]) == ("writeback", "thin", False)
    disk = DiskOffering.objects.get(uuid=made["diskofferingid"])
    assert (disk.bytes_read_rate, disk.cache_mode, disk.max_iops) == (1000, "writeback", 20)
    changed = cloud.admin.call("updateServiceOffering", id=made["id"], storagetags="b, a", hosttags="y,x")
    assert changed["serviceoffering"]["storagetags"] == "a,b" and changed["serviceoffering"]["hosttags"] == "x,y"
    for wrong, words in (
        ({"provisioningtype": "fat"}, "provisioningtype"),
        ({"cachemode": "maybe"}, "cachemode"),
        ({"miniops": 5, "maxiops": 4}, "miniops"),
        ({"bytesreadratemax": 5}, "bytesreadratemax"),
        ({"encryptroot": True}, "encryptroot"),
        ({"issystem": True}, "issystem"),
        ({"storagepolicy": NOBODY}, "storagepolicy"),
        ({"diskofferingid": cloud.disk_offering.uuid, "cachemode": "writeback"}, "diskofferingid"),
    ):
        error = refusal(cloud.admin, "createServiceOffering", name="w", **SIZE, **wrong)
        assert error.code == 431 and words in error.text.lower(), error.text
    linked = create(cloud, **SIZE, diskofferingid=cloud.disk_offering.uuid)
    assert (linked["diskofferingname"], linked["diskofferingdisplaytext"]) == ("data", "")
    error = refusal(cloud.admin, "updateServiceOffering", id=linked["id"], storagetags="a")
    assert (error.code == 431 and "storagetags" in error.text) or "change them there" in error.text


def test_the_root_disk_of_a_volatile_offering_lasts_from_start_to_start(cloud: Cloud) -> None:
    volatile = create(cloud, **SIZE, isvolatile=True)
    vm = cloud.machine(serviceofferingid=volatile["id"])

    def root() -> Volume:
        return Volume.objects.get(attachment__vm__uuid=vm["id"], attachment__device_id=0)

    seen = [root().pk]
    for forced in (True, False):
        assert cloud.run(cloud.api.call("rebootVirtualMachine", id=vm["id"], forced=forced))["state"] == "Running"
        seen.append(root().pk)
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"]))
    assert root().pk == seen[-1]
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    seen.append(root().pk)
    assert len(set(seen)) == 4 and Volume.objects.count() == 1
    check_invariants()
    never = cloud.run(cloud.deploy(serviceofferingid=volatile["id"], startvm=False))
    assert cloud.run(cloud.api.call("startVirtualMachine", id=never["id"]))["state"] == "Running"
    check_invariants()


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
    assert names(issystem=True) == set() == names(encryptroot=True) == names(storagetype="local")
    assert names(storagetype="shared") == names(account="seller") == {"small", "big", "there"}
    assert refusal(cloud.api, "listServiceOfferings", account="lawyer").code == 431
    DiskOffering.objects.filter(uuid=big["diskofferingid"]).update(size_gib=1)
    Template.objects.update(virtual_size_bytes=2 * 2**30)
    assert names(templateid=cloud.template.uuid) == {"small", "there"}
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
