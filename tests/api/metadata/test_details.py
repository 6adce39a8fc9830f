"""Details: set and removed by operators, kept in one place, and shown to whom they are meant for."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.compute.models import VirtualMachine
from apps.infrastructure.models import Cluster
from apps.metadata.models import ResourceDetail
from apps.metadata.scheduled import collect_orphans
from apps.storage.factories import TemplateFactory
from cloudstack.testing.api import ApiClient, ApiError

from .conftest import NOBODY, OBJECTS, Tenancy

KINDS = [kind for kind in OBJECTS if kind != "Account"]
COLUMNS = {"UserVm", "Template", "ISO", "Zone", "ServiceOffering", "DiskOffering"}


def pairs(**details: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in details.items()]


def shown(client: ApiClient, **params: Any) -> dict[str, str]:
    return {row["key"]: row["value"] for row in client.items("listResourceDetails", **params)}


@pytest.mark.parametrize("kind", KINDS)
def test_details_of_each_kind_are_set_changed_and_removed(tenancy: Tenancy, kind: str) -> None:
    thing = OBJECTS[kind](tenancy)
    target = {"resourcetype": kind.lower(), "resourceid": thing.uuid}
    for value in ("5", "7"):
        tenancy.done(
            tenancy.root,
            "addResourceDetail",
            **target,
            details=[*pairs(rack=value), {"key": "a.b", "value": "x"}],
        )
    [one, two] = tenancy.root.items("listResourceDetails", **target)
    assert (one["key"], one["value"], two["key"], two["value"]) == ("a.b", "x", "rack", "7")
    assert (one["resourcetype"], one["resourceid"]) == (kind, str(thing.uuid))
    if kind in {"Zone", "ServiceOffering", "DiskOffering"}:
        assert "account" not in one and "domainid" not in one
    else:
        assert (one["account"], one["domainid"]) == ("seller", str(tenancy.domain.uuid))
        assert one["domainpath"] == "ROOT/sales"
    # One place: the object's own map, or rows, never both.
    thing.refresh_from_db()
    if kind in COLUMNS:
        assert thing.details == {"rack": "7", "a.b": "x"} and not ResourceDetail.objects.exists()
    else:
        assert ResourceDetail.objects.count() == 2
    tenancy.done(tenancy.root, "removeResourceDetail", **target, key="rack")
    assert shown(tenancy.root, **target) == {"a.b": "x"}
    tenancy.done(tenancy.root, "removeResourceDetail", **target)
    assert shown(tenancy.root, **target) == {} and not ResourceDetail.objects.exists()


@pytest.mark.parametrize("kind", ["UserVm", "Volume"])
def test_only_operators_set_them_and_owners_read_what_is_shown(
    tenancy: Tenancy, kind: str, refusal: Callable[..., ApiError]
) -> None:
    thing = OBJECTS[kind](tenancy)
    target = {"resourcetype": kind, "resourceid": thing.uuid}
    pair = [{"key": "k", "value": "v"}]
    for client in (tenancy.api, tenancy.domain_admin):
        assert refusal(client, "addResourceDetail", **target, details=pair).code == 432
        assert refusal(client, "removeResourceDetail", **target).code == 432
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=[{"key": "open", "value": "1"}])
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=[{"key": "kept", "value": "2"}], fordisplay=False)
    assert shown(tenancy.root, **target) == {"kept": "2", "open": "1"}
    assert shown(tenancy.root, **target, fordisplay=True) == {"open": "1"}
    assert shown(tenancy.root, **target, fordisplay=False) == {"kept": "2"}
    for client in (tenancy.api, tenancy.domain_admin):
        assert shown(client, **target) == {"open": "1"}
        assert shown(client, **target, fordisplay=False) == {}
    hidden = refusal(tenancy.stranger, "listResourceDetails", **target)
    missing = refusal(tenancy.stranger, "listResourceDetails", resourcetype=kind, resourceid=NOBODY)
    assert hidden.code == 431 and hidden.text == missing.text.replace(NOBODY, str(thing.uuid))
    # Set again for all, it is there once and seen.
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=[{"key": "kept", "value": "3"}])
    assert shown(tenancy.api, **target) == {"kept": "3", "open": "1"}


@pytest.mark.parametrize(
    ("command", "params", "why"),
    [
        ("addResourceDetail", {"details": [{"key": "k", "value": ""}]}, "value of k"),
        ("addResourceDetail", {"details": [{"key": "k", "value": "x" * 1025}]}, "1024"),
        ("addResourceDetail", {"details": [{"key": "k", "value": "v"}], "resourcetype": "Account"}, "resourcetype"),
        ("addResourceDetail", {"details": [{"key": "k", "value": "v"}], "resourceid": NOBODY}, "resourceid"),
        ("removeResourceDetail", {"key": "none"}, "no detail none"),
        ("listResourceDetails", {"value": "v"}, "key"),
        ("listResourceDetails", {"resourceid": ""}, "resourceid or key"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tenancy: Tenancy, command: str, params: dict[str, Any], why: str, refusal: Callable[..., ApiError]
) -> None:
    vm = tenancy.machine()
    error = refusal(tenancy.root, command, **{"resourcetype": "UserVm", "resourceid": vm.uuid, **params})
    assert error.code == 431 and why in error.text
    vm.refresh_from_db()
    assert vm.details == {}


@pytest.mark.parametrize("kind", ["UserVm", "Volume"])
def test_objects_are_found_by_a_detail(tenancy: Tenancy, kind: str) -> None:
    things = [OBJECTS[kind](tenancy) for _ in range(3)]
    for thing, value in zip(things, ("red", "blue", "red"), strict=True):
        details = [{"key": "team", "value": value}]
        tenancy.done(
            tenancy.root, "addResourceDetail", resourcetype=kind, resourceid=thing.uuid, details=details,
            fordisplay=value != "blue",
        )  # fmt: skip

    def found(client: ApiClient, **params: Any) -> list[str]:
        return [row["value"] for row in client.items("listResourceDetails", resourcetype=kind, key="team", **params)]

    assert found(tenancy.root, listall=True) == ["red", "blue", "red"] and found(tenancy.root) == []
    assert found(tenancy.root, listall=True, value="red") == ["red", "red"]
    assert found(tenancy.root, listall=True, keyword="LU") == found(tenancy.root, listall=True, fordisplay=False)
    assert found(tenancy.api) == found(tenancy.domain_admin, listall=True) == ["red", "red"]
    assert found(tenancy.stranger, listall=True) == found(tenancy.api, fordisplay=False) == []
    [row] = tenancy.api.items("listResourceDetails", resourcetype=kind, key="team", page=2, pagesize=1)
    assert row["resourceid"] == str(things[2].uuid) and row["account"] == "seller"


def test_jobs_and_events_do_not_name_what_is_kept_from_users(tenancy: Tenancy) -> None:
    target = {"resourcetype": "UserVm", "resourceid": tenancy.machine().uuid}
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=pairs(suspect="1"), fordisplay=False)
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=pairs(rack="7"))
    tenancy.done(tenancy.root, "removeResourceDetail", **target)
    told = str(tenancy.api.items("listEvents")) + str(tenancy.api.items("listAsyncJobs"))
    assert "rack" in told and "suspect" not in told


def test_lists_leave_out_what_is_kept_from_users(tenancy: Tenancy) -> None:
    vm = tenancy.machine()
    VirtualMachine.objects.filter(pk=vm.pk).update(details={"boot_type": "BIOS"})
    target = {"resourcetype": "UserVm", "resourceid": vm.uuid}
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=pairs(note="late"), fordisplay=False)
    [row] = tenancy.api.items("listVirtualMachines")
    assert row["details"] == {"boot_type": "BIOS"}
    [row] = tenancy.root.items("listVirtualMachines", listall=True)
    assert row["details"] == {"boot_type": "BIOS", "note": "late"}
    template = TemplateFactory(account=tenancy.account, details={"a": "1", "b": "2"})
    tenancy.done(
        tenancy.root, "addResourceDetail", resourcetype="Template", resourceid=template.uuid,
        details=[{"key": "b", "value": "3"}], fordisplay=False,
    )  # fmt: skip
    rows = {row["id"]: row for row in tenancy.api.items("listTemplates", templatefilter="self")}
    assert rows[str(template.uuid)]["details"] == {"a": "1"}
    assert rows[str(vm.template.uuid)]["details"] == {}


def test_who_replaces_details_leaves_those_that_he_does_not_see(
    tenancy: Tenancy, refusal: Callable[..., ApiError]
) -> None:
    vm = tenancy.machine()
    target = {"resourcetype": "UserVm", "resourceid": vm.uuid}
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=pairs(kept="1"), fordisplay=False)
    answer = tenancy.api.call("updateVirtualMachine", id=vm.uuid, details=pairs(mine="2"))["virtualmachine"]
    assert answer["details"] == {"mine": "2"} and shown(tenancy.root, **target) == {"kept": "1", "mine": "2"}
    tenancy.api.call("updateVirtualMachine", id=vm.uuid, cleanupdetails=True)
    assert shown(tenancy.root, **target) == {"kept": "1"}
    error = refusal(tenancy.api, "updateVirtualMachine", id=vm.uuid, details=pairs(kept="3"))
    assert error.code == 531 and "kept" in error.text
    template = vm.template
    of_template = {"resourcetype": "Template", "resourceid": template.uuid}
    tenancy.done(tenancy.root, "addResourceDetail", **of_template, details=pairs(kept="1"), fordisplay=False)
    tenancy.api.call("updateTemplate", id=template.uuid, details=pairs(mine="2"))
    assert shown(tenancy.root, **of_template) == {"kept": "1", "mine": "2"}
    # The operator replaces all; what said that it is kept from users goes with it.
    tenancy.root.call("updateVirtualMachine", id=vm.uuid, details=pairs(new="4"))
    collect_orphans()
    assert shown(tenancy.api, **target) == {"new": "4"}
    assert [row.kind for row in ResourceDetail.objects.all()] == ["Template"]


def test_lists_show_details_that_hang_on_objects(tenancy: Tenancy) -> None:
    network, bare = OBJECTS["Network"](tenancy), OBJECTS["Network"](tenancy)
    target = {"resourcetype": "Network", "resourceid": network.uuid}
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=pairs(a="1", b="2"))
    tenancy.done(tenancy.root, "addResourceDetail", **target, details=[{"key": "b", "value": "2"}], fordisplay=False)
    rows = {row["id"]: row for row in tenancy.api.items("listNetworks")}
    assert rows[str(network.uuid)]["details"] == {"a": "1"} and "details" not in rows[str(bare.uuid)]
    [row] = tenancy.root.items("listNetworks", id=network.uuid, listall=True)
    assert row["details"] == {"a": "1", "b": "2"}
    cluster = Cluster.objects.first()
    if cluster is not None:
        tenancy.done(
            tenancy.root, "addResourceDetail", resourcetype="Cluster", resourceid=cluster.uuid,
            details=[{"key": "row", "value": "9"}],
        )  # fmt: skip
        [row] = tenancy.root.items("listClusters", id=cluster.uuid)
        assert row["resourcedetails"] == {"row": "9"}


def test_which_details_the_platform_heeds(tenancy: Tenancy, refusal: Callable[..., ApiError]) -> None:
    vm = tenancy.machine()
    for more in ({}, {"resourceid": vm.uuid}):
        answer = tenancy.api.call("listDetailOptions", resourcetype="UserVm", **more)
        assert answer == {"detailoptions": {"details": {"boot_type": ["BIOS"]}}}
    assert tenancy.api.call("listDetailOptions", resourcetype="Network") == {"detailoptions": {"details": {}}}
    assert refusal(tenancy.stranger, "listDetailOptions", resourcetype="UserVm", resourceid=vm.uuid).code == 431


def test_details_go_with_the_object(tenancy: Tenancy) -> None:
    volume = tenancy.volume()
    tenancy.done(
        tenancy.root, "addResourceDetail", resourcetype="Volume", resourceid=volume.uuid,
        details=[{"key": "a", "value": "1"}],
    )  # fmt: skip
    volume.mark_removed()
    assert not ResourceDetail.objects.exists()
