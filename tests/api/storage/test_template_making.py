"""createTemplate, copyTemplate and prepareTemplate over the API."""

import uuid

import pytest

from apps.accounts.models import ResourceCount, ResourceType
from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import GuestOsFactory, ImageStoreFactory, TemplateFactory, VolumeFactory
from apps.storage.models import PoolReservation, Template, TemplatePoolRef, Volume
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world

from .test_downloads import made_volume, registered, result

pytestmark = pytest.mark.django_db


def secondary(account) -> int:
    row = ResourceCount.objects.filter(account=account, type=ResourceType.SECONDARY_STORAGE).first()
    return row.count if row else 0


def test_a_volume_becomes_a_template(cloud) -> None:
    volume, system = made_volume(cloud), GuestOsFactory()
    job = cloud.seller.call(
        "createTemplate", volumeid=volume.uuid, name="golden", displaytext="x", ostypeid=system.uuid
    )
    shown = result(cloud.seller, job)["template"]
    assert shown["id"] == job["id"] and shown["isready"] is True
    assert (shown["size"], shown["format"], shown["hypervisor"]) == (volume.size_bytes, "QCOW2", "Simulator")
    assert shown["zoneid"] == str(cloud.zone.uuid) and shown["ostypename"] == system.description
    assert secondary(cloud.seller_account) == shown["physicalsize"] > 0
    assert [str(row.volume_uuid) for row in world.volumes()] == [str(volume.uuid)]
    assert [promise.holder_uuid for promise in PoolReservation.objects.all()] == [volume.uuid]
    cloud.seller.call("deleteTemplate", id=shown["id"])
    run_jobs()
    assert secondary(cloud.seller_account) == 0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"volumeid": None}, "volumeid"),
        ({"volumeid": uuid.UUID(int=1)}, "volumeid"),
        ({"ostypeid": None}, "ostypeid"),
        ({"snapshotid": uuid.UUID(int=1)}, "snapshotid"),
        ({"name": " "}, "name"),
        ({"bits": 16}, "bits"),
    ],
)
def test_bad_input_leaves_no_template(cloud, refusal, parameters: dict, words: str) -> None:
    values = {"volumeid": made_volume(cloud).uuid, "name": "t", "ostypeid": GuestOsFactory().uuid, **parameters}
    before = AsyncJob.objects.count()
    error = refusal(cloud.seller, "createTemplate", **values)
    assert error.code == 431 and words in error.text
    assert not Template.objects.exists() and AsyncJob.objects.count() == before


def test_whose_volume_and_in_what_state(cloud, refusal) -> None:
    values = {"name": "t", "ostypeid": GuestOsFactory().uuid}
    unmade = VolumeFactory(account=cloud.seller_account, zone=cloud.zone)
    assert "Allocated" in refusal(cloud.seller, "createTemplate", volumeid=unmade.uuid, **values).text
    assert refusal(cloud.lawyer, "createTemplate", volumeid=made_volume(cloud).uuid, **values).code == 431
    assert not Template.objects.exists()


def test_an_image_is_brought_to_another_zone(cloud, refusal) -> None:
    image, other = registered(cloud), ZoneFactory()
    assert "no image store" in refusal(cloud.seller, "copyTemplate", id=image.uuid, destzoneid=other.uuid).text
    store = ImageStoreFactory(zone=other)
    one_copy = secondary(cloud.seller_account)
    job = cloud.seller.call("copyTemplate", id=image.uuid, sourcezoneid=cloud.zone.uuid, destzoneids=other.uuid)
    assert result(cloud.seller, job)["template"]["id"] == str(image.uuid)
    assert secondary(cloud.seller_account) == 2 * one_copy
    for zone in (cloud.zone, other):
        assert cloud.seller.items("listTemplates", templatefilter="self", zoneid=zone.uuid)
    assert image.store_refs.get(store=store).state == "Ready"
    assert "already" in refusal(cloud.seller, "copyTemplate", id=image.uuid, destzoneid=other.uuid).text
    assert refusal(cloud.seller, "deleteTemplate", id=image.uuid, zoneid=ZoneFactory().uuid).code == 431
    gone = cloud.seller.call("deleteTemplate", id=image.uuid, zoneid=other.uuid)
    run_jobs()
    assert cloud.seller.call("queryAsyncJobResult", jobid=gone["jobid"])["jobresult"] == {"success": True}
    assert secondary(cloud.seller_account) == one_copy
    assert not cloud.seller.items("listTemplates", templatefilter="self", zoneid=other.uuid)
    assert image.store_refs.get().store_id == cloud.store.pk
    result(cloud.seller, cloud.seller.call("copyTemplate", id=image.uuid, destzoneid=other.uuid))
    assert refusal(cloud.seller, "copyTemplate", id=image.uuid).code == 431
    assert refusal(cloud.lawyer, "copyTemplate", id=image.uuid, destzoneid=other.uuid).code == 431
    cloud.seller.call("deleteTemplate", id=image.uuid)
    run_jobs()
    assert secondary(cloud.seller_account) == 0


def test_a_copy_that_fails_changes_nothing(cloud) -> None:
    image, other = registered(cloud), ZoneFactory()
    ImageStoreFactory(zone=other)
    one_copy = secondary(cloud.seller_account)
    world.inject("put", "fault:no space left")
    job = cloud.seller.call("copyTemplate", id=image.uuid, destzoneid=other.uuid)
    run_jobs()
    answer = cloud.seller.call("queryAsyncJobResult", jobid=job["jobid"])
    assert answer["jobstatus"] == 2 and "no space left" in answer["jobresult"]["errortext"]
    assert secondary(cloud.seller_account) == one_copy and image.store_refs.count() == 1
    assert not cloud.seller.items("listTemplates", templatefilter="self", zoneid=other.uuid)


def test_a_disc_is_copied_too(cloud, refusal) -> None:
    disc = TemplateFactory(account=cloud.seller_account, format="ISO", zones=[cloud.zone], is_cross_zone=False)
    other = ZoneFactory()
    assert refusal(cloud.seller, "copyTemplate", id=disc.uuid, destzoneid=other.uuid).code == 431
    assert "no image store" in refusal(cloud.seller, "copyIso", id=disc.uuid, destzoneid=other.uuid).text


def test_a_template_waits_on_its_pools(cloud, refusal) -> None:
    image = registered(cloud)
    assert refusal(cloud.seller, "prepareTemplate", templateid=image.uuid, zoneid=cloud.zone.uuid).code == 432
    body = cloud.root.call("prepareTemplate", templateid=image.uuid, zoneid=cloud.zone.uuid)
    assert body["count"] == 1 and body["template"][0]["id"] == str(image.uuid)
    run_jobs()
    assert TemplatePoolRef.objects.get(template=image).state == "Ready"
    assert "ready" in refusal(cloud.root, "prepareTemplate", templateid=image.uuid, zoneid=ZoneFactory().uuid).text
    assert not Volume.objects.exists()
