"""Uploads: one address, one file, for a while, for whoever holds the signature."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.storage.factories import ImageStoreFactory
from apps.storage.models import ImageStore, Template, UploadTicket
from apps.storage.scheduled import clean_up
from apps.storage.services import staging
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    subprocess.run(["qemu-img", "create", "-f", "qcow2", tmp_path / "i", "8M"], check=True, capture_output=True)
    return (tmp_path / "i").read_bytes()


@pytest.fixture
def prepared(cloud, tmp_path: Path) -> dict:
    ImageStore.objects.all().delete()
    ImageStoreFactory(zone=cloud.zone, provider="Directory", url=f"file://{tmp_path / 'store'}")
    return cloud.seller.call(
        "getUploadParamsForTemplate", name="u", format="QCOW2", hypervisor="Simulator", zoneid=cloud.zone.uuid
    )["getuploadparams"]


def post(prepared: dict, body: bytes | None = None, form: dict | None = None, **changes):
    given = {**prepared, **changes}
    headers = {"X-signature": given["signature"], "X-metadata": given["metadata"], "X-expires": given["expires"]}
    path = urlsplit(given["postURL"]).path
    if form is not None:
        return Client().post(path, form, headers=headers)
    return Client().post(path, body, content_type="application/octet-stream", headers=headers)


def test_the_answer_holds_what_clients_need(cloud, prepared) -> None:
    assert set(prepared) == {"id", "postURL", "metadata", "expires", "signature"}
    (shown,) = cloud.seller.items("listTemplates", templatefilter="self")
    assert shown["id"] == prepared["id"] and shown["status"] == "Waiting to be uploaded"


@pytest.mark.parametrize("as_form", [False, True])
def test_an_uploaded_image_is_checked_and_kept(
    cloud, prepared, image: bytes, tmp_path: Path, as_form: bool, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        form = {"file": SimpleUploadedFile("x.qcow2", image)} if as_form else None
        answer = post(prepared, image, form)
        assert answer.status_code == 200, answer.content
        run_jobs()
    (shown,) = cloud.seller.items("listTemplates", templatefilter="selfexecutable")
    assert shown["size"] == 8 << 20
    assert (tmp_path / "store" / prepared["id"]).read_bytes() == image
    assert list(staging.staging_dir().iterdir()) == []


def test_what_is_no_image_is_refused_by_the_check(cloud, prepared, tmp_path: Path) -> None:
    assert post(prepared, b"hello").status_code == 200
    run_jobs()
    template = Template.objects.get()
    assert template.state == "UploadError" and "no QCOW2" in template.error
    assert list(staging.staging_dir().iterdir()) == [] and not (tmp_path / "store" / prepared["id"]).exists()


def test_an_address_works_once(prepared, image: bytes) -> None:
    assert post(prepared, image).status_code == 200
    assert post(prepared, image).status_code == 531


def test_nothing_but_the_right_signature_opens_it(prepared, image: bytes) -> None:
    for changes in (
        {"signature": "x"},
        {"signature": ""},
        {"signature": "ä"},
        {"metadata": "e30="},
        {"expires": "2099-01-01T00:00:00+0000"},
        {"postURL": "/upload/00000000-0000-0000-0000-000000000001"},
    ):
        assert post(prepared, image, **changes).status_code == 531
    assert UploadTicket.objects.get().claimed is None
    assert list(staging.staging_dir().iterdir()) == []


def test_a_late_upload_is_refused_and_the_template_says_so(prepared, image: bytes) -> None:
    UploadTicket.objects.update(expires="2020-01-01T00:00:00Z")
    assert post(prepared, image).status_code == 531
    clean_up()
    assert Template.objects.get().state == "UploadAbandoned"


@pytest.mark.parametrize("as_form", [False, True])
def test_a_file_above_the_bound_is_refused_while_it_arrives(prepared, monkeypatch, as_form: bool) -> None:
    monkeypatch.setattr(staging, "max_image_bytes", lambda: 1000)
    form = {"file": SimpleUploadedFile("x", b"0" * 5000)} if as_form else None
    answer = post(prepared, b"0" * 5000, form)
    assert answer.status_code == 431
    assert Template.objects.get().state == "UploadError"
    assert list(staging.staging_dir().iterdir()) == []


def test_an_empty_upload_is_refused(prepared) -> None:
    assert post(prepared, b"").status_code == 431
    assert Template.objects.get().state == "UploadError"


def test_an_upload_that_never_came_can_be_deleted(cloud, prepared) -> None:
    cloud.seller.call("deleteTemplate", id=prepared["id"])
    run_jobs()
    assert not Template.objects.exists() and not UploadTicket.objects.exists()
