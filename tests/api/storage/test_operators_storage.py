"""Pools, image stores, disk offerings and operating systems over the API."""

import pytest

from apps.accounts.factories import DomainFactory
from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import DiskOfferingFactory, GuestOsFactory, ImageStoreFactory
from apps.storage.models import DiskOffering, GuestOs, ImageStore, StoragePool
from apps.storage.scheduled import refresh_image_stores
from apps.storage.services.guest_os import SYSTEMS, seed_guest_oses
from apps.storage.services.offerings import seed_disk_offerings
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def test_a_pool_over_the_api(cloud) -> None:
    pool = cloud.root.call(
        "createStoragePool",
        name="p",
        url="simulator://localhost/mnt/p",
        zoneid=cloud.zone.uuid,
        clusterid=cloud.pool.cluster.uuid,
        tags="ssd, fast",
    )["storagepool"]
    assert pool["state"] == "Initialized" and pool["tags"] == "fast,ssd" and pool["clusterid"]
    run_jobs()
    (shown,) = cloud.root.items("listStoragePools", id=pool["id"])
    assert shown["state"] == "Up" and shown["disksizetotal"] == 2 * shown["capacitybytes"]
    assert shown["overprovisionfactor"] == "2.0"
    changed = cloud.root.call("updateStoragePool", id=pool["id"], enabled=False, tags="")["storagepool"]
    assert changed["state"] == "Disabled" and changed["tags"] == ""
    assert cloud.root.call("deleteStoragePool", id=pool["id"]) == {"success": True}
    run_jobs()
    assert cloud.root.call("listStoragePools", id=pool["id"]) == {}


def test_storage_is_the_operators_business(cloud, refusal) -> None:
    for command in ("listImageStores", "listStoragePools", "createStoragePool", "addImageStore", "deleteStoragePool"):
        assert refusal(cloud.seller, command, id=cloud.pool.uuid).code == 432
    assert StoragePool.objects.count() == 1


def test_lists_of_operators_cost_little(cloud, django_assert_max_num_queries) -> None:
    cloud.root.call("listStoragePools")
    for command in ("listStoragePools", "listImageStores", "listOsTypes", "listDiskOfferings"):
        with django_assert_max_num_queries(4):
            cloud.root.call(command)


def test_image_stores_and_providers(cloud, tmp_path, refusal) -> None:
    url = f"file://{tmp_path}/images"
    store = cloud.root.call("addImageStore", name="s", provider="Directory", url=url, zoneid=cloud.zone.uuid)
    assert store["imagestore"]["providername"] == "Directory" and store["imagestore"]["scope"] == "ZONE"
    run_jobs()
    (shown,) = cloud.root.items("listImageStores", name="s")
    assert shown["disksizetotal"] > 0
    assert refusal(cloud.root, "addImageStore", provider="Directory", url="file:///../x").code == 431
    assert refusal(cloud.root, "addImageStore", provider="None", url=url).code == 431
    assert cloud.root.call("deleteImageStore", id=shown["id"]) == {"success": True}
    assert cloud.root.call("listImageStores", name="s") == {}
    names = {p["name"] for p in cloud.root.items("listStorageProviders", type="image")}
    assert {"Directory", "Simulator"} <= names
    assert cloud.root.items("listStorageProviders", type="primary") == [{"name": "DefaultPrimary", "type": "PRIMARY"}]


def test_secret_options_of_a_store_are_never_shown(cloud, tmp_path) -> None:
    store = cloud.root.call(
        "addImageStore",
        provider="Directory",
        url=f"file://{tmp_path}/i",
        details={"secretkey": "canary", "region": "x"},
    )
    assert "canary" not in str(store)
    row = ImageStore.objects.get(uuid=store["imagestore"]["id"])
    assert row.details == {"region": "x"} and "canary" in row.credentials.reveal()
    assert "canary" not in str(list(AsyncJob.objects.values()))


def test_offerings_are_seen_by_whom_they_are_kept_for(cloud) -> None:
    seed_disk_offerings()
    seed_disk_offerings()
    kept = DiskOfferingFactory(name="kept")
    kept.domains.add(cloud.seller_account.domain)
    hidden = DiskOfferingFactory(name="hidden", is_displayed=False)
    public = ["Small", "Medium", "Large", "Custom"]
    assert {o["name"] for o in cloud.seller.items("listDiskOfferings", listall=True)} == {*public, "kept"}
    assert [o["name"] for o in cloud.lawyer.items("listDiskOfferings")] == public
    assert {o["name"] for o in cloud.root.items("listDiskOfferings")} == {*public, "kept", hidden.name}
    (shown,) = cloud.seller.items("listDiskOfferings", name="kept")
    assert shown["domainid"] == str(cloud.seller_account.domain.uuid) and shown["domain"] == "sales"
    (custom,) = cloud.lawyer.items("listDiskOfferings", name="Custom")
    assert custom["disksize"] == 0 and custom["iscustomized"] is True


def test_a_foreign_offering_cannot_be_used_or_changed(cloud, refusal) -> None:
    kept = DiskOfferingFactory()
    kept.domains.add(cloud.lawyer_account.domain)
    use = {"name": "d", "zoneid": cloud.zone.uuid, "diskofferingid": kept.uuid}
    assert refusal(cloud.seller, "createVolume", **use).code == 431
    assert refusal(cloud.sales_admin, "updateDiskOffering", id=kept.uuid, name="x").code == 431
    public = DiskOfferingFactory()
    assert refusal(cloud.sales_admin, "deleteDiskOffering", id=public.uuid).code == 531


def test_offerings_over_the_api(cloud, refusal) -> None:
    made = cloud.root.call("createDiskOffering", name="o", displaytext="an offering", disksize=3, tags="ssd")
    offering = made["diskoffering"]
    assert (offering["disksize"], offering["tags"], offering["storagetype"]) == (3, "ssd", "shared")
    assert refusal(cloud.root, "createDiskOffering", name="o2").code == 431
    assert refusal(cloud.root, "createDiskOffering", name="o2", disksize=3, customized=True).code == 431
    assert refusal(cloud.root, "createDiskOffering", name="o2", disksize=3, provisioningtype="fat").code == 431
    assert refusal(cloud.sales_admin, "createDiskOffering", name="o2", disksize=3).code == 531
    own = cloud.sales_admin.call(
        "createDiskOffering", name="ours", disksize=3, domainid=cloud.seller_account.domain.uuid
    )["diskoffering"]
    assert cloud.sales_admin.call("updateDiskOffering", id=own["id"], name="still ours")["diskoffering"]["name"]
    assert refusal(cloud.sales_admin, "updateDiskOffering", id=own["id"], domainid=DomainFactory().uuid).code in (
        431,
        531,
    )
    zone = ZoneFactory()
    changed = cloud.root.call("updateDiskOffering", id=offering["id"], zoneid=zone.uuid, state="Inactive")
    assert changed["diskoffering"]["zoneid"] == str(zone.uuid)
    assert cloud.root.call("listDiskOfferings", id=offering["id"]) == {}
    assert cloud.root.items("listDiskOfferings", id=offering["id"], state="all")
    assert cloud.root.call("deleteDiskOffering", id=offering["id"]) == {"success": True}
    assert DiskOffering.objects.count() == 1


def test_operating_systems(cloud) -> None:
    assert seed_guest_oses() == sum(len(names) for names in SYSTEMS.values()) and seed_guest_oses() == 0
    GuestOsFactory(description="Hidden OS", is_displayed=False)
    types = cloud.seller.items("listOsTypes")
    assert len(types) == GuestOs.objects.count() - 1
    (debian,) = cloud.seller.items("listOsTypes", description="Debian GNU/Linux 12 (64-bit)")
    assert debian["oscategoryname"] == "Debian" and debian["name"] == debian["description"]
    assert [c["name"] for c in cloud.seller.items("listOsCategories", name="Ubuntu")] == ["Ubuntu"]
    assert len(cloud.seller.items("listOsTypes", oscategoryid=debian["oscategoryid"])) == len(SYSTEMS["Debian"])


def test_bounds_of_an_offering(cloud, refusal) -> None:
    rates = {"bytesreadrate": 1000, "bytesreadratemax": 2000, "bytesreadratemaxlength": 10, "iopswriterate": 50}
    made = cloud.root.call("createDiskOffering", name="o", displaytext="o", disksize=3, **rates)["diskoffering"]
    assert (made["diskBytesReadRateMax"], made["diskBytesReadRateMaxLength"]) == (2000, 10)
    changed = cloud.root.call("updateDiskOffering", id=made["id"], iopswriteratemax=70)["diskoffering"]
    assert (changed["diskIopsWriteRate"], changed["diskIopsWriteRateMax"]) == (50, 70)
    for wrong, words in (
        ({"iopswriteratemax": 10}, "iopswriteratemax"),
        ({"iopsreadratemax": 10}, "iopsreadratemax"),
        ({"iopsreadratemaxlength": 10}, "iopsreadratemaxlength"),
    ):
        assert words in refusal(cloud.root, "updateDiskOffering", id=made["id"], **wrong).text
        assert words in refusal(cloud.root, "createDiskOffering", name="p", disksize=3, iopswriterate=50, **wrong).text
    assert DiskOffering.objects.count() == 1


def test_a_store_is_closed_bounded_and_renamed(cloud, refusal) -> None:
    new = {"name": "t", "format": "QCOW2", "hypervisor": "Simulator", "zoneid": cloud.zone.uuid}
    new["url"] = "https://images.example.org/x.qcow2"
    changed = cloud.root.call("updateImageStore", id=cloud.store.uuid, name="cellar", readonly=True)["imagestore"]
    assert (changed["name"], changed["readonly"]) == ("cellar", True)
    assert "no image store" in refusal(cloud.seller, "registerTemplate", **new).text
    cloud.root.call("updateImageStore", id=cloud.store.uuid, readonly=False, capacitybytes=10 << 20)
    cloud.seller.call("registerTemplate", **new)
    run_jobs()
    refresh_image_stores()
    (shown,) = cloud.root.items("listImageStores")
    assert shown["disksizetotal"] == 10 << 20 and shown["disksizeused"] > 10 << 20
    assert "no image store" in refusal(cloud.seller, "registerTemplate", **new).text
    other = ImageStoreFactory()
    assert "already" in refusal(cloud.root, "updateImageStore", id=other.uuid, name="cellar").text
    assert refusal(cloud.seller, "updateImageStore", id=other.uuid, name="x").code == 432
