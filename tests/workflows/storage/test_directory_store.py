"""Image stores in directories."""

import pytest

from apps.storage.models import ImageStore
from apps.storage.services.image_stores import ImageStoreManager
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job

pytestmark = pytest.mark.django_db


def test_an_image_store_is_added_when_it_can_be_used(cloud, tmp_path) -> None:
    manager = ImageStoreManager()
    store, job = manager.add(caller=cloud.root, provider="directory", url=f"file://{tmp_path}/a", zone=cloud.zone)
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    store.refresh_from_db()
    assert store.provider == "Directory" and store.capacity_bytes > 0
    (tmp_path / "file").write_text("")
    bad, job = manager.add(caller=cloud.root, provider="Directory", url=f"file://{tmp_path}/file/b", zone=cloud.zone)
    assert run_job(job).status == AsyncJob.Status.FAILED
    assert not ImageStore.objects.filter(pk=bad.pk).exists()
    for provider, url in (("Nowhere", "file:///x/y"), ("Directory", "http://x/y"), ("Directory", "file:///a/../b")):
        with pytest.raises(InvalidParameter):
            manager.add(caller=cloud.root, provider=provider, url=url)
