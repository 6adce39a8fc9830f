"""The same workflows on real libvirt hosts: a pool that both see, a real image, thin clones, nothing left behind."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.accounts.factories import AccountFactory, UserFactory, caller_for, root_caller
from apps.accounts.models import ResourceCount
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.storage.factories import DiskOfferingFactory, ImageStoreFactory, VolumeFactory
from apps.storage.models import PoolHost, PoolReservation, StoragePool, Template, TemplatePoolRef, Volume
from apps.storage.services.pool_urls import parse_pool_url
from apps.storage.services.pools import StoragePoolManager
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.services.volume_states import retire
from apps.storage.services.volumes import VolumeManager
from apps.storage.states import PoolState, TemplateState, VolumeState, VolumeType
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.testing.jobs import run_job
from tests.integration.kvm.conftest import Lab, kvm_lab  # noqa: F401 - a fixture
from tests.workflows.storage.test_template_cache import RemoveVolume, start

pytest.importorskip("libvirt", reason="libvirt-python is not installed")
pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.django_db]
GIB, MIB = 1 << 30, 1 << 20


def done(job: AsyncJob) -> None:
    job = run_job(job)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text


def image_info(path: Path) -> dict:
    told = subprocess.run(
        ["qemu-img", "info", "-U", "--output=json", str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(told.stdout)


def test_a_template_becomes_disks_on_a_pool_and_all_of_it_goes_again(
    kvm_lab: Lab,  # noqa: F811
    tmp_path: Path,
    django_capture_on_commit_callbacks: Callable,
) -> None:
    cluster = ClusterFactory(hypervisor="KVM")
    zone = cluster.pod.zone
    hosts = [
        HostFactory(cluster=cluster, uuid=entry["uuid"], name=entry["name"], url=entry["libvirt_uri"], details={})
        for entry in kvm_lab.status["hosts"]
    ]
    owner = AccountFactory()
    root, user = root_caller(), caller_for(UserFactory(account=owner))
    ImageStoreFactory(zone=zone, provider="Directory", url=f"file://{tmp_path / 'images'}")
    before = set(kvm_lab.file(1, kvm_lab.pool_path).iterdir())

    pool, job = StoragePoolManager().add(
        caller=root,
        name="primary",
        zone=zone,
        cluster=cluster,
        place=parse_pool_url(f"sharedmountpoint://localhost{kvm_lab.pool_path}"),
    )
    done(job)
    pool.refresh_from_db()
    assert pool.state == PoolState.UP and pool.capacity_bytes > GIB
    assert PoolHost.objects.filter(pool=pool).count() == 2

    request = TemplateRequest(owner=owner, name="tiny", hypervisor="KVM", format="QCOW2", zones=[zone])
    with django_capture_on_commit_callbacks(execute=True):
        template, job = TemplateManager().import_file(caller=root, request=request, path=kvm_lab.image)
        done(job)
    template.refresh_from_db()
    assert template.state == TemplateState.ACTIVE and template.virtual_size_bytes == 96 * MIB
    assert template.sha256 == hashlib.sha256(kvm_lab.image.read_bytes()).hexdigest()

    disk = VolumeFactory(
        account=owner, zone=zone, template=template, type=VolumeType.ROOT, disk_offering=None, size_bytes=GIB
    )
    done(start(disk))
    disk.refresh_from_db()
    ref = TemplatePoolRef.objects.get()
    info = image_info(kvm_lab.file(2, disk.path))
    assert info["virtual-size"] == GIB and info["full-backing-filename"] == ref.path
    assert hashlib.sha256(kvm_lab.file(1, ref.path).read_bytes()).hexdigest() == template.sha256

    offering = DiskOfferingFactory(custom=True)
    data, job = VolumeManager().create(
        caller=root, owner=owner, name="data", zone=zone, offering=offering, size_gib=1, pool=pool
    )
    done(job)
    data.refresh_from_db()
    done(VolumeManager().resize(caller=user, volume=data, size_gib=2))
    assert image_info(kvm_lab.file(1, data.path))["virtual-size"] == 2 * GIB
    data.refresh_from_db()
    done(VolumeManager().delete(caller=user, volume=data))

    done(TemplateManager().delete(caller=user, template=template))
    assert TemplatePoolRef.objects.exists()  # the root disk stands on it
    disk.refresh_from_db()
    retire(disk)
    done(dispatch(RemoveVolume.name, arguments={"volume_uuid": str(disk.uuid)}))
    done(dispatch("storage.template.evict", arguments={"template_uuid": str(template.uuid)}))
    done(StoragePoolManager().remove(caller=root, pool=pool))

    assert set(kvm_lab.file(1, kvm_lab.pool_path).iterdir()) == before
    assert list((tmp_path / "images").iterdir()) == []
    assert not Volume.objects.exists() and not Template.objects.exists() and not StoragePool.objects.exists()
    assert not PoolReservation.objects.exists() and not PoolHost.objects.exists()
    assert set(Volume.all_objects.values_list("state", flat=True)) == {VolumeState.EXPUNGED}
    counts = ResourceCount.objects.filter(account=owner).values_list("type", "count")
    assert {count for _, count in counts} == {0}, dict(counts)
    assert len(hosts) == 2
