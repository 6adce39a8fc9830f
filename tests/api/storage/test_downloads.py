"""Addresses for downloads: of images that may be, of volumes that nobody uses, for a while."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import DownloadTicket, PoolReservation, Template, Volume
from apps.storage.scheduled import clean_up
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import SimulatedTemplate

pytestmark = pytest.mark.django_db
MODE = {"mode": "HTTP_DOWNLOAD"}


def result(client, job) -> dict:
    run_jobs()
    answer = client.call("queryAsyncJobResult", jobid=job["jobid"])
    assert answer["jobstatus"] == 1, answer
    return answer["jobresult"]


def fetch(url: str):
    return Client().get(urlsplit(url).path)


def registered(cloud, **more) -> Template:
    new = {"format": "QCOW2", "hypervisor": "Simulator", "zoneid": cloud.zone.uuid, "isextractable": True, **more}
    cloud.seller.call("registerTemplate", name="my image", url="https://images.example.org/x.qcow2", **new)
    run_jobs()
    return Template.objects.get()


def made_volume(cloud) -> Volume:
    volume = VolumeFactory(account=cloud.seller_account, zone=cloud.zone)
    owner = {"account": "seller", "domainid": cloud.seller_account.domain.uuid}
    job = cloud.root.call(
        "createVolume",
        name="data",
        zoneid=cloud.zone.uuid,
        diskofferingid=volume.disk_offering.uuid,
        storageid=cloud.pool.uuid,
        **owner,
    )
    run_jobs()
    volume.delete()
    return Volume.objects.get(uuid=job["id"])


def test_an_image_is_downloaded_by_its_address(cloud) -> None:
    image = registered(cloud)
    shown = result(cloud.seller, cloud.seller.call("extractTemplate", id=image.uuid, **MODE))["template"]
    assert (shown["id"], shown["state"], shown["extractMode"]) == (
        str(image.uuid),
        "DOWNLOAD_URL_CREATED",
        "HTTP_DOWNLOAD",
    )
    answer = fetch(shown["url"])
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b"simulated image " + str(image.uuid).encode()
    assert 'filename="my-image.qcow2"' in answer["Content-Disposition"]
    assert Client().post(urlsplit(shown["url"]).path).status_code == 405


def test_an_address_ends(cloud) -> None:
    image = registered(cloud)
    job = cloud.seller.call("extractTemplate", id=image.uuid, **MODE)
    url = result(cloud.seller, job)["template"]["url"]
    DownloadTicket.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert fetch(url).status_code == 531
    clean_up()
    assert not DownloadTicket.objects.exists()
    assert "url" not in str(cloud.seller.call("queryAsyncJobResult", jobid=job["jobid"])["jobresult"])
    url = result(cloud.seller, cloud.seller.call("extractTemplate", id=image.uuid, **MODE))["template"]["url"]
    cloud.seller.call("deleteTemplate", id=image.uuid)
    run_jobs()
    assert fetch(url).status_code == 531


def test_nothing_but_the_right_signature_opens_it(cloud) -> None:
    first = registered(cloud)
    url = result(cloud.seller, cloud.seller.call("extractTemplate", id=first.uuid, **MODE))["template"]["url"]
    _, door, ticket, signature, name = urlsplit(url).path.split("/")
    for path in (
        f"/{door}/{ticket}/x/{name}",
        f"/{door}/{ticket}/{signature[:-1]}{'1' if signature.endswith('0') else '0'}/{name}",
        f"/{door}/00000000-0000-0000-0000-000000000001/{signature}/{name}",
    ):
        assert Client().get(path).status_code == 531, path


def test_who_may_download_an_image(cloud, refusal) -> None:
    closed = TemplateFactory(account=cloud.seller_account, stores=[cloud.store])
    assert refusal(cloud.seller, "extractTemplate", id=closed.uuid, **MODE).code == 531
    assert refusal(cloud.lawyer, "extractTemplate", id=closed.uuid, **MODE).code == 431
    unready = TemplateFactory(account=cloud.seller_account, is_extractable=True, state="Error")
    nowhere = TemplateFactory(account=cloud.seller_account, is_extractable=True)
    assert "not ready" in refusal(cloud.seller, "extractTemplate", id=unready.uuid, **MODE).text
    assert "no image store" in refusal(cloud.seller, "extractTemplate", id=nowhere.uuid, **MODE).text
    assert refusal(cloud.seller, "extractTemplate", id=closed.uuid, mode="FTP_UPLOAD").code == 431
    assert refusal(cloud.root, "extractTemplate", id=closed.uuid, url="ftp://x/y", **MODE).code == 431
    assert not DownloadTicket.objects.exists()
    disc = TemplateFactory(account=cloud.seller_account, format="ISO", is_extractable=True)
    assert refusal(cloud.seller, "extractTemplate", id=disc.uuid, **MODE).code == 431
    assert refusal(cloud.seller, "extractIso", id=closed.uuid, **MODE).code == 431


def test_an_admin_downloads_closed_images_of_his_domain_only(cloud, refusal) -> None:
    """A public image may be one that its owner may not pass on."""
    own, foreign = (
        TemplateFactory(account=account, stores=[cloud.store], is_public=True)
        for account in (cloud.seller_account, cloud.lawyer_account)
    )
    assert refusal(cloud.sales_admin, "extractTemplate", id=foreign.uuid, **MODE).code == 531
    volume = made_volume(cloud)
    for template, code in ((foreign, 531), (own, 200)):
        Volume.objects.filter(pk=volume.pk).update(template=template)
        where = {"id": volume.uuid, "zoneid": cloud.zone.uuid, **MODE}
        assert cloud.sales_admin.send("extractVolume", **where).status_code == code
    assert cloud.sales_admin.send("extractTemplate", id=own.uuid, **MODE).status_code == 200
    assert cloud.root.send("extractTemplate", id=foreign.uuid, **MODE).status_code == 200


def test_who_downloads_the_image_of_another_reads_the_address_alone(cloud, refusal) -> None:
    image = registered(cloud)
    Template.objects.update(is_public=True)
    job = cloud.lawyer.call("extractTemplate", id=image.uuid, **MODE)
    assert fetch(result(cloud.lawyer, job)["template"]["url"]).status_code == 200
    assert refusal(cloud.seller, "queryAsyncJobResult", jobid=job["jobid"]).code == 431


def test_a_file_that_is_gone_opens_no_address(cloud) -> None:
    image = registered(cloud)
    SimulatedTemplate.objects.all().delete()
    job = cloud.seller.call("extractTemplate", id=image.uuid, **MODE)
    run_jobs()
    assert cloud.seller.call("queryAsyncJobResult", jobid=job["jobid"])["jobstatus"] == 2
    assert not DownloadTicket.objects.exists()


def test_a_volume_is_copied_and_downloaded(cloud) -> None:
    volume = made_volume(cloud)
    job = cloud.seller.call("extractVolume", id=volume.uuid, zoneid=cloud.zone.uuid, **MODE)
    shown = result(cloud.seller, job)["volume"]
    assert shown["id"] == str(volume.uuid) and shown["zoneid"] == str(cloud.zone.uuid)
    assert fetch(shown["url"]).status_code == 200
    assert [str(row.volume_uuid) for row in world.volumes()] == [str(volume.uuid)]
    assert [promise.holder_uuid for promise in PoolReservation.objects.all()] == [volume.uuid]
    DownloadTicket.objects.update(expires=timezone.now() - timedelta(seconds=1))
    clean_up()
    assert not SimulatedTemplate.objects.exists() and not DownloadTicket.objects.exists()


def test_which_volumes_are_not_downloaded(cloud, refusal) -> None:
    volume = made_volume(cloud)
    at = {"zoneid": cloud.zone.uuid, **MODE}
    assert refusal(cloud.lawyer, "extractVolume", id=volume.uuid, **at).code == 431
    assert refusal(cloud.seller, "extractVolume", id=volume.uuid, **MODE).code == 431
    unmade = VolumeFactory(account=cloud.seller_account, zone=cloud.zone)
    assert "Allocated" in refusal(cloud.seller, "extractVolume", id=unmade.uuid, **at).text
    Volume.objects.filter(pk=volume.pk).update(template=TemplateFactory(is_public=True))
    assert refusal(cloud.seller, "extractVolume", id=volume.uuid, **at).code == 531
    assert not DownloadTicket.objects.exists()
