"""plan=true on commands of storage: what would happen, in words, and nothing has."""

import pytest
from django.apps import apps

from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import DiskOfferingFactory, GuestOsFactory, ImageStoreFactory, StoragePoolFactory

from .test_downloads import made_volume, registered

pytestmark = pytest.mark.django_db
MODE = {"mode": "HTTP_DOWNLOAD"}


def rows() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_app_config("storage").get_models()}


def test_plans_tell_what_would_happen(cloud) -> None:
    volume, image, other = made_volume(cloud), registered(cloud), ZoneFactory()
    ImageStoreFactory(zone=other, name="far away")
    pool = StoragePoolFactory(cluster=cloud.pool.cluster)
    larger = DiskOfferingFactory(size_gib=9)
    system = GuestOsFactory()
    before = rows()
    at = {"zoneid": cloud.zone.uuid}
    url = "https://images.example.org/x.iso"
    for command, parameters, words in (
        ("createTemplate", {"volumeid": volume.uuid, "name": "t", "ostypeid": system.uuid}, "copy data of"),
        ("extractVolume", {"id": volume.uuid, **at, **MODE}, "image store"),
        ("extractTemplate", {"id": image.uuid, **MODE}, "give out an address"),
        ("copyTemplate", {"id": image.uuid, "destzoneid": other.uuid}, "far away"),
        ("prepareTemplate", {"templateid": image.uuid, **at}, cloud.pool.name),
        ("migrateVolume", {"volumeid": volume.uuid, "storageid": pool.uuid}, pool.name),
        ("checkVolume", {"id": volume.uuid, "repair": "all"}, "repair all"),
        ("changeOfferingForVolume", {"id": volume.uuid, "diskofferingid": larger.uuid}, "grow"),
        ("registerIso", {"name": "i", "displaytext": "i", "url": url, **at}, "bring i"),
        ("uploadVolume", {"name": "u", "format": "RAW", "url": url, **at}, "bring u"),
    ):
        plan = cloud.root.call(command, plan=True, **parameters)["plan"]
        assert plan["succeeds"] is True, plan
        told = " / ".join(step["description"] for job in plan["jobs"] for step in job["steps"])
        assert words in told, f"{command}: {told}"
    assert rows() == before
