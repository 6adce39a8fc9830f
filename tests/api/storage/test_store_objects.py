"""What lies in image stores, over the API."""

import pytest

from apps.infrastructure.factories import ZoneFactory
from apps.storage.factories import ImageStoreFactory, TemplateFactory
from cloudstack.testing.jobs import run_jobs

from .test_downloads import fetch, registered, result

pytestmark = pytest.mark.django_db


def test_files_are_listed_and_fetched(cloud, refusal, django_assert_max_num_queries) -> None:
    image = registered(cloud)
    TemplateFactory(stores=[cloud.store], name="b")
    assert refusal(cloud.seller, "listImageStoreObjects", id=cloud.store.uuid).code == 432
    with django_assert_max_num_queries(4):
        listed = cloud.root.items("listImageStoreObjects", id=cloud.store.uuid)
    assert [row["templatename"] for row in listed] == ["my image", "b"]
    (shown,) = cloud.root.items("listImageStoreObjects", id=cloud.store.uuid, path=f"/{image.uuid}")
    assert (shown["name"], shown["isdirectory"], shown["size"]) == (str(image.uuid), False, 256 << 20)
    assert cloud.root.call("listImageStoreObjects", id=cloud.store.uuid, path="nothing") == {}
    job = cloud.root.call("downloadImageStoreObject", id=cloud.store.uuid, path=shown["name"])
    assert fetch(result(cloud.root, job)["volume"]["url"]).status_code == 200
    for path in ("nothing", "../x", str(TemplateFactory().uuid)):
        assert refusal(cloud.root, "downloadImageStoreObject", id=cloud.store.uuid, path=path).code == 431


def test_a_store_is_emptied_and_taken_away(cloud, refusal) -> None:
    image, other = registered(cloud), ImageStoreFactory(zone=cloud.zone, name="other")
    assert "templates are in" in refusal(cloud.root, "deleteImageStore", id=cloud.store.uuid).text
    move = {"srcpool": cloud.store.uuid}
    for target, words in (
        (cloud.store, "where the images are"),
        (ImageStoreFactory(zone=cloud.zone, read_only=True), "nothing new"),
        (ImageStoreFactory(zone=ZoneFactory()), "does not serve"),
    ):
        assert words in refusal(cloud.root, "migrateSecondaryStorageData", destpools=target.uuid, **move).text
    assert refusal(cloud.seller, "migrateSecondaryStorageData", destpools=other.uuid, **move).code == 432
    elsewhere = TemplateFactory()
    wrong = refusal(
        cloud.root,
        "migrateResourceToAnotherSecondaryStorage",
        destpool=other.uuid,
        templates=elsewhere.uuid,
        **move,
    )
    assert "is not in image store" in wrong.text
    answer = result(cloud.root, cloud.root.call("migrateSecondaryStorageData", destpools=other.uuid, **move))
    assert answer["imagestore"]["success"] is True
    assert cloud.root.call("deleteImageStore", id=cloud.store.uuid) == {"success": True}
    (listed,) = cloud.root.items("listImageStoreObjects", id=other.uuid)
    assert listed["templateid"] == str(image.uuid)
    back = ImageStoreFactory(zone=cloud.zone, name="back")
    job = cloud.root.call(
        "migrateResourceToAnotherSecondaryStorage", srcpool=other.uuid, destpool=back.uuid, templates=image.uuid
    )
    assert "1 images" in result(cloud.root, job)["imagestore"]["message"]
    cloud.seller.call("deleteTemplate", id=image.uuid)
    run_jobs()
    assert cloud.root.call("listImageStoreObjects", id=back.uuid) == {}
