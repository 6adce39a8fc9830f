"""What hangs on objects goes with them, follows their owners, and is shown at a constant price."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factories import AccountFactory
from apps.infrastructure.factories import HostFactory
from apps.metadata.factories import detail, icon, note, tag
from apps.metadata.models import Annotation, ResourceDetail, ResourceIcon, ResourceTag
from apps.metadata.scheduled import collect_orphans
from apps.network.factories import NetworkFactory
from apps.storage.factories import StoragePoolFactory, TemplateFactory
from apps.storage.models import StoragePool, Volume

from .conftest import Tenancy


def hang(tenancy: Tenancy, volume: Any) -> None:
    tag(volume, "Volume", "env")
    detail(volume, "Volume", "k")
    note(volume, "VOLUME", "x", tenancy.user)


def hanging() -> list[int]:
    return [model.objects.count() for model in (ResourceTag, ResourceDetail, Annotation)]


def test_the_collector_deletes_what_hangs_on_nothing(tenancy: Tenancy) -> None:
    gone, left = tenancy.volume(), tenancy.volume()
    for volume in (gone, left):
        hang(tenancy, volume)
    icon(TemplateFactory(account=tenancy.account), "Template")
    Volume.objects.filter(pk=gone.pk).update(removed=timezone.now())
    assert hanging() == [2, 2, 2]
    collect_orphans()
    collect_orphans()
    assert hanging() == [1, 1, 1] and ResourceIcon.objects.count() == 1
    assert ResourceTag.objects.get().object_uuid == left.uuid


def test_the_collector_gives_tags_to_the_owner_of_their_object(tenancy: Tenancy) -> None:
    volume, zone = tenancy.volume(), tenancy.volume().zone
    tag(volume, "Volume", "env")
    tag(zone, "Zone", "tier", account=tenancy.account)
    other = AccountFactory()
    Volume.objects.filter(pk=volume.pk).update(account=other, domain=other.domain)
    collect_orphans()
    owners = dict(ResourceTag.objects.values_list("kind", "account__name"))
    assert owners == {"Volume": other.name, "Zone": tenancy.account.name}
    assert ResourceTag.objects.get(kind="Volume").domain == other.domain


def test_nothing_is_hung_on_an_object_that_goes_before_the_job_comes(tenancy: Tenancy) -> None:
    volume = tenancy.volume()
    pair = [{"key": "a", "value": "1"}]
    answers = [
        tenancy.api.call("createTags", resourcetype="Volume", resourceids=volume.uuid, tags=pair),
        tenancy.root.call("addResourceDetail", resourcetype="Volume", resourceid=volume.uuid, details=pair),
    ]
    volume.mark_removed()
    for answer in answers:
        ended = tenancy.run(answer)
        assert ended["jobstatus"] == 2 and "gone" in ended["jobresult"]["errortext"]
    assert hanging() == [0, 0, 0]


def test_a_volume_that_is_given_away_takes_its_tags_along(tenancy: Tenancy) -> None:
    volume = tenancy.volume()
    tag(volume, "Volume", "env")
    tenancy.root.call("assignVolume", volumeid=volume.uuid, accountid=tenancy.stranger_account.uuid)
    assert tenancy.api.items("listTags") == []
    assert [row["account"] for row in tenancy.stranger.items("listTags")] == ["lawyer"]


def test_a_host_shows_its_newest_note_and_takes_its_notes_along(tenancy: Tenancy) -> None:
    host = HostFactory()
    [row] = tenancy.root.items("listHosts", id=host.uuid)
    assert row["hasannotations"] is False and "annotation" not in row and "lastannotated" not in row
    tenancy.root.call("addAnnotation", entitytype="HOST", entityid=host.uuid, annotation="first")
    tenancy.root.call("updateHost", id=host.uuid, annotation="second")
    [row] = tenancy.root.items("listHosts", id=host.uuid)
    assert (row["hasannotations"], row["annotation"]) == (True, "second") and row["lastannotated"] and row["username"]
    tenancy.root.call("deleteHost", id=host.uuid, forced=True)
    assert tenancy.root.items("listAnnotations") == []


def test_tags_of_pools_are_listed_one_by_one(tenancy: Tenancy) -> None:
    tenancy.volume()
    StoragePoolFactory(tags="fast,ssd")
    StoragePoolFactory(tags="ssd")
    rows = tenancy.root.items("listStorageTags")
    assert [row["name"] for row in rows] == ["fast", "ssd", "ssd"] and len({row["id"] for row in rows}) == 3
    assert rows == tenancy.root.items("listStorageTags") and StoragePool.objects.exists()
    assert [row["name"] for row in tenancy.root.items("listStorageTags", keyword="FA")] == ["fast"]
    assert tenancy.root.call("listStorageTags", page=2, pagesize=1)["count"] == 3
    assert tenancy.domain_admin.items("listStorageTags") == []


LISTS = {
    "listVirtualMachines": (("UserVm", "VM"), 6),
    "listNetworks": (("Network", "NETWORK"), 6),
    "listVolumes": (("Volume", "VOLUME"), 4),
}


@pytest.mark.parametrize("command", LISTS)
def test_what_hangs_on_the_rows_of_a_list_costs_the_same_for_many(tenancy: Tenancy, command: str) -> None:
    (kind, noted), most = LISTS[command]
    icons = {"showicon": True} if command != "listVolumes" else {}

    def one_more(number: int) -> None:
        made: Any
        if kind == "UserVm":
            made = tenancy.machine(f"m{number}")
        else:
            made = tenancy.volume() if kind == "Volume" else NetworkFactory(account=tenancy.account)
        for key in ("a", "b"):
            tag(made, kind, f"{key}{number}")
        note(made, noted, "x", tenancy.user)
        if icons:
            icon(made, kind)
        if kind != "UserVm":
            detail(made, kind, "k")

    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            rows = tenancy.api.items(command, page=1, pagesize=100, **icons)
        assert all(len(row["tags"]) == 2 and row["hasannotations"] and (not icons or row["icon"]) for row in rows)
        return [json.dumps(query["sql"])[:300] for query in captured]

    one_more(0)
    tenancy.api.items(command)
    before = statements()
    for number in range(1, 8):
        one_more(number)
    after = statements()
    assert len(after) == len(before) <= most, "\n".join(after)
