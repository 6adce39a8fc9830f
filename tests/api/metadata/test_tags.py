"""Tags: who attaches them to what, who sees them, and that they go with the object."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import project_of
from apps.metadata.factories import tag
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import pair_columns
from apps.storage.factories import TemplateFactory
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs

from .conftest import NOBODY, OBJECTS, OPERATORS, Tenancy


def pairs(**tags: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def shown(client: ApiClient, **params: Any) -> set[tuple[str, str]]:
    return {(row["key"], row["value"]) for row in client.items("listTags", **params)}


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_of_each_kind_gets_a_tag_and_loses_it(tenancy: Tenancy, kind: str) -> None:
    thing = OBJECTS[kind](tenancy)
    client = tenancy.root if kind in OPERATORS else tenancy.api
    target = {"resourcetype": kind.lower(), "resourceids": thing.uuid}
    tenancy.done(client, "createTags", **target, tags=pairs(Env="prod"), customer="ACME")
    [row] = client.items("listTags", resourcetype=kind)
    assert row.pop("domainpath").startswith("ROOT")
    owner = tenancy.account if client is tenancy.api else ResourceTag.objects.get().account
    assert row == {
        "key": "Env", "value": "prod", "resourcetype": kind, "resourceid": str(thing.uuid), "customer": "ACME",
        "account": owner.name, "domain": owner.domain.name, "domainid": str(owner.domain.uuid),
    }  # fmt: skip
    assert set(Event.objects.filter(type="CREATE_TAGS").values_list("state", flat=True)) >= {"Scheduled", "Completed"}
    tenancy.done(client, "deleteTags", **target)
    assert client.items("listTags", listall=True) == []


@pytest.mark.parametrize("kind", OBJECTS)
def test_nobody_tags_what_is_not_his(tenancy: Tenancy, kind: str, refusal: Callable[..., ApiError]) -> None:
    thing = OBJECTS[kind](tenancy)
    for client in (tenancy.stranger, tenancy.beside):
        for command, more in (("createTags", {"tags": pairs(a="b")}), ("deleteTags", {})):
            error = refusal(client, command, resourcetype=kind, resourceids=thing.uuid, **more)
            missing = refusal(client, command, resourcetype=kind, resourceids=NOBODY, **more)
            if kind in OPERATORS:
                assert error.code == 531
            else:
                assert error.code == 431 and error.text == missing.text.replace(NOBODY, str(thing.uuid))
    assert not ResourceTag.objects.exists()


def test_tags_of_a_project_are_for_its_members(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    project = project_of(tenancy.account)
    target = {"resourcetype": "Project", "resourceids": project.uuid}
    assert refusal(tenancy.stranger, "createTags", **target, tags=pairs(a="b")).code == 431
    tenancy.done(tenancy.api, "createTags", **target, tags=pairs(team="red"))
    [row] = tenancy.api.items("listTags", projectid=project.uuid)
    assert (row["project"], row["projectid"], row["value"]) == (project.name, str(project.uuid), "red")
    assert "account" not in row and tenancy.api.items("listTags") == []
    [shown_project] = tenancy.api.items("listProjects", tags=[{"key": "team"}])
    assert [one["value"] for one in shown_project["tags"]] == ["red"]
    assert tenancy.api.items("listProjects", tags=[{"key": "other"}]) == []


def test_a_plan_says_which_tags_and_leaves_none(tenancy: Tenancy) -> None:
    volume = tenancy.volume(name="disk")
    params = {"resourcetype": "Volume", "resourceids": volume.uuid}
    plan = tenancy.api.call("createTags", **params, tags=pairs(env="prod"), plan=True)["plan"]
    assert [step["description"] for job in plan["jobs"] for step in job["steps"]] == ["attach env=prod to disk"]
    assert not ResourceTag.objects.exists() and not AsyncJob.objects.exists()
    tag(volume, "Volume", "env", "prod")
    plan = tenancy.api.call("deleteTags", **params, plan=True)["plan"]
    assert [step["description"] for job in plan["jobs"] for step in job["steps"]] == ["take env=prod off disk"]
    assert ResourceTag.objects.exists()


def test_what_is_shared_may_be_seen_and_not_tagged(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    public = TemplateFactory(account=tenancy.account, is_public=True)
    tag(public, "Template", "distro", "debian")
    error = refusal(tenancy.stranger, "createTags", resourcetype="Template", resourceids=public.uuid, tags=pairs(a="b"))
    assert error.code == 531
    [row] = tenancy.stranger.items("listTemplates", templatefilter="featured" if public.is_featured else "community")
    assert [(one["key"], one["value"]) for one in row["tags"]] == [("distro", "debian")]


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ([{"key": "", "value": "x"}], "tags"),
        ([{"value": "x"}], "tags[0].key"),
        ([{"key": "a"}], "value of a"),
        ([{"key": "a", "value": "  "}], "value of a"),
        ([{"key": "k" * 256, "value": "x"}], "255"),
        ([{"key": "a", "value": "x" * 1025}], "1024"),
        ([{"key": "a", "value": "1"}, {"key": "A", "value": "2"}], "twice"),
        ([{"key": "taken", "value": "other"}], "already"),
        ([{"key": "TAKEN", "value": "x"}], "already"),
    ],
)
def test_what_is_no_tag_is_refused(tenancy: Tenancy, tags: Any, why: str, refusal: Callable[..., ApiError]) -> None:
    volume = tenancy.volume()
    tag(volume, "Volume", "taken")
    error = refusal(tenancy.api, "createTags", resourcetype="Volume", resourceids=volume.uuid, tags=tags)
    assert error.code == 431 and why in error.text
    assert ResourceTag.objects.count() == 1


def test_an_unknown_kind_is_refused_with_those_that_there_are(
    tenancy: Tenancy, refusal: Callable[..., ApiError]
) -> None:
    vm = tenancy.machine()
    error = refusal(tenancy.api, "createTags", resourcetype="Machine", resourceids=vm.uuid, tags=pairs(a="b"))
    assert error.code == 431 and "Machine" in error.text and "UserVm" in error.text
    # A machine is no volume, a template is no ISO.
    for kind, thing in (("Volume", vm), ("ISO", vm.template)):
        assert refusal(tenancy.api, "createTags", resourcetype=kind, resourceids=thing.uuid, tags=pairs(a="b"))


def test_one_call_attaches_no_more_than_one_transaction_should(
    tenancy: Tenancy, refusal: Callable[..., ApiError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.metadata.services.tags.MOST_AT_ONCE", 3)
    ids = f"{tenancy.volume().uuid},{tenancy.volume().uuid}"
    error = refusal(tenancy.api, "createTags", resourcetype="Volume", resourceids=ids, tags=pairs(a="1", b="2"))
    assert error.code == 431 and "more than 3" in error.text


def test_one_bad_object_leaves_all_untagged(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    first, second, free = tenancy.volume(), tenancy.volume(), tenancy.volume()
    tag(second, "Volume", "env")
    ids = f"{first.uuid},{second.uuid}"
    assert refusal(tenancy.api, "createTags", resourcetype="Volume", resourceids=ids, tags=pairs(env="x")).code == 431
    tenancy.done(
        tenancy.api,
        "createTags",
        resourcetype="Volume",
        resourceids=f"{first.uuid},{free.uuid}",
        tags=pairs(a="1", b="2"),
    )
    assert ResourceTag.objects.exclude(key="env").count() == 4


def test_two_at_once_the_second_job_fails(tenancy: Tenancy) -> None:
    volume = tenancy.volume()
    params = {"resourcetype": "Volume", "resourceids": volume.uuid}
    answers = [tenancy.api.call("createTags", **params, tags=pairs(env=value)) for value in ("one", "two")]
    run_jobs()
    first, second = [tenancy.api.call("queryAsyncJobResult", jobid=answer["jobid"]) for answer in answers]
    assert (first["jobstatus"], second["jobstatus"]) == (1, 2)
    assert "already" in second["jobresult"]["errortext"]
    assert shown(tenancy.api) == {("env", "one")}


def test_deleting_by_key_and_by_value(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    volume = tenancy.volume()
    for key, value in (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")):
        tag(volume, "Volume", key, value)
    params = {"resourcetype": "Volume", "resourceids": volume.uuid}
    tenancy.done(tenancy.api, "deleteTags", **params, tags=[{"key": "A"}, {"key": "b", "value": "2"}])
    assert shown(tenancy.api) == {("c", "3"), ("d", "4")}
    error = refusal(tenancy.api, "deleteTags", **params, tags=[{"key": "c", "value": "other"}])
    assert error.code == 431 and "c=other" in error.text
    tenancy.done(tenancy.api, "deleteTags", **params, tags=[{"key": "c", "value": "other"}, {"key": "d"}])
    tenancy.done(tenancy.api, "deleteTags", **params)
    assert refusal(tenancy.api, "deleteTags", **params).code == 431


def test_whose_tags_are_listed(tenancy: Tenancy) -> None:
    mine, theirs = tenancy.volume(), tenancy.machine("theirs", tenancy.stranger_account)
    tag(mine, "Volume", "mine")
    tag(theirs, "UserVm", "theirs")
    assert shown(tenancy.api) == shown(tenancy.api, listall=True) == {("mine", "x")}
    assert shown(tenancy.beside, listall=True) == set() == shown(tenancy.beside, resourceid=mine.uuid)
    assert shown(tenancy.domain_admin) == set()
    assert shown(tenancy.domain_admin, listall=True) == shown(tenancy.domain_admin, resourceid=mine.uuid)
    assert shown(tenancy.domain_admin, resourceid=theirs.uuid) == set()
    assert shown(tenancy.root) == set()
    assert shown(tenancy.root, listall=True) == {("mine", "x"), ("theirs", "x")}
    assert shown(tenancy.root, domainid=tenancy.domain.uuid, account="seller") == {("mine", "x")}


def test_filters_of_the_list(tenancy: Tenancy) -> None:
    vm, volume = tenancy.machine(), tenancy.volume()
    tag(vm, "UserVm", "Env", "prod")
    tag(vm, "UserVm", "team", "red")
    tag(volume, "Volume", "env", "test")
    for params, expected in (
        ({"key": "ENV"}, {"prod", "test"}),
        ({"key": "env", "value": "prod"}, {"prod"}),
        ({"value": "red"}, {"red"}),
        ({"value": "Red"}, set()),
        ({"resourcetype": "volume"}, {"test"}),
        ({"resourceid": vm.uuid}, {"prod", "red"}),
        ({"keyword": "tea"}, {"red"}),
        ({"customer": "ACME"}, set()),
        ({"resourceid": NOBODY}, set()),
    ):
        assert {value for _, value in shown(tenancy.api, **params)} == expected, params
    assert tenancy.api.call("listTags", page=1, pagesize=2)["count"] == 3


def test_lists_show_tags_and_filter_by_any_of_them(tenancy: Tenancy) -> None:
    first, second, third = (tenancy.machine(name) for name in ("one", "two", "three"))
    tag(first, "UserVm", "env", "prod")
    tag(first, "UserVm", "team", "red")
    tag(second, "UserVm", "Env", "test")
    # Another kind may have an object with the same primary key.
    ResourceTag.objects.create(
        kind="Volume", object_id=third.pk, object_uuid=third.uuid, **pair_columns("env", "prod"),
        account=tenancy.account, domain=tenancy.domain,
    )  # fmt: skip
    machines = {row["name"]: row for row in tenancy.api.items("listVirtualMachines")}
    assert [one["key"] for one in machines["one"]["tags"]] == ["env", "team"]
    assert machines["one"]["tags"][0]["resourceid"] == str(first.uuid) and machines["three"]["tags"] == []

    def named(*wanted: dict[str, str]) -> set[str]:
        return {row["name"] for row in tenancy.api.items("listVirtualMachines", tags=list(wanted))}

    assert named({"key": "env", "value": "prod"}) == {"one"}
    assert named({"key": "ENV"}) == {"one", "two"}
    assert named({"key": "env", "value": "test"}, {"key": "team", "value": "red"}) == {"one", "two"}
    assert named({"key": "env", "value": "Prod"}) == named({"key": "none"}) == set()
    assert {row["name"] for row in tenancy.stranger.items("listVirtualMachines", tags=[{"key": "env"}])} == set()


def test_a_filter_without_a_key_is_refused(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    error = refusal(tenancy.api, "listVirtualMachines", tags=[{"value": "x"}])
    assert error.code == 431 and "tags[0].key" in error.text


@pytest.mark.parametrize("command", ["listVolumes", "listNetworks", "listZones", "listTemplates"])
def test_other_lists_too(tenancy: Tenancy, command: str) -> None:
    kind = command.removeprefix("list").removesuffix("s")
    thing, bare = OBJECTS[kind](tenancy), OBJECTS[kind](tenancy)
    tag(thing, kind, "env", "prod", account=tenancy.account)
    more = {"templatefilter": "self"} if kind == "Template" else {}
    rows = {row["id"]: row["tags"] for row in tenancy.api.items(command, **more)}
    assert [one["value"] for one in rows[str(thing.uuid)]] == ["prod"]
    assert rows.get(str(bare.uuid), []) == []
    found = tenancy.api.items(command, tags=pairs(env="prod"), **more)
    assert [row["id"] for row in found] == [str(thing.uuid)]


def test_tags_go_with_the_object(tenancy: Tenancy) -> None:
    volume, other = tenancy.volume(), tenancy.volume()
    tag(volume, "Volume", "env")
    tag(other, "Volume", "env")
    volume.mark_removed()
    assert [row["resourceid"] for row in tenancy.api.items("listTags")] == [str(other.uuid)]


def test_a_job_that_died_after_its_work_is_not_refused_by_it(tenancy: Tenancy) -> None:
    from apps.metadata.kinds import kind_named
    from apps.metadata.services.tags import TagManager
    from cloudstack.framework.errors import InvalidParameter

    volume = tenancy.volume()
    kind = kind_named("Volume", what="tags")
    work = {
        "caller_account": tenancy.account, "kind": kind, "objects": [volume], "pairs": [("a", "1")], "customer": ""
    }  # fmt: skip
    TagManager().attach_for_job(**work, again=False)
    TagManager().attach_for_job(**work, again=True)
    with pytest.raises(InvalidParameter):
        TagManager().attach_for_job(**work, again=False)
    assert ResourceTag.objects.count() == 1 and not AsyncJob.objects.exists()
