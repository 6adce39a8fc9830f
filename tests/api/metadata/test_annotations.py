"""Notes about objects: who writes, who reads, who removes them."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.metadata.factories import note
from apps.metadata.models import Annotation
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiClient, ApiError

from .conftest import NOBODY, OBJECTS, Tenancy

NOTED = {"VM": "UserVm", "VOLUME": "Volume", "TEMPLATE": "Template", "ISO": "ISO", "NETWORK": "Network"}
OF_OPERATORS = {"ZONE": "Zone", "SERVICE_OFFERING": "ServiceOffering", "DISK_OFFERING": "DiskOffering"}


def texts(client: ApiClient, **params: Any) -> list[str]:
    return [row["annotation"] for row in client.items("listAnnotations", **params)]


@pytest.mark.parametrize("kind", [*NOTED, *OF_OPERATORS])
def test_a_note_is_written_read_and_removed(tenancy: Tenancy, kind: str, refusal: Callable[..., ApiError]) -> None:
    thing = OBJECTS[{**NOTED, **OF_OPERATORS}[kind]](tenancy)
    client = tenancy.api if kind in NOTED else tenancy.root
    target = {"entitytype": kind.lower(), "entityid": thing.uuid}
    made = client.call("addAnnotation", **target, annotation=" fan is loud ")["annotation"]
    row = Annotation.objects.get()
    assert made == {
        "id": str(row.uuid), "entitytype": kind, "entityid": str(thing.uuid), "entityname": thing.name,
        "annotation": "fan is loud", "userid": str(row.user.uuid), "username": row.user.username,
        "adminsonly": False, "created": made["created"],
    }  # fmt: skip
    assert client.items("listAnnotations", **target) == [made]
    assert Event.objects.filter(type="ANNOTATION.CREATE", resource_uuid=row.uuid).exists()
    if kind in OF_OPERATORS:
        assert refusal(tenancy.api, "addAnnotation", **target, annotation="x").code == 531
        assert refusal(tenancy.api, "listAnnotations", **target).code == 531
    gone = client.call("removeAnnotation", id=row.uuid)["annotation"]
    assert gone["removed"] and gone["id"] == made["id"]
    assert client.items("listAnnotations", **target) == []


def test_a_note_does_not_tell_what_its_object_is_called_at_somebody_elses(tenancy: Tenancy) -> None:
    vm = tenancy.machine("web")
    tenancy.api.call("addAnnotation", entitytype="VM", entityid=vm.uuid, annotation="mine")
    other = tenancy.stranger_account
    type(vm).objects.filter(pk=vm.pk).update(account=other, domain=other.domain, name="secret")
    [row] = tenancy.api.items("listAnnotations")
    assert row["annotation"] == "mine" and "entityname" not in row


@pytest.mark.parametrize("kind", NOTED)
def test_what_others_own_cannot_be_noted_or_read(tenancy: Tenancy, kind: str, refusal: Callable[..., ApiError]) -> None:
    thing = OBJECTS[NOTED[kind]](tenancy)
    written = note(thing, kind, "secret", tenancy.user)
    for client in (tenancy.stranger, tenancy.beside):
        for command, more in (("addAnnotation", {"annotation": "x"}), ("listAnnotations", {})):
            hidden = refusal(client, command, entitytype=kind, entityid=thing.uuid, **more)
            missing = refusal(client, command, entitytype=kind, entityid=NOBODY, **more)
            assert hidden.code == 431 and hidden.text == missing.text.replace(NOBODY, str(thing.uuid))
        assert texts(client) == texts(client, id=written.uuid) == []
        assert refusal(client, "removeAnnotation", id=written.uuid).code == 431
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"annotation": "   "}, "annotation"),
        ({"entitytype": "MACHINE"}, "VM"),
        ({"entityid": "x"}, "entityid"),
        ({"adminsonly": True}, "root admins"),
    ],
)
def test_bad_notes_are_refused(
    tenancy: Tenancy, params: dict[str, Any], why: str, refusal: Callable[..., ApiError]
) -> None:
    vm = tenancy.machine()
    sent = {"annotation": "x", "entitytype": "VM", "entityid": vm.uuid, **params}
    error = refusal(tenancy.api, "addAnnotation", **sent)
    assert error.code in (431, 531) and why in error.text
    assert not Annotation.objects.exists()


def test_what_is_for_root_admins_only_stays_with_them(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    vm = tenancy.machine()
    target = {"entitytype": "VM", "entityid": vm.uuid}
    made = tenancy.root.call("addAnnotation", **target, annotation="unpaid bill", adminsonly=True)["annotation"]
    for client in (tenancy.api, tenancy.domain_admin):
        assert texts(client, **target) == texts(client, id=made["id"]) == []
        [row] = client.items("listVirtualMachines", id=vm.uuid)
        assert row["hasannotations"] is False
        assert refusal(client, "updateAnnotationVisibility", id=made["id"], adminsonly=False).code == 432
        assert refusal(client, "removeAnnotation", id=made["id"]).code == 431
    [row] = tenancy.root.items("listVirtualMachines", id=vm.uuid, listall=True)
    assert row["hasannotations"] is True
    shown = tenancy.root.call("updateAnnotationVisibility", id=made["id"], adminsonly=False)["annotation"]
    assert shown["adminsonly"] is False
    [row] = tenancy.api.items("listVirtualMachines", id=vm.uuid)
    assert row["hasannotations"] is True and texts(tenancy.api, **target) == ["unpaid bill"]
    # It is not the reader's to remove.
    assert refusal(tenancy.api, "removeAnnotation", id=made["id"]).code == 431


def test_whose_notes_are_listed(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    vm = tenancy.machine()
    tenancy.api.call("addAnnotation", entitytype="VM", entityid=vm.uuid, annotation="by the owner")
    tenancy.domain_admin.call("addAnnotation", entitytype="VM", entityid=vm.uuid, annotation="by the admin")
    target = {"entitytype": "VM", "entityid": vm.uuid}
    assert texts(tenancy.api) == texts(tenancy.api, **target, annotationfilter="self") == ["by the owner"]
    assert texts(tenancy.api, **target) == ["by the owner", "by the admin"]
    assert texts(tenancy.domain_admin) == ["by the owner", "by the admin"]
    assert texts(tenancy.domain_admin, annotationfilter="self") == ["by the admin"]
    assert texts(tenancy.root, annotationfilter="self") == [] and len(texts(tenancy.root)) == 2
    assert texts(tenancy.root, keyword="OWNER") == ["by the owner"]
    author = Annotation.objects.get(text="by the owner").user
    assert texts(tenancy.root, userid=author.uuid) == ["by the owner"]
    assert texts(tenancy.root, entitytype="HOST") == []
    assert "entitytype" in refusal(tenancy.api, "listAnnotations", entityid=vm.uuid).text
    assert refusal(tenancy.api, "listAnnotations", annotationfilter="mine").code == 431


def test_notes_of_many_kinds_cost_the_same_whatever_their_number(
    tenancy: Tenancy, django_assert_num_queries: Any
) -> None:
    vm, volume = tenancy.machine(), tenancy.volume()
    note(vm, "VM", "one", tenancy.user)
    note(volume, "VOLUME", "two", tenancy.user)
    tenancy.root.items("listAnnotations")
    # Who signs, the page, the places of its notes, the names of machines, those of volumes.
    with django_assert_num_queries(5):
        assert len(tenancy.root.items("listAnnotations")) == 2
    for number in range(10):
        note(tenancy.machine(f"m{number}"), "VM", "more", tenancy.user)
    with django_assert_num_queries(5):
        rows = tenancy.root.items("listAnnotations")
    assert [row["entityname"] for row in rows] == ["web", volume.name, *(f"m{number}" for number in range(10))]


def test_notes_of_a_kind_that_is_not_there_any_more_are_listed(tenancy: Tenancy) -> None:
    """As those about objects of a plugin that was switched off."""
    note(tenancy.volume(), "VOLUME", "x", tenancy.user)
    Annotation.objects.update(kind="GADGET")
    [row] = tenancy.root.items("listAnnotations")
    assert row["entitytype"] == "GADGET" and "entityname" not in row


def test_notes_go_with_the_object(tenancy: Tenancy) -> None:
    gone, left = tenancy.volume(), tenancy.volume()
    note(gone, "VOLUME", "x", tenancy.user)
    note(left, "VOLUME", "y", tenancy.user)
    gone.mark_removed()
    assert texts(tenancy.root) == ["y"]
