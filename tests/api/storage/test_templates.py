"""Template commands: the seven filters, sharing, the wall between tenants, refusals."""

import uuid

import pytest

from apps.storage.factories import GuestOsFactory, TemplateFactory
from apps.storage.models import Template
from apps.storage.services.sharing import SharingManager
from apps.storage.states import TemplateState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


def names(client, name: str, **more) -> set[str]:
    return {t["name"] for t in client.items("listTemplates", templatefilter=name, **more)}


@pytest.fixture
def templates(cloud) -> dict[str, Template]:
    mine, theirs = cloud.seller_account, cloud.lawyer_account
    made = {
        "mine": TemplateFactory(name="mine", account=mine),
        "unready": TemplateFactory(name="unready", account=mine, state=TemplateState.ERROR, error="no image"),
        "private": TemplateFactory(name="private", account=theirs),
        "shared": TemplateFactory(name="shared", account=theirs),
        "public": TemplateFactory(name="public", account=theirs, is_public=True),
        "featured": TemplateFactory(name="featured", account=theirs, is_public=True, is_featured=True),
        "unready public": TemplateFactory(
            name="unready public", account=theirs, is_public=True, state=TemplateState.DOWNLOADING
        ),
    }
    SharingManager().share(caller=None, image=made["shared"], add=[mine])
    return made


def test_each_filter_shows_what_it_says(cloud, templates) -> None:
    seen = {
        name: names(cloud.seller, name)
        for name in ("featured", "community", "self", "selfexecutable", "shared", "sharedexecutable", "executable")
    }
    assert seen == {
        "featured": {"featured"},
        "community": {"public", "unready public"},
        "self": {"mine", "unready"},
        "selfexecutable": {"mine"},
        "shared": {"shared"},
        "sharedexecutable": {"shared"},
        "executable": {"mine", "shared", "public", "featured"},
    }


def test_all_is_for_administrators(cloud, templates, refusal) -> None:
    assert refusal(cloud.seller, "listTemplates", templatefilter="all").code == 531
    assert names(cloud.root, "all") == {t.name for t in templates.values()}
    assert "private" not in names(cloud.sales_admin, "all") and "unready" in names(cloud.sales_admin, "all")
    assert refusal(cloud.seller, "listTemplates").code == 431
    assert refusal(cloud.seller, "listTemplates", templatefilter="everything").code == 431


def test_what_is_not_ready_says_why(cloud, templates) -> None:
    (shown,) = cloud.seller.items("listTemplates", templatefilter="self", name="unready")
    assert shown["isready"] is False and shown["status"] == "no image"
    (shown,) = cloud.seller.items("listTemplates", templatefilter="self", name="mine")
    assert shown["isready"] is True and shown["status"] == "Download Complete"
    assert "url" not in shown and "downloaddetails" not in shown


def test_another_tenants_private_template_does_not_exist(cloud, templates, refusal) -> None:
    private, public = templates["private"], templates["public"]
    assert cloud.seller.call("listTemplates", templatefilter="executable", id=private.uuid) == {}
    for command in ("updateTemplate", "deleteTemplate"):
        assert refusal(cloud.seller, command, id=private.uuid).code == 431
        assert refusal(cloud.seller, command, id=public.uuid).code == 531
        assert refusal(cloud.seller, command, id=templates["shared"].uuid).code == 531
    SharingManager().share(caller=None, image=templates["shared"], remove=[cloud.seller_account])
    assert refusal(cloud.seller, "updateTemplate", id=templates["shared"].uuid).code == 431
    assert names(cloud.seller, "executable") == {"mine", "public", "featured"}


def test_a_page_costs_the_same_whatever_its_length(cloud, django_assert_max_num_queries) -> None:
    for _ in range(30):
        TemplateFactory(account=cloud.seller_account, stores=[cloud.store], zones=[cloud.zone])
    cloud.seller.call("listTemplates", templatefilter="executable")
    cloud.root.call("listTemplates", templatefilter="all")
    # One to find out who signs, at most three for the list.
    with django_assert_max_num_queries(4):
        assert len(cloud.seller.items("listTemplates", templatefilter="executable", page=1, pagesize=20)) == 20
    with django_assert_max_num_queries(4):
        assert len(cloud.root.items("listTemplates", templatefilter="all", page=1, pagesize=20)) == 20


def register(cloud, **parameters) -> dict:
    return {
        "name": "t",
        "displaytext": "a template",
        "format": "QCOW2",
        "hypervisor": "Simulator",
        "url": "https://images.example.org/x.qcow2",
        "zoneid": cloud.zone.uuid,
        **parameters,
    }


def test_register_answers_in_list_shape_and_becomes_ready(cloud) -> None:
    system = GuestOsFactory()
    body = cloud.seller.call("registerTemplate", **register(cloud, ostypeid=system.uuid))
    assert body["count"] == 1
    (template,) = body["template"]
    assert template["isready"] is False and template["ostypename"] == system.description
    assert template["zoneid"] == str(cloud.zone.uuid) and template["crossZones"] is False
    run_jobs()
    (template,) = cloud.seller.items("listTemplates", templatefilter="self", zoneid=cloud.zone.uuid)
    assert template["isready"] is True and template["size"] == 2 << 30


def test_register_for_all_zones(cloud) -> None:
    (template,) = cloud.root.call("registerTemplate", **register(cloud, zoneid=-1, ispublic=True))["template"]
    assert template["crossZones"] is True and "zoneid" not in template


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"url": "http://127.0.0.1/x"}, 431, "url"),
        ({"url": "http://192.168.1.1:8080/x"}, 431, "url"),
        ({"url": "http://0x7f000001/x"}, 431, "url"),
        ({"url": "file:///etc/passwd"}, 431, "url"),
        ({"url": "http://user:word@images.example.org/x"}, 431, "url"),
        ({"format": "ISO"}, 431, "format"),
        ({"hypervisor": "Nothing"}, 431, "hypervisor"),
        ({"checksum": "12"}, 431, "checksum"),
        ({"zoneid": uuid.UUID(int=1)}, 431, "zoneid"),
        ({"zoneid": None}, 431, "zoneid"),
        ({"name": ""}, 431, "name"),
        ({"directdownload": True}, 431, "directdownload"),
        ({"isrouting": True}, 431, "isrouting"),
        ({"bits": 16}, 431, "bits"),
    ],
)
def test_bad_input_is_told_and_leaves_no_row(cloud, refusal, parameters: dict, code: int, words: str) -> None:
    error = refusal(cloud.seller, "registerTemplate", **register(cloud, **parameters))
    assert error.code == code and words in error.text
    assert not Template.objects.exists() and not AsyncJob.objects.exists()


def test_users_do_not_feature_or_tag(cloud) -> None:
    (template,) = cloud.seller.call("registerTemplate", **register(cloud, isfeatured=True, templatetag="gpu"))[
        "template"
    ]
    assert template["isfeatured"] is False
    assert Template.objects.get().tag == ""


def test_update(cloud, templates, refusal) -> None:
    mine = templates["mine"]
    shown = cloud.seller.call("updateTemplate", id=mine.uuid, displaytext="new", details={"rootDiskController": "scsi"})
    assert shown["template"]["displaytext"] == "new"
    assert shown["template"]["details"] == {"rootDiskController": "scsi"}
    assert refusal(cloud.seller, "updateTemplate", id=mine.uuid, format="RAW").code == 431
    cloud.seller.call("updateTemplate", id=mine.uuid, cleanupdetails=True)
    assert Template.objects.get(pk=mine.pk).details == {}


def test_delete(cloud, templates) -> None:
    job = cloud.seller.call("deleteTemplate", id=templates["mine"].uuid)
    run_jobs()
    done = cloud.seller.call("queryAsyncJobResult", jobid=job["jobid"])
    assert (done["jobstatus"], done["jobresult"]) == (1, {"success": True})
    assert names(cloud.seller, "self") == {"unready"}
