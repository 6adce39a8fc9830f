"""Icons: which files are taken, who gives them to what, and where they are shown."""

import base64
import struct
from collections.abc import Callable

import pytest

from apps.metadata.factories import DOT, icon
from apps.metadata.models import ResourceIcon
from apps.storage.factories import TemplateFactory
from apps.storage.models import GuestOsCategory
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError

from .conftest import NOBODY, OBJECTS, Tenancy

KINDS = {
    **{kind: OBJECTS[kind] for kind in ("UserVm", "Template", "ISO", "Network", "Account")},
    "Zone": OBJECTS["Zone"],
    "Domain": lambda tenancy: tenancy.domain,
    "User": lambda tenancy: tenancy.user,
    "GuestOsCategory": lambda tenancy: GuestOsCategory.objects.create(name="Debian"),
}
OPERATORS = {"Zone", "GuestOsCategory"}
SVG = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').decode()
HUGE = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 30_000, 30_000) + b"\0" * 8).decode()
JPEG = base64.b64encode(
    b"\xff\xd8\xff\xe0\0\x04xx\xff\xc0\0\x11\x08" + struct.pack(">HH", 20, 30) + b"\x03" + b"\0" * 20
).decode()
GIF = base64.b64encode(b"GIF89a" + struct.pack("<HH", 4, 4) + b"\0" * 8).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_gets_an_icon_another_one_and_none(tenancy: Tenancy, kind: str) -> None:
    thing = KINDS[kind](tenancy)
    clients = {"Domain": tenancy.domain_admin, "User": tenancy.domain_admin, **dict.fromkeys(OPERATORS, tenancy.root)}
    client = clients.get(kind, tenancy.api)
    target = {"resourcetype": kind.upper(), "resourceids": thing.uuid}
    assert client.call("listResourceIcon", **target) == {}
    for image in (DOT, JPEG):
        assert client.call("uploadResourceIcon", method="POST", **target, base64image=image) == {"success": True}
        answer = client.call("listResourceIcon", **target)
        assert answer == {
            "count": 1,
            "icon": [{"resourcetype": kind, "resourceid": str(thing.uuid), "base64image": image}],
        }
    assert Event.objects.filter(type="RESOURCE.ICON.UPLOAD", resource_uuid=thing.uuid).count() == 2
    assert client.call("deleteResourceIcon", **target) == {"success": True}
    assert client.call("listResourceIcon", **target) == {} and not ResourceIcon.objects.exists()


@pytest.mark.parametrize("image", [SVG, HUGE, "%%%", base64.b64encode(b"#!/bin/sh").decode()])
def test_what_is_no_picture_is_refused(tenancy: Tenancy, image: str, refusal: Callable[..., ApiError]) -> None:
    error = refusal(
        tenancy.api, "uploadResourceIcon", method="POST", resourcetype="Account", resourceids=tenancy.account.uuid,
        base64image=image,
    )  # fmt: skip
    assert error.code == 431 and "base64image" in error.text
    assert not ResourceIcon.objects.exists()


def test_the_setting_bounds_the_file(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    ConfigValue.objects.create(name="resource.icon.max.size", value="1")
    big = base64.b64encode(base64.b64decode(DOT) + b"\0" * 1024).decode()
    target = {"resourcetype": "Account", "resourceids": tenancy.account.uuid}
    error = refusal(tenancy.api, "uploadResourceIcon", method="POST", **target, base64image=big)
    assert "at most 1024" in error.text
    assert tenancy.api.call("uploadResourceIcon", **target, base64image=f"data:image/gif;base64,{GIF}")
    assert ResourceIcon.objects.get().image == GIF


def test_one_call_gives_an_icon_to_some_objects_only(
    tenancy: Tenancy, refusal: Callable[..., ApiError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.metadata.services.icons.MOST_AT_ONCE", 1)
    ids = ",".join(str(TemplateFactory(account=tenancy.account).uuid) for _ in range(2))
    error = refusal(tenancy.api, "uploadResourceIcon", resourcetype="Template", resourceids=ids, base64image=DOT)
    assert error.code == 431 and "more than the 1" in error.text and not ResourceIcon.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_gives_an_icon_to_what_is_not_his(tenancy: Tenancy, kind: str, refusal: Callable[..., ApiError]) -> None:
    thing = KINDS[kind](tenancy)
    for command, more in (("uploadResourceIcon", {"base64image": DOT}), ("deleteResourceIcon", {})):
        error = refusal(tenancy.stranger, command, resourcetype=kind, resourceids=thing.uuid, **more)
        assert error.code == (531 if kind in OPERATORS else 431)
    missing = refusal(tenancy.stranger, "listResourceIcon", resourcetype=kind, resourceids=NOBODY)
    if kind not in OPERATORS:
        hidden = refusal(tenancy.stranger, "listResourceIcon", resourcetype=kind, resourceids=thing.uuid)
        assert hidden.text == missing.text.replace(NOBODY, str(thing.uuid))
    assert not ResourceIcon.objects.exists()


def test_an_ordinary_user_gives_the_domain_no_icon(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    target = {"resourcetype": "Domain", "resourceids": tenancy.domain.uuid}
    assert refusal(tenancy.api, "uploadResourceIcon", **target, base64image=DOT).code == 531


LISTS = {
    "listVirtualMachines": "UserVm", "listTemplates": "Template", "listIsos": "ISO", "listNetworks": "Network",
    "listAccounts": "Account", "listDomains": "Domain", "listUsers": "User", "listZones": "Zone",
    "listOsCategories": "GuestOsCategory",
}  # fmt: skip


@pytest.mark.parametrize("command", LISTS)
def test_lists_show_icons_to_who_asks(tenancy: Tenancy, command: str) -> None:
    kind = LISTS[command]
    thing = KINDS[kind](tenancy)
    icon(thing, kind)
    params = {"templatefilter": "self", "isofilter": "self"} if kind in ("Template", "ISO") else {}
    client = tenancy.domain_admin if kind == "Domain" else tenancy.api
    for asked in (False, True):
        rows = {row["id"]: row for row in client.items(command, showicon=asked, **params)}
        assert ("icon" in rows[str(thing.uuid)]) is asked
    assert rows[str(thing.uuid)]["icon"] == {
        "resourcetype": kind, "resourceid": str(thing.uuid), "base64image": DOT
    }  # fmt: skip
    assert sum("icon" in row for row in rows.values()) == 1


def test_a_machine_and_a_user_borrow_an_icon_until_they_have_their_own(tenancy: Tenancy) -> None:
    vm, bare = tenancy.machine("web"), tenancy.machine("db")
    icon(vm.template, "Template")
    icon(tenancy.account, "Account")
    rows = {row["name"]: row for row in tenancy.api.items("listVirtualMachines", showicon=True)}
    assert rows["web"]["icon"]["resourceid"] == str(vm.template.uuid) and "icon" not in rows["db"]
    users = tenancy.api.items("listUsers", showicon=True)
    assert {row["icon"]["resourcetype"] for row in users} == {"Account"}
    icon(vm, "UserVm")
    icon(bare, "UserVm")
    rows = {row["name"]: row for row in tenancy.api.items("listVirtualMachines", showicon=True)}
    assert [rows[name]["icon"]["resourceid"] for name in ("web", "db")] == [str(vm.uuid), str(bare.uuid)]


def test_icons_go_with_the_object(tenancy: Tenancy) -> None:
    gone, left = TemplateFactory(account=tenancy.account), TemplateFactory(account=tenancy.account)
    icon(gone, "Template")
    icon(left, "Template")
    gone.mark_removed()
    assert ResourceIcon.objects.get().object_uuid == left.uuid
