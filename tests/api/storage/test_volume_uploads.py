"""Volumes that their owners bring, by address or by upload."""

import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client

from apps.accounts.models import ResourceCount, ResourceType
from apps.storage.factories import DiskOfferingFactory, ImageStoreFactory
from apps.storage.models import ImageStore, Template, UploadTicket, Volume
from apps.storage.scheduled import clean_up
from apps.storage.services import staging
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import SimulatedTemplate

pytestmark = pytest.mark.django_db
GIB = 1 << 30


def counted(account) -> dict[str, int]:
    kinds = (ResourceType.VOLUME, ResourceType.PRIMARY_STORAGE, ResourceType.SECONDARY_STORAGE, ResourceType.TEMPLATE)
    rows = dict(ResourceCount.objects.filter(account=account, type__in=kinds).values_list("type", "count"))
    return {kind.name: rows[kind] for kind in kinds if rows.get(kind)}


def upload(cloud, **parameters) -> dict:
    values = {
        "name": "mine",
        "format": "QCOW2",
        "url": "https://images.example.org/disk.qcow2",
        "zoneid": cloud.zone.uuid,
        **parameters,
    }
    return cloud.seller.call("uploadVolume", **values)


def done(client, job) -> dict:
    run_jobs()
    answer = client.call("queryAsyncJobResult", jobid=job["jobid"])
    assert answer["jobstatus"] == 1, answer
    return answer["jobresult"]["volume"]


def test_a_volume_is_brought_and_shown(cloud) -> None:
    job = upload(cloud)
    (waiting,) = cloud.seller.items("listVolumes")
    assert waiting["state"] == "UploadOp" and "size" not in waiting
    shown = done(cloud.seller, job)
    assert (shown["state"], shown["size"], shown["status"]) == ("Uploaded", 2 * GIB, "Upload Complete")
    assert counted(cloud.seller_account) == {"VOLUME": 1, "PRIMARY_STORAGE": 2 * GIB, "SECONDARY_STORAGE": 256 << 20}
    for client, account in ((cloud.seller, "self"), (cloud.root, "all")):
        assert client.items("listTemplates", templatefilter=account) == []
    image = Template.objects.get()
    assert cloud.root.call("listTemplates", templatefilter="all", id=image.uuid) == {}
    assert world.volumes().count() == 0


def test_what_was_brought_goes_with_its_volume(cloud) -> None:
    volume = done(cloud.seller, upload(cloud))["id"]
    cloud.seller.call("destroyVolume", id=volume)
    run_jobs()
    assert cloud.seller.call("recoverVolume", id=volume)["volume"]["state"] == "Uploaded"
    cloud.seller.call("deleteVolume", id=volume)
    run_jobs()
    clean_up()
    run_jobs()
    assert counted(cloud.seller_account) == {}
    assert not Template.objects.exists() and not SimulatedTemplate.objects.exists()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"url": "http://127.0.0.1/x"}, "url"),
        ({"format": "VMDK"}, "format"),
        ({"checksum": "12"}, "checksum"),
        ({"zoneid": uuid.UUID(int=1)}, "zoneid"),
        ({"name": " "}, "name"),
        ({"imagestoreuuid": uuid.UUID(int=1)}, "imagestoreuuid"),
        ({"diskofferingid": uuid.UUID(int=1)}, "diskofferingid"),
    ],
)
def test_bad_input_leaves_nothing(cloud, refusal, parameters: dict, words: str) -> None:
    values = {"name": "m", "format": "QCOW2", "url": "https://images.example.org/x", "zoneid": cloud.zone.uuid}
    error = refusal(cloud.seller, "uploadVolume", **{**values, **parameters})
    assert error.code == 431 and words in error.text
    assert not Volume.objects.exists() and not Template.objects.exists() and not AsyncJob.objects.exists()
    assert counted(cloud.seller_account) == {}


def test_a_fixed_offering_is_refused(cloud, refusal) -> None:
    values = {"name": "m", "format": "QCOW2", "url": "https://images.example.org/x", "zoneid": cloud.zone.uuid}
    error = refusal(cloud.seller, "uploadVolume", diskofferingid=DiskOfferingFactory().uuid, **values)
    assert error.code == 431 and "custom" in error.text
    custom = DiskOfferingFactory(custom=True)
    assert done(cloud.seller, upload(cloud, diskofferingid=custom.uuid))["diskofferingid"] == str(custom.uuid)


def test_a_volume_that_is_too_large_says_so(cloud) -> None:
    ConfigurationManager().update(caller=None, name="storage.max.volume.size", value="1")
    job = upload(cloud)
    run_jobs()
    answer = cloud.seller.call("queryAsyncJobResult", jobid=job["jobid"])
    assert answer["jobstatus"] == 2 and "1 to 1 GiB" in answer["jobresult"]["errortext"]
    (shown,) = cloud.seller.items("listVolumes")
    assert shown["state"] == "UploadError" and "1 to 1 GiB" in shown["status"]
    assert not SimulatedTemplate.objects.exists()
    cloud.seller.call("deleteVolume", id=shown["id"])
    run_jobs()
    clean_up()
    run_jobs()
    assert counted(cloud.seller_account) == {} and not Template.objects.exists()


@pytest.fixture
def prepared(cloud, tmp_path: Path) -> dict:
    ImageStore.objects.all().delete()
    ImageStoreFactory(zone=cloud.zone, provider="Directory", url=f"file://{tmp_path / 'store'}")
    return cloud.seller.call("getUploadParamsForVolume", name="u", format="QCOW2", zoneid=cloud.zone.uuid)[
        "getuploadparams"
    ]


def post(prepared: dict, body: bytes):
    headers = {f"X-{name}": prepared[name] for name in ("signature", "metadata", "expires")}
    path = urlsplit(prepared["postURL"]).path
    return Client().post(path, body, content_type="application/octet-stream", headers=headers)


def test_an_upload_becomes_a_volume(cloud, prepared: dict, tmp_path: Path, django_capture_on_commit_callbacks) -> None:
    (waiting,) = cloud.seller.items("listVolumes")
    assert (waiting["id"], waiting["status"]) == (prepared["id"], "Waiting to be uploaded")
    subprocess.run(["qemu-img", "create", "-f", "qcow2", tmp_path / "i", "8M"], check=True, capture_output=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert post(prepared, (tmp_path / "i").read_bytes()).status_code == 200
        run_jobs()
    (shown,) = cloud.seller.items("listVolumes")
    assert (shown["state"], shown["size"]) == ("Uploaded", 8 << 20)
    assert list(staging.staging_dir().iterdir()) == []


def test_an_upload_that_is_no_image_or_never_comes(cloud, prepared: dict) -> None:
    assert post(prepared, b"hello").status_code == 200
    run_jobs()
    (shown,) = cloud.seller.items("listVolumes")
    assert shown["state"] == "UploadError" and "no QCOW2" in shown["status"]
    cloud.seller.call("getUploadParamsForVolume", name="late", format="RAW", zoneid=cloud.zone.uuid)
    UploadTicket.objects.update(expires="2020-01-01T00:00:00Z")
    clean_up()
    assert Volume.objects.get(name="late").state == "UploadAbandoned"
    assert not Volume.objects.exclude(state__in=("UploadError", "UploadAbandoned")).exists()
