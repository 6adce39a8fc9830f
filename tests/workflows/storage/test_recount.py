"""The recount of the accounts app finds what storage really holds."""

import pytest

from apps.accounts.models import ResourceCount, ResourceType
from apps.accounts.services.counting import recount_account
from apps.infrastructure.services.guards import refuse_when_used
from apps.storage.factories import DiskOfferingFactory
from apps.storage.models import Volume
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.services.volumes import VolumeManager
from cloudstack.framework.errors import ResourceInUse
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def test_counters_agree_with_what_is_held_also_while_a_volume_grows(cloud) -> None:
    for number in range(3):
        VolumeManager().create(
            caller=cloud.user,
            owner=cloud.owner,
            name=f"v{number}",
            zone=cloud.zone,
            offering=DiskOfferingFactory(custom=True),
            size_gib=2,
        )
    request = TemplateRequest(
        owner=cloud.owner, name="t", hypervisor="Simulator", format="QCOW2", zones=[cloud.zone], bootable=False
    )
    TemplateManager().register(caller=cloud.user, request=request, url="https://images.example.org/x.qcow2")
    run_jobs()
    first, second, _ = Volume.objects.order_by("id")
    VolumeManager().destroy(caller=cloud.user, volume=first)
    VolumeManager().resize(caller=cloud.user, volume=second, size_gib=9)
    assert recount_account(cloud.owner) == {}
    run_jobs()
    assert recount_account(cloud.owner) == {}
    assert cloud.count(ResourceType.SECONDARY_STORAGE) > 0
    ResourceCount.objects.filter(account=cloud.owner).update(count=77)
    assert {counted.kind for counted in recount_account(cloud.owner)} >= {
        ResourceType.VOLUME,
        ResourceType.PRIMARY_STORAGE,
        ResourceType.TEMPLATE,
        ResourceType.SECONDARY_STORAGE,
    }
    assert (cloud.count(ResourceType.VOLUME), cloud.count(ResourceType.PRIMARY_STORAGE)) == (2, 11 << 30)


def test_places_with_storage_are_not_deleted(cloud) -> None:
    for place in (cloud.zone, cloud.pool.pod, cloud.pool.cluster):
        with pytest.raises(ResourceInUse, match="1 storage pools"):
            refuse_when_used(place)
