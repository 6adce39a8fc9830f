"""Guest operating systems and their families: what operators add, change and remove."""

import pytest

from apps.infrastructure.models import Host
from apps.storage.factories import GuestOsFactory, TemplateFactory
from apps.storage.models import GuestOs, GuestOsCategory, TemplateZone
from apps.storage.services.guest_os import SYSTEMS, seed_guest_oses
from cloudstack.framework.events.models import Event
from cloudstack.testing.jobs import run_jobs


@pytest.fixture
def family(cloud) -> dict:
    return cloud.root.call("addOsCategory", name="Plan", isfeatured=True)["oscategory"]


def added(cloud, family: dict, **more) -> dict:
    told = {"oscategoryid": family["id"], "osdisplayname": "Plan 9 (64-bit)"} | more
    job = cloud.root.call("addGuestOs", **told)
    run_jobs()
    return cloud.root.call("queryAsyncJobResult", jobid=job["jobid"])["jobresult"]["ostype"]


def outcome(cloud, command: str, **parameters) -> dict:
    job = cloud.root.call(command, **parameters)
    run_jobs()
    return cloud.root.call("queryAsyncJobResult", jobid=job["jobid"])


def test_an_operators_system_can_be_chosen_by_everybody(cloud, family) -> None:
    system = added(cloud, family, name="plan9", **{"details[0].key": "disk", "details[0].value": "virtio"})
    assert (system["name"], system["description"], system["isuserdefined"]) == ("plan9", "Plan 9 (64-bit)", True)
    assert system["oscategoryname"] == "Plan" and system["fordisplay"] is True
    assert [one["id"] for one in cloud.seller.items("listOsTypes", oscategoryid=family["id"])] == [system["id"]]
    detail = cloud.root.items("listResourceDetails", resourcetype="GuestOs", resourceid=system["id"])
    assert [(one["key"], one["value"]) for one in detail] == [("disk", "virtio")]
    assert Event.objects.filter(type="GUEST.OS.ADD").exists()


def test_changes_of_a_system(cloud, family, refusal) -> None:
    system = added(cloud, family, **{"details[0].key": "disk", "details[0].value": "virtio"})
    other = cloud.root.call("addOsCategory", name="Unlike")["oscategory"]
    told = {"details[0].key": "net", "details[0].value": "e1000", "oscategoryid": other["id"], "forDisplay": False}
    done = outcome(cloud, "updateGuestOs", id=system["id"], osdisplayname="Inferno", **told)["jobresult"]["ostype"]
    assert (done["description"], done["oscategoryname"], done["fordisplay"]) == ("Inferno", "Unlike", False)
    assert GuestOs.objects.get(uuid=system["id"]).details == {"disk": "virtio", "net": "e1000"}
    assert cloud.seller.items("listOsTypes", id=system["id"]) == []
    assert "osdisplayname" in refusal(cloud.root, "updateGuestOs", id=system["id"]).text


def test_names_are_there_once(cloud, family, refusal) -> None:
    added(cloud, family)
    again = refusal(cloud.root, "addGuestOs", oscategoryid=family["id"], osdisplayname=" Plan 9 (64-bit) ")
    assert again.code == 431 and "Plan 9" in again.text
    assert refusal(cloud.root, "addGuestOs", oscategoryid=family["id"], osdisplayname=" ").code == 431
    assert refusal(cloud.root, "addOsCategory", name="Plan").code == 431
    other = cloud.root.call("addOsCategory", name="Unlike")["oscategory"]
    assert refusal(cloud.root, "updateOsCategory", id=other["id"], name="Plan").code == 431
    assert refusal(cloud.root, "updateOsCategory", id=other["id"]).code == 431
    assert GuestOs.objects.count() == 1 and GuestOsCategory.objects.count() == 2


def test_what_came_with_the_platform_keeps_its_name_and_stays(cloud, refusal) -> None:
    seed_guest_oses()
    debian = GuestOs.objects.get(description="Debian GNU/Linux 12 (64-bit)")
    assert refusal(cloud.root, "removeGuestOs", id=debian.uuid).code == 431
    assert refusal(cloud.root, "updateGuestOs", id=debian.uuid, osdisplayname="Devuan").code == 431
    assert outcome(cloud, "updateGuestOs", id=debian.uuid, forDisplay=False)["jobstatus"] == 1
    debian.refresh_from_db()
    assert (debian.description, debian.is_displayed, debian.removed) == ("Debian GNU/Linux 12 (64-bit)", False, None)


def test_a_system_in_use_is_not_removed(cloud, family, refusal) -> None:
    system = added(cloud, family)
    template = TemplateFactory(guest_os=GuestOs.objects.get(uuid=system["id"]))
    assert "1 templates" in refusal(cloud.root, "removeGuestOs", id=system["id"]).text
    template.mark_removed()
    late = cloud.root.call("removeGuestOs", id=system["id"])
    other = TemplateFactory(guest_os=template.guest_os)  # registered between the request and its job
    run_jobs()
    assert cloud.root.call("queryAsyncJobResult", jobid=late["jobid"])["jobstatus"] == 2
    assert cloud.root.items("listOsTypes", id=system["id"])
    other.mark_removed()
    assert outcome(cloud, "removeGuestOs", id=system["id"])["jobresult"] == {"success": True}
    assert cloud.root.items("listOsTypes", id=system["id"]) == []


def test_a_family_with_systems_is_not_deleted(cloud, family, refusal) -> None:
    system = added(cloud, family)
    host = Host.objects.get()
    cloud.root.call("updateHost", id=host.uuid, oscategoryid=family["id"])
    assert "1 guest systems" in refusal(cloud.root, "deleteOsCategory", id=family["id"]).text
    outcome(cloud, "removeGuestOs", id=system["id"])
    assert cloud.root.call("deleteOsCategory", id=family["id"]) == {"success": True}
    assert cloud.root.items("listOsCategories", id=family["id"]) == []
    host.refresh_from_db()
    assert host.guest_os_category is None


def test_families_have_an_order(cloud) -> None:
    first, second = (cloud.root.call("addOsCategory", name=name)["oscategory"] for name in ("a", "b"))
    assert cloud.root.call("updateOsCategory", id=second["id"], sortkey=-1, isfeatured=True)["oscategory"]["isfeatured"]
    assert [one["name"] for one in cloud.seller.items("listOsCategories")] == ["b", "a"]
    assert [one["id"] for one in cloud.seller.items("listOsCategories", isfeatured=False)] == [first["id"]]


def test_families_by_the_images_that_one_can_use(cloud) -> None:
    for_all, disc, foreign = GuestOsFactory(), GuestOsFactory(), GuestOsFactory()
    TemplateFactory(guest_os=for_all, is_public=True, is_cross_zone=True, architecture="aarch64")
    iso = TemplateFactory(guest_os=disc, account=cloud.seller_account, format="ISO", hypervisor="")
    TemplateZone.objects.get_or_create(template=iso, zone=cloud.zone)
    TemplateFactory(guest_os=foreign, account=cloud.lawyer_account)

    def names(**told) -> set[str]:
        return {one["name"] for one in cloud.seller.items("listOsCategories", **told)}

    assert names() == {for_all.category.name, disc.category.name, foreign.category.name}
    assert names(isiso=True) == {disc.category.name}
    assert names(isiso=False) == {for_all.category.name}
    assert names(arch="aarch64") == {for_all.category.name}
    assert names(zoneid=cloud.zone.uuid) == {for_all.category.name, disc.category.name}


def test_a_new_start_brings_nothing_back_that_was_renamed_or_deleted(cloud) -> None:
    seed_guest_oses()
    ubuntu, novel = (GuestOsCategory.objects.get(name=name) for name in ("Ubuntu", "Novel"))
    cloud.root.call("updateOsCategory", id=ubuntu.uuid, name="Canonical")
    cloud.root.call("deleteOsCategory", id=novel.uuid)
    GuestOs.all_objects.filter(description="Ubuntu 24.04 LTS").delete()  # as before the release that brings it
    assert seed_guest_oses() == 1
    assert GuestOs.objects.get(description="Ubuntu 24.04 LTS").category == ubuntu
    assert GuestOsCategory.objects.count() == len(SYSTEMS) - 1


@pytest.mark.parametrize(
    "command", ["addGuestOs", "updateGuestOs", "removeGuestOs", "addOsCategory", "updateOsCategory", "deleteOsCategory"]
)
def test_only_root_admins_change_them(cloud, family, refusal, command) -> None:
    system = GuestOsFactory()
    told = {"id": system.uuid if "GuestOs" in command else family["id"], "name": "x", "osdisplayname": "x"}
    told["oscategoryid"] = family["id"]
    for client in (cloud.seller, cloud.sales_admin):
        assert refusal(client, command, **told).code in (401, 432)
    assert GuestOs.objects.count() == 1 and GuestOsCategory.objects.count() == 2
