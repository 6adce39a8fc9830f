"""ISOs: the same rules as templates, and neither is ever taken for the other."""

import uuid

import pytest

from apps.accounts.factories import join_project, project_of
from apps.storage.factories import TemplateFactory
from apps.storage.models import Iso, Template
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def iso(name: str, **fields) -> Template:
    return TemplateFactory(name=name, format="ISO", hypervisor="", **fields)


def names(client, name: str, **more) -> set[str]:
    return {row["name"] for row in client.items("listIsos", isofilter=name, **more)}


def register(cloud, **parameters) -> dict:
    return {
        "name": "installer",
        "displaytext": "an installer",
        "url": "https://images.example.org/installer.iso",
        "zoneid": cloud.zone.uuid,
        **parameters,
    }


def test_register_answers_in_list_shape_and_becomes_ready(cloud) -> None:
    body = cloud.seller.call("registerIso", **register(cloud))
    assert body["count"] == 1 and body["iso"][0]["isready"] is False
    run_jobs()
    (shown,) = cloud.seller.items("listIsos")
    assert (shown["format"], shown["isready"], shown["bootable"]) == ("ISO", True, True)
    assert "hypervisor" not in shown
    assert cloud.seller.items("listTemplates", templatefilter="self") == []


def test_each_filter_shows_what_it_says(cloud) -> None:
    iso("mine", account=cloud.seller_account)
    iso("tools", account=cloud.seller_account, bootable=False)
    iso("secret", account=cloud.lawyer_account)
    iso("public", account=cloud.lawyer_account, is_public=True)
    iso("featured", account=cloud.lawyer_account, is_public=True, is_featured=True)
    TemplateFactory(name="no disc", account=cloud.seller_account)
    assert names(cloud.seller, "self") == {"mine", "tools"}
    assert names(cloud.seller, "executable") == {"mine", "tools", "public", "featured"}
    assert (names(cloud.seller, "featured"), names(cloud.seller, "community")) == ({"featured"}, {"public"})
    assert names(cloud.seller, "self", bootable=True) == {"mine"}
    assert names(cloud.seller, "executable", ispublic=True) == {"public", "featured"}
    assert "secret" in names(cloud.root, "all") and "no disc" not in names(cloud.root, "all")


def test_a_page_costs_the_same_whatever_its_length(cloud, django_assert_max_num_queries) -> None:
    for number in range(30):
        iso(f"disc-{number}", account=cloud.seller_account, stores=[cloud.store], zones=[cloud.zone])
    cloud.seller.call("listIsos")
    with django_assert_max_num_queries(4):
        assert len(cloud.seller.items("listIsos", isofilter="executable", page=1, pagesize=20)) == 20


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"url": "http://127.0.0.1/x"}, "url"),
        ({"zoneid": uuid.UUID(int=1)}, "zoneid"),
        ({"checksum": "12"}, "checksum"),
        ({"directdownload": True}, "directdownload"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_input_is_told_and_leaves_no_row(cloud, refusal, parameters: dict, words: str) -> None:
    error = refusal(cloud.seller, "registerIso", **register(cloud, **parameters))
    assert error.code == 431 and words in error.text
    assert not Iso.objects.exists() and not AsyncJob.objects.exists()


def test_an_iso_is_no_template_and_a_template_no_iso(cloud, refusal) -> None:
    disc = iso("disc", account=cloud.seller_account)
    template = TemplateFactory(account=cloud.seller_account)
    for command, thing in (
        ("updateTemplate", disc),
        ("deleteTemplate", disc),
        ("listTemplatePermissions", disc),
        ("updateIso", template),
        ("deleteIso", template),
        ("updateIsoPermissions", template),
    ):
        error = refusal(cloud.seller, command, id=thing.uuid)
        assert error.code == 431 and "Unable to find" in error.text, command
    register = {
        "name": "x",
        "hypervisor": "Simulator",
        "url": "https://images.example.org/x",
        "zoneid": cloud.zone.uuid,
    }
    assert "registerIso" in refusal(cloud.seller, "registerTemplate", format="iso", **register).text


def test_update_and_delete(cloud, refusal) -> None:
    disc = iso("disc", account=cloud.seller_account, stores=[cloud.store])
    shown = cloud.seller.call("updateIso", id=disc.uuid, displaytext="new", bootable=False)["iso"]
    assert (shown["displaytext"], shown["bootable"]) == ("new", False)
    assert refusal(cloud.lawyer, "updateIso", id=disc.uuid, name="mine").code == 431
    assert refusal(cloud.lawyer, "deleteIso", id=disc.uuid).code == 431
    cloud.seller.call("deleteIso", id=disc.uuid)
    run_jobs()
    assert names(cloud.seller, "self") == set()


def test_permissions_are_given_shown_and_taken_back(cloud, refusal) -> None:
    disc = iso("disc", account=cloud.lawyer_account)
    template = TemplateFactory(name="golden", account=cloud.lawyer_account)
    colleague = cloud.colleague_of(cloud.lawyer_account)
    for thing, kind, listed in ((disc, "Iso", "listIsos"), (template, "Template", "listTemplates")):
        which = "isofilter" if kind == "Iso" else "templatefilter"
        update, shown = f"update{kind}Permissions", f"list{kind}Permissions"
        cloud.lawyer.call(update, id=thing.uuid, op="add", accounts=colleague.name)
        told = cloud.lawyer.call(shown, id=thing.uuid)["templatepermission"]
        assert told["account"] == [colleague.name] and told["ispublic"] is False
        assert told["domainid"] == str(cloud.lawyer_account.domain.uuid)
        client = cloud.client(colleague)
        assert [row["name"] for row in client.items(listed, **{which: "shared"})] == [thing.name]
        assert refusal(client, update, id=thing.uuid, op="reset").code == 531
        assert refusal(client, shown, id=thing.uuid).code == 531
        cloud.lawyer.call(update, id=thing.uuid, op="remove", accounts=colleague.name)
        assert client.items(listed, **{which: "shared"}) == []
        cloud.lawyer.call(update, id=thing.uuid, op="add", accounts=colleague.name, ispublic=True)
        cloud.lawyer.call(update, id=thing.uuid, op="reset")
        told = cloud.lawyer.call(shown, id=thing.uuid)["templatepermission"]
        assert (told["account"], told["ispublic"]) == ([], False)
        assert refusal(cloud.seller, shown, id=thing.uuid).code == 431


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"op": "add"}, "accounts"),
        ({"accounts": "seller"}, "op"),
        ({"op": "add", "accounts": "lawyer"}, "accounts"),
        ({"op": "add", "accounts": "nobody"}, "nobody"),
        ({"op": "share", "accounts": "seller"}, "op"),
    ],
)
def test_wrong_permissions_change_nothing(cloud, refusal, parameters: dict, words: str) -> None:
    disc = iso("disc", account=cloud.seller_account)
    error = refusal(cloud.seller, "updateIsoPermissions", id=disc.uuid, ispublic=True, **parameters)
    assert error.code == 431 and words in error.text
    disc.refresh_from_db()
    assert disc.is_public is False


def test_only_operators_feature_and_open_for_download(cloud) -> None:
    disc = iso("disc", account=cloud.seller_account)
    for client, expected in ((cloud.seller, False), (cloud.root, True)):
        client.call("updateIsoPermissions", id=disc.uuid, isfeatured=True, isextractable=True)
        disc.refresh_from_db()
        assert (disc.is_featured, disc.is_extractable) == (expected, expected)


def test_an_image_is_shared_with_a_project(cloud, refusal) -> None:
    disc, project = iso("disc", account=cloud.lawyer_account), project_of(cloud.lawyer_account)
    member = cloud.colleague_of(cloud.lawyer_account)
    join_project(project, member)
    cloud.lawyer.call("updateIsoPermissions", id=disc.uuid, op="add", projectids=project.uuid)
    told = cloud.lawyer.call("listIsoPermissions", id=disc.uuid)["templatepermission"]
    assert (told["account"], told["projectids"]) == ([], [str(project.uuid)])
    shown = cloud.client(member).items("listIsos", isofilter="shared", projectid=project.uuid)
    assert [row["name"] for row in shown] == ["disc"]
    foreign = project_of(cloud.seller_account)
    assert refusal(cloud.lawyer, "updateIsoPermissions", id=disc.uuid, op="add", projectids=foreign.uuid).code == 431
    cloud.lawyer.call("updateIsoPermissions", id=disc.uuid, op="reset")
    assert cloud.client(member).items("listIsos", isofilter="shared", projectid=project.uuid) == []
