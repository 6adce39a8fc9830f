"""Volume commands as clients call them, and the wall between tenants."""

import uuid

import pytest

from apps.storage.factories import DiskOfferingFactory, VolumeFactory
from apps.storage.models import Volume
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db
GIB = 1 << 30


def result(client, job: dict) -> dict:
    run_jobs()
    return client.call("queryAsyncJobResult", jobid=job["jobid"])


def create(cloud, client=None, **parameters) -> dict:
    offering = DiskOfferingFactory(custom=True)
    values = {"name": "d", "zoneid": cloud.zone.uuid, "diskofferingid": offering.uuid, "size": 2, **parameters}
    return (client or cloud.seller).call("createVolume", **values)


def test_create_answers_an_id_at_once_and_the_volume_in_the_job(cloud) -> None:
    job = create(cloud)
    done = result(cloud.seller, job)
    assert done["jobstatus"] == 1 and list(done["jobresult"]) == ["volume"]
    volume = done["jobresult"]["volume"]
    assert volume["id"] == job["id"]
    assert (volume["name"], volume["size"], volume["state"], volume["type"]) == ("d", 2 * GIB, "Allocated", "DATADISK")
    assert volume["account"] == "seller" and volume["domainpath"] == "ROOT/sales" and volume["tags"] == []
    assert "storageid" not in volume and "virtualmachineid" not in volume


def test_the_whole_life_over_the_api(cloud) -> None:
    job = create(
        cloud, cloud.root, storageid=cloud.pool.uuid, account="seller", domainid=cloud.seller_account.domain.uuid
    )
    assert result(cloud.root, job)["jobresult"]["volume"]["storage"] == cloud.pool.name
    (listed,) = cloud.seller.items("listVolumes")
    assert listed["state"] == "Ready" and "path" not in listed
    grown = result(cloud.seller, cloud.seller.call("resizeVolume", id=job["id"], size=4))
    assert grown["jobresult"]["volume"]["size"] == 4 * GIB
    gone = result(cloud.seller, cloud.seller.call("destroyVolume", id=job["id"]))
    assert gone["jobresult"]["volume"]["state"] == "Destroy"
    assert cloud.seller.call("recoverVolume", id=job["id"])["volume"]["state"] == "Ready"
    assert cloud.seller.call("deleteVolume", id=job["id"]) == {"success": True}
    run_jobs()
    assert cloud.seller.call("listVolumes") == {}


def test_an_expunged_volume_is_shown_in_its_job(cloud) -> None:
    job = create(cloud)
    run_jobs()
    done = result(cloud.seller, cloud.seller.call("destroyVolume", id=job["id"], expunge=True))
    assert done["jobresult"]["volume"]["state"] == "Expunged"


def test_another_tenants_volume_does_not_exist(cloud, refusal) -> None:
    mine = VolumeFactory(account=cloud.seller_account, zone=cloud.zone)
    offering = DiskOfferingFactory()
    for client in (cloud.lawyer,):
        assert client.call("listVolumes", id=mine.uuid) == {}
        assert client.call("listVolumes", listall=True) == {}
        for command, more in (
            ("deleteVolume", {}),
            ("destroyVolume", {}),
            ("recoverVolume", {}),
            ("resizeVolume", {"size": 9, "diskofferingid": offering.uuid}),
        ):
            foreign = refusal(client, command, id=mine.uuid, **more)
            absent = refusal(client, command, id=uuid.uuid4(), **more)
            assert foreign.code == absent.code == 431
            assert foreign.text.replace(str(mine.uuid), "") == absent.text.replace(absent.text.split('"')[1], "")
    assert Volume.objects.get().state == "Allocated"


def test_domain_admins_reach_their_subtree_only(cloud) -> None:
    mine, theirs = (VolumeFactory(account=a, zone=cloud.zone) for a in (cloud.seller_account, cloud.lawyer_account))
    assert cloud.sales_admin.call("listVolumes") == {}
    listed = cloud.sales_admin.items("listVolumes", listall=True)
    assert [volume["id"] for volume in listed] == [str(mine.uuid)]
    assert {volume["id"] for volume in cloud.root.items("listVolumes", listall=True)} == {
        str(mine.uuid),
        str(theirs.uuid),
    }


def test_a_page_costs_the_same_whatever_its_length(cloud, django_assert_max_num_queries) -> None:
    for _ in range(30):
        VolumeFactory(account=cloud.seller_account, zone=cloud.zone, pool=cloud.pool)
    cloud.seller.call("listVolumes")
    for client in (cloud.seller, cloud.root):
        # One to find out who signs, at most two for the list, one for its tags.
        with django_assert_max_num_queries(4):
            assert len(client.items("listVolumes", listall=True, page=1, pagesize=20)) == 20


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"size": None}, 431, "size"),
        ({"size": 0}, 431, "size"),
        ({"size": 5000}, 431, "1 to 1024 GiB"),
        ({"size": "x"}, 431, "size"),
        ({"zoneid": None}, 431, "zoneid"),
        ({"zoneid": "nowhere"}, 431, "zoneid"),
        ({"storageid": uuid.UUID(int=1)}, 431, "storageid"),
        ({"projectid": uuid.UUID(int=1)}, 431, "project"),
        ({"size": 300}, 535, "primary_storage"),
        ({"snapshotid": uuid.UUID(int=1)}, 431, "snapshotid"),
        ({"virtualmachineid": uuid.UUID(int=1)}, 431, "virtualmachineid"),
        ({"name": "x" * 300}, 431, "name"),
    ],
)
def test_bad_input_is_told_and_leaves_no_row(cloud, refusal, parameters: dict, code: int, words: str) -> None:
    offering = DiskOfferingFactory(custom=True)
    values = {"name": "d", "zoneid": cloud.zone.uuid, "diskofferingid": offering.uuid, "size": 2, **parameters}
    error = refusal(cloud.seller, "createVolume", **values)
    assert error.code == code and words in error.text
    assert not Volume.objects.exists()


def test_a_fixed_offering_fixes_the_size(cloud, refusal) -> None:
    offering = DiskOfferingFactory(size_gib=7)
    error = refusal(
        cloud.seller, "createVolume", name="d", zoneid=cloud.zone.uuid, diskofferingid=offering.uuid, size=3
    )
    assert error.code == 431 and "7 GiB" in error.text
    job = cloud.seller.call("createVolume", name="d", zoneid=cloud.zone.uuid, diskofferingid=offering.uuid)
    assert result(cloud.seller, job)["jobresult"]["volume"]["size"] == 7 * GIB
    assert refusal(cloud.seller, "resizeVolume", id=job["id"], size=9).code == 431


def test_rename_is_for_operators_and_paths_cannot_be_set(cloud, refusal) -> None:
    job = create(cloud)
    run_jobs()
    assert refusal(cloud.seller, "updateVolume", id=job["id"], name="x").code == 432
    for parameter in ("path", "state", "storageid"):
        assert refusal(cloud.root, "updateVolume", id=job["id"], **{parameter: "x"}).code == 431
    done = result(cloud.root, cloud.root.call("updateVolume", id=job["id"], name="x"))
    assert done["jobresult"]["volume"]["name"] == "x"
    assert Volume.objects.get().path == ""


def test_a_protected_volume_stays(cloud, refusal) -> None:
    job = create(cloud)
    run_jobs()
    cloud.root.call("updateVolume", id=job["id"], deleteprotection=True)
    run_jobs()
    assert "protected" in refusal(cloud.seller, "deleteVolume", id=job["id"]).text


def test_filters(cloud) -> None:
    a = VolumeFactory(account=cloud.seller_account, zone=cloud.zone, name="alpha", pool=cloud.pool)
    VolumeFactory(account=cloud.seller_account, zone=cloud.zone, name="beta")
    seen = {
        tuple(v["name"] for v in cloud.seller.items("listVolumes", **filters))
        for filters in (
            {"name": "alpha"},
            {"keyword": "LPH"},
            {"id": a.uuid},
            {"ids": f"{a.uuid}"},
            {"diskofferingid": a.disk_offering.uuid},
        )
    }
    assert seen == {("alpha",)}
    assert [v["name"] for v in cloud.root.items("listVolumes", listall=True, storageid=cloud.pool.uuid)] == ["alpha"]
    assert cloud.seller.call("listVolumes", virtualmachineid=uuid.uuid4()) == {}
    assert cloud.seller.call("listVolumes", type="ROOT") == {}
