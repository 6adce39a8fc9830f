"""Volumes change owner and offering; figures and paths of volumes."""

import uuid

import pytest

from apps.accounts.factories import project_of
from apps.accounts.models import ResourceCount, ResourceType
from apps.accounts.services.limits import LimitManager
from apps.storage.factories import DiskOfferingFactory, StoragePoolFactory, VolumeFactory
from apps.storage.models import DiskOffering, Volume
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world

pytestmark = pytest.mark.django_db
GIB = 1 << 30


def ready(cloud, client=None, *, on_pool: bool = True, **more) -> str:
    """A volume of the seller, on the pool."""
    offering = DiskOfferingFactory(custom=True, **more)
    values = {"name": "data", "zoneid": cloud.zone.uuid, "diskofferingid": offering.uuid, "size": 2}
    owner = {"account": "seller", "domainid": cloud.seller_account.domain.uuid}
    where = {"storageid": cloud.pool.uuid} if on_pool else {}
    job = cloud.root.call("createVolume", **values, **owner, **where)
    run_jobs()
    return job["id"]


def done(client, job) -> dict:
    run_jobs()
    answer = client.call("queryAsyncJobResult", jobid=job["jobid"])
    assert answer["jobstatus"] == 1, answer
    return answer["jobresult"]["volume"]


def counted(account) -> tuple[int, int]:
    kinds = (ResourceType.VOLUME, ResourceType.PRIMARY_STORAGE)
    rows = dict(ResourceCount.objects.filter(account=account, type__in=kinds).values_list("type", "count"))
    return rows.get(kinds[0], 0), rows.get(kinds[1], 0)


def test_another_offering_with_its_size_and_bounds(cloud) -> None:
    volume = ready(cloud)
    faster = DiskOfferingFactory(size_gib=5, bytes_read_rate=1000, iops_write_rate=9, max_iops=70)
    shown = done(cloud.seller, cloud.seller.call("changeOfferingForVolume", id=volume, diskofferingid=faster.uuid))
    assert (shown["size"], shown["diskofferingid"]) == (5 * GIB, str(faster.uuid))
    assert (shown["diskBytesReadRate"], shown["diskIopsWriteRate"], shown["maxiops"]) == (1000, 9, 70)
    assert counted(cloud.seller_account) == (1, 5 * GIB)
    assert world.volumes().get(volume_uuid=volume).size_bytes == 5 * GIB


def test_operations_per_second_where_they_are_open(cloud, refusal) -> None:
    volume = ready(cloud, is_custom_iops=True)
    shown = done(cloud.seller, cloud.seller.call("resizeVolume", id=volume, size=3, miniops=5, maxiops=50))
    assert (shown["miniops"], shown["maxiops"], shown["size"]) == (5, 50, 3 * GIB)
    assert "above" in refusal(cloud.seller, "resizeVolume", id=volume, miniops=60, maxiops=50).text
    fixed = ready(cloud)
    assert "fixes" in refusal(cloud.seller, "resizeVolume", id=fixed, size=4, miniops=5).text
    assert Volume.objects.get(uuid=fixed).min_iops is None


def test_an_offering_that_does_not_fit_is_refused(cloud, refusal) -> None:
    volume = ready(cloud)
    same = Volume.objects.get(uuid=volume).disk_offering
    for offering, words in (
        (DiskOfferingFactory(size_gib=5, tags="ssd"), "tag ssd"),
        (DiskOfferingFactory(size_gib=5, local_storage=True), "storage of one host"),
        (DiskOfferingFactory(size_gib=1), "not shrink"),
        (DiskOfferingFactory(size_gib=5, state="Inactive"), "diskofferingid"),
        (same, "already"),
    ):
        error = refusal(cloud.seller, "changeOfferingForVolume", id=volume, diskofferingid=offering.uuid, size=1)
        assert error.code == 431 and words in error.text
    assert counted(cloud.seller_account) == (1, 2 * GIB)
    other = DiskOfferingFactory(size_gib=5)
    assert refusal(cloud.lawyer, "changeOfferingForVolume", id=volume, diskofferingid=other.uuid).code == 431


def test_a_volume_is_given_to_another_account(cloud, refusal) -> None:
    volume = ready(cloud)
    assert refusal(cloud.seller, "assignVolume", volumeid=volume, accountid=cloud.lawyer_account.uuid).code == 432
    shown = cloud.root.call("assignVolume", volumeid=volume, accountid=cloud.lawyer_account.uuid)["volume"]
    assert (shown["account"], shown["domain"]) == ("lawyer", "legal")
    assert (counted(cloud.seller_account), counted(cloud.lawyer_account)) == ((0, 0), (1, 2 * GIB))
    assert cloud.seller.call("listVolumes", id=volume) == {}
    assert [row["id"] for row in cloud.lawyer.items("listVolumes")] == [volume]
    again = refusal(cloud.root, "assignVolume", volumeid=volume, accountid=cloud.lawyer_account.uuid)
    assert again.code == 431 and "already" in again.text


def test_a_full_account_gets_no_volume(cloud, refusal) -> None:
    volume = ready(cloud)
    LimitManager().reserve(cloud.lawyer_account, {ResourceType.VOLUME: 20})
    error = refusal(cloud.root, "assignVolume", volumeid=volume, accountid=cloud.lawyer_account.uuid)
    assert error.code == 535
    assert Volume.objects.get(uuid=volume).account == cloud.seller_account
    assert counted(cloud.seller_account) == (1, 2 * GIB)
    cloud.seller.call("destroyVolume", id=volume)
    run_jobs()
    assert "Destroy" in refusal(cloud.root, "assignVolume", volumeid=volume, accountid=cloud.lawyer_account.uuid).text


def test_paths_are_for_operators(cloud, refusal) -> None:
    volume = ready(cloud)
    path = cloud.root.call("getPathForVolume", volumeid=volume)["apipathforvolume"]["path"]
    assert volume in path
    assert refusal(cloud.seller, "getPathForVolume", volumeid=volume).code == 432
    assert refusal(cloud.root, "getPathForVolume", volumeid=uuid.uuid4()).code == 431


def test_figures_and_numbers_of_volumes(cloud, django_assert_max_num_queries) -> None:
    for number in range(12):
        VolumeFactory(account=cloud.seller_account, zone=cloud.zone, name=f"v{number}")
    (shown,) = cloud.seller.items("listVolumesMetrics", name="v3")
    assert (shown["sizegb"], shown["supportsstoragesnapshot"]) == ("5.00 GB", False)
    assert cloud.lawyer.call("listVolumesMetrics", listall=True) == {}
    with django_assert_max_num_queries(4):
        assert cloud.seller.call("listVolumes", retrieveonlyresourcecount=True) == {"count": 12}


def test_offerings_of_an_account(cloud, refusal) -> None:
    kept = DiskOfferingFactory(name="kept")
    kept.domains.add(cloud.lawyer_account.domain)
    DiskOfferingFactory(name="public")
    assert {o["name"] for o in cloud.root.items("listDiskOfferings")} == {"kept", "public"}
    for account, names in ((cloud.lawyer_account, {"kept", "public"}), (cloud.seller_account, {"public"})):
        meant = {"account": account.name, "domainid": account.domain.uuid}
        assert {o["name"] for o in cloud.root.items("listDiskOfferings", **meant)} == names
    assert refusal(cloud.root, "listDiskOfferings", account="nobody").code == 431
    assert DiskOffering.objects.count() == 2


def test_a_volume_is_given_to_a_project(cloud, refusal) -> None:
    volume, project = ready(cloud), project_of(cloud.seller_account)
    assert refusal(cloud.root, "assignVolume", volumeid=volume).code == 431
    shown = cloud.root.call("assignVolume", volumeid=volume, projectid=project.uuid)["volume"]
    assert shown["projectid"] == str(project.uuid)
    assert [row["id"] for row in cloud.seller.items("listVolumes", projectid=project.uuid)] == [volume]
    assert (counted(cloud.seller_account), counted(project.account)) == ((0, 0), (1, 2 * GIB))


def test_a_volume_moves_to_another_pool(cloud, refusal) -> None:
    volume, other = ready(cloud), StoragePoolFactory(cluster=cloud.pool.cluster, tags="ssd")
    ssd = DiskOfferingFactory(size_gib=2, tags="ssd")
    move = {"volumeid": volume, "storageid": other.uuid}
    assert refusal(cloud.seller, "migrateVolume", **move).code == 431
    shown = done(cloud.root, cloud.root.call("migrateVolume", newdiskofferingid=ssd.uuid, **move))
    assert (shown["storageid"], shown["state"]) == (str(other.uuid), "Ready")
    assert shown["diskofferingid"] == str(ssd.uuid)
    for target, more, words in (
        (other, {}, "already"),
        (cloud.pool, {}, "tag ssd"),
        (StoragePoolFactory(), {}, "not in the zone"),
        (StoragePoolFactory(cluster=cloud.pool.cluster, tags="ssd", state="Disabled"), {}, "Disabled"),
        (StoragePoolFactory(cluster=cloud.pool.cluster, tags="ssd", connected=[]), {}, "sees both"),
        (cloud.pool, {"newdiskofferingid": DiskOfferingFactory(size_gib=7).uuid}, "another size"),
        (cloud.pool, {"livemigrate": True}, "livemigrate"),
    ):
        error = refusal(cloud.root, "migrateVolume", volumeid=volume, storageid=target.uuid, **more)
        assert words in error.text, error.text


def test_a_volume_is_checked(cloud, refusal) -> None:
    volume = ready(cloud)
    shown = done(cloud.seller, cloud.seller.call("checkVolume", id=volume))
    assert shown["volumecheckresult"]["check-errors"] == "0" and "volumerepairresult" not in shown
    shown = done(cloud.seller, cloud.seller.call("checkVolume", id=volume, repair="leaks"))
    assert shown["volumerepairresult"]["check-errors"] == "0"
    assert refusal(cloud.seller, "checkVolume", id=volume, repair="much").code == 431
    assert refusal(cloud.lawyer, "checkVolume", id=volume).code == 431
    unmade = VolumeFactory(account=cloud.seller_account, zone=cloud.zone)
    assert "Allocated" in refusal(cloud.seller, "checkVolume", id=unmade.uuid).text
