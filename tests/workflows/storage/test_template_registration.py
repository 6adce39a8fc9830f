"""Templates from web addresses and uploads: what is kept, what is refused, what a dead worker leaves."""

import hashlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.accounts.models import ResourceType
from apps.storage.factories import ImageStoreFactory
from apps.storage.models import ImageStore, Template
from apps.storage.services import staging
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.states import TemplateState
from apps.storage.workflows import register_template
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter, LimitExceeded
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from plugins.hypervisors.simulator.faults import SimulatedCrash

pytestmark = pytest.mark.django_db
MIB = 1 << 20


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None: ...


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("images")

    def qemu_img(*arguments: str) -> None:
        subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, cwd=folder)

    qemu_img("create", "-f", "qcow2", "good.qcow2", "8M")
    qemu_img("create", "-f", "qcow2", "-F", "qcow2", "-b", "good.qcow2", "backed.qcow2")
    qemu_img("create", "-f", "qcow2", "huge.qcow2", "60G")
    (folder / "page.html").write_text("<!doctype html>nothing here")
    return folder


@pytest.fixture
def address(cloud, images: Path) -> Iterator[Callable[[str], str]]:
    """A web server of the images; the operator has allowed downloads from this machine."""
    update = ConfigurationManager().update
    update(caller=cloud.root, name="secstorage.allowed.internal.sites", value="127.0.0.0/8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(images)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda name: f"http://127.0.0.1:{server.server_port}/{name}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def directory(cloud, tmp_path: Path) -> ImageStore:
    """A real directory as the zone's only image store."""
    ImageStore.objects.filter(pk=cloud.store.pk).delete()
    return ImageStoreFactory(zone=cloud.zone, provider="Directory", url=f"file://{tmp_path / 'store'}")


def request(cloud, **changes) -> TemplateRequest:
    values = {"owner": cloud.owner, "name": "t", "hypervisor": "Simulator", "format": "QCOW2", "zones": [cloud.zone]}
    return TemplateRequest(**{**values, "bootable": False, **changes})


def register(cloud, url: str, **changes) -> tuple[Template, AsyncJob]:
    template, job = TemplateManager().register(caller=cloud.user, request=request(cloud, **changes), url=url)
    return template, run_job(job)


def files(tmp_path: Path) -> list[str]:
    """Everything that lies in the image store and in staging."""
    return sorted(p.name for folder in ("store", "data/staging") for p in (tmp_path / folder).glob("*"))


def assert_refused(cloud, tmp_path: Path, template: Template, job: AsyncJob, words: str) -> None:
    template.refresh_from_db()
    assert job.status == AsyncJob.Status.FAILED and words in job.error_text
    assert template.state == TemplateState.ERROR and words in template.error
    assert files(tmp_path) == []
    assert cloud.count(ResourceType.SECONDARY_STORAGE) == 0
    assert Event.objects.filter(type="TEMPLATE.DOWNLOAD.FAILED", resource_uuid=template.uuid).exists()
    cloud.assert_settled()


def test_a_good_image_is_checked_and_kept(cloud, directory, address, images, tmp_path: Path) -> None:
    body = (images / "good.qcow2").read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    template, job = register(cloud, address("good.qcow2"), checksum="{SHA-256}" + digest)
    template.refresh_from_db()
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert template.state == TemplateState.ACTIVE
    assert (template.virtual_size_bytes, template.physical_size_bytes, template.sha256) == (8 * MIB, len(body), digest)
    assert files(tmp_path) == [str(template.uuid)]
    assert (tmp_path / "store" / str(template.uuid)).read_bytes() == body
    assert cloud.count(ResourceType.SECONDARY_STORAGE) == len(body)
    cloud.assert_settled()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("backed.qcow2", "backing file"),
        ("huge.qcow2", "60.0 GiB; 50.0 GiB are allowed"),
        ("page.html", "web page"),
        ("absent", "404"),
    ],
)
def test_what_is_no_harmless_image_is_refused(cloud, directory, address, tmp_path, name: str, words: str) -> None:
    template, job = register(cloud, address(name))
    assert_refused(cloud, tmp_path, template, job, words)


def test_a_wrong_checksum_is_refused(cloud, directory, address, tmp_path: Path) -> None:
    template, job = register(cloud, address("good.qcow2"), checksum="{MD5}" + "0" * 32)
    assert_refused(cloud, tmp_path, template, job, "checksum")


def test_a_file_above_the_bound_is_refused(cloud, directory, address, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(staging, "max_image_bytes", lambda: 1000)
    template, job = register(cloud, address("good.qcow2"))
    assert_refused(cloud, tmp_path, template, job, "1000 are allowed")


def test_a_private_address_is_refused_in_the_request(cloud, directory) -> None:
    for url in ("http://127.0.0.1/x", "http://169.254.169.254/x", "http://[::1]/x", "file:///etc/passwd"):
        with pytest.raises(InvalidParameter) as refused:
            TemplateManager().register(caller=cloud.user, request=request(cloud), url=url)
        assert refused.value.parameter == "url"
    assert not Template.objects.exists() and not AsyncJob.objects.exists()


def test_a_name_that_leads_to_a_private_address_is_refused_by_the_job(
    cloud, directory, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("cloudstack.framework.safe_fetch.resolve", lambda host, port: ["10.0.0.7"])
    template, job = register(cloud, "http://images.example.org/x.qcow2")
    assert_refused(cloud, tmp_path, template, job, "10.0.0.7 is not a public address")
    assert job.error_code == 431


def test_secondary_storage_is_limited(cloud, directory, address, tmp_path: Path, images) -> None:
    update = ConfigurationManager().update
    update(caller=cloud.root, name="max.account.secondary.storage", value="0")
    template, job = register(cloud, address("good.qcow2"))
    assert_refused(cloud, tmp_path, template, job, "secondary_storage")
    assert job.error_code == 535
    update(caller=cloud.root, name="max.account.templates", value="1")
    with pytest.raises(LimitExceeded):
        register(cloud, address("good.qcow2"))


@pytest.mark.parametrize("where", ["digests", "check_image", "put", "note"])
def test_a_worker_that_dies_leaves_nothing_that_the_next_does_not_mend(
    cloud, directory, address, tmp_path: Path, monkeypatch, where: str
) -> None:
    """Killed after the download, during the check, after the copy into the store, and before it was noted."""
    from plugins.storage.directory.driver import DirectoryStore

    died = []

    def dying(real: Callable) -> Callable:
        def call(*args, **kwargs):
            result = real(*args, **kwargs)
            if not died:
                died.append(True)
                raise SimulatedCrash(where)
            return result

        return call

    target, name = {
        "digests": (register_template, "fetch"),
        "check_image": (register_template, "check_image"),
        "put": (DirectoryStore, "put"),
        "note": (register_template.BringFile, "_count"),
    }[where]
    monkeypatch.setattr(target, name, dying(getattr(target, name)))
    template, job = TemplateManager().register(caller=cloud.user, request=request(cloud), url=address("good.qcow2"))
    with pytest.raises(SimulatedCrash):
        run_jobs()
    worker_died()
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED, job.error_text
    template.refresh_from_db()
    assert died and template.state == TemplateState.ACTIVE
    assert files(tmp_path) == [str(template.uuid)]
    assert cloud.count(ResourceType.SECONDARY_STORAGE) == template.physical_size_bytes
    cloud.assert_settled()


def test_a_file_of_the_machine_is_imported_for_the_operator(
    cloud, directory, images, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    source = images / "good.qcow2"
    with django_capture_on_commit_callbacks(execute=True):
        template, job = TemplateManager().import_file(caller=cloud.root, request=request(cloud), path=source)
        job = run_job(job)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert files(tmp_path) == [str(template.uuid)] and source.exists()
    cloud.assert_settled()


def test_deleting_takes_files_and_counts_away(cloud, directory, address, tmp_path: Path) -> None:
    template, _ = register(cloud, address("good.qcow2"))
    template.refresh_from_db()
    assert cloud.count(ResourceType.TEMPLATE) == 1
    assert run_job(TemplateManager().delete(caller=cloud.user, template=template)).status == AsyncJob.Status.SUCCEEDED
    assert files(tmp_path) == [] and not Template.objects.exists()
    assert cloud.count(ResourceType.SECONDARY_STORAGE) == cloud.count(ResourceType.TEMPLATE) == 0
    cloud.assert_settled()


def test_a_refused_template_can_be_deleted(cloud, directory, address, tmp_path: Path) -> None:
    template, _ = register(cloud, address("page.html"))
    template.refresh_from_db()
    assert run_job(TemplateManager().delete(caller=cloud.user, template=template)).status == AsyncJob.Status.SUCCEEDED
    assert cloud.count(ResourceType.TEMPLATE) == 0
    cloud.assert_settled()


def test_a_simulated_store_fetches_by_itself(cloud) -> None:
    template, job = register(cloud, "https://images.example.org/any.qcow2")
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    template.refresh_from_db()
    assert template.state == TemplateState.ACTIVE and template.virtual_size_bytes == 2 << 30
    cloud.assert_settled()
