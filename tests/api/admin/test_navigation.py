"""Where pages stand, for whom, and what the command palette finds."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import User
from apps.compute.models import VirtualMachine
from apps.portal.places import PLACES, SECTIONS
from cloudstack.framework.context import RoleType
from cloudstack.theme.policy import POLICY
from tests.support.cloud import SimulatedCloud


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def reader(cloud: SimulatedCloud) -> Client:
    """An administrator who may look at machines and volumes and nothing else."""
    role = RoleFactory(type=RoleType.ADMIN)
    root = UserFactory(account=AccountFactory(root_admin=True)).account.domain
    user = UserFactory(username="reader", account=AccountFactory(role=role, domain=root))
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_virtualmachine", "view_volume")))
    client = Client()
    assert client.login(username="reader", password=PASSWORD)
    return client


def navigation(client: Client) -> list[dict[str, Any]]:
    return client.get("/admin/").context["sidebar_navigation"]


def links(client: Client) -> list[str]:
    return [item["link"] for section in navigation(client) for item in section["items"]]


def found(client: Client, term: str) -> list[tuple[str, str, str]]:
    answer = client.get("/admin/search/", {"s": term, "extended": "1"})
    assert answer.status_code == 200
    return [(tool.title, tool.description, tool.link) for tool in answer.context["results"]]


def test_every_model_stands_in_exactly_one_place(operator: Client) -> None:
    shown = links(operator)
    lists = [reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin.site._registry]
    assert sorted(set(lists) - set(shown)) == []
    assert sorted(link for link in shown if shown.count(link) > 1) == []
    assert [section["title"] for section in navigation(operator)] == list(SECTIONS)


def test_every_model_of_the_core_is_placed_by_hand() -> None:
    core = {m._meta.label for m in admin.site._registry if not m.__module__.startswith("plugins.")}
    assert sorted(core - set(PLACES)) == [], "say in apps/portal/places.py where these stand"
    assert sorted(label for label in PLACES if label not in core) == [], "no page shows these"


def test_models_of_plugins_stand_under_plugins(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = apps.get_model("simulator", "Fault")
    titles = {section["title"]: [item["title"] for item in section["items"]] for section in navigation(operator)}
    assert "Faults" in titles["Plugins"] and "Installed plugins" in titles["Plugins"]
    monkeypatch.setattr(type(admin.site._registry[fault]), "section", "Infrastructure")
    titles = {section["title"]: [item["title"] for item in section["items"]] for section in navigation(operator)}
    assert "Faults" in titles["Infrastructure"] and "Faults" not in titles["Plugins"]


def test_who_may_not_look_at_a_page_does_not_see_it(reader: Client) -> None:
    seen = ["/admin/compute/virtualmachine/", "/admin/storage/volume/"]
    # His role admits the commands behind setting zones up and the settings.
    assert links(reader) == ["/admin/", "/admin/zone-setup/", *seen, "/admin/settings/"]
    assert [section["title"] for section in navigation(reader)] == [
        "Overview", "Infrastructure", "Compute", "Storage", "Settings",
    ]  # fmt: skip
    for path in ("/admin/infrastructure/host/", "/admin/schedule/", "/admin/plugins/"):
        assert reader.get(path).status_code == 403, path


def test_the_section_of_the_page_is_open(operator: Client) -> None:
    context = operator.get("/admin/network/network/").context
    assert [s["title"] for s in context["sidebar_navigation"] if s["is_open"]] == ["Network"]


def test_figures_beside_titles_cost_three_statements_in_ten_seconds(operator: Client, machines: list[str]) -> None:
    operator.get("/admin/compute/virtualmachine/")
    with CaptureQueriesContext(connection) as known:
        operator.get("/admin/compute/virtualmachine/")
    cache.clear()
    with CaptureQueriesContext(connection) as unknown:
        operator.get("/admin/compute/virtualmachine/")
    assert len(unknown) - len(known) == 3


def test_the_palette_finds_pages_settings_and_objects(
    operator: Client, cloud: SimulatedCloud, machines: list[str]
) -> None:
    vm = VirtualMachine.objects.get(uuid=machines[0])
    change = f"/admin/compute/virtualmachine/{vm.pk}/change/"
    for term in (vm.name, vm.name.upper(), str(vm.uuid), vm.nics.get().ipv4):
        assert (vm.name, "virtual machine", change) in found(operator, term), term
    assert len([hit for hit in found(operator, "web-") if hit[1] == "virtual machine"]) == 3
    assert ("Virtual machines", "Compute", "/admin/compute/virtualmachine/") in found(operator, "virtual")
    assert ("expunge.delay", "Setting", "/admin/settings/expunge.delay/") in found(operator, "expunge.d")
    host = cloud.hosts[0]
    assert host.name in [hit[0] for hit in found(operator, str(host.uuid))]
    for nothing in ("w", "", "no such thing", str(uuid.uuid4()), "203.0.113.77", "'; --", "%", "_e"):
        assert found(operator, nothing) == [], nothing


def test_the_palette_shows_only_what_one_may_see(reader: Client, cloud: SimulatedCloud, machines: list[str]) -> None:
    vm = VirtualMachine.objects.get(uuid=machines[0])
    for term in (cloud.hosts[0].name, str(cloud.hosts[0].uuid), cloud.account.name, "plugins"):
        assert found(reader, term) == [], term
    assert [hit[0] for hit in found(reader, str(vm.uuid))] == [vm.name]
    user = User.objects.get(username="reader")
    user.user_permissions.clear()
    assert found(reader, str(vm.uuid)) == []
    assert Client().get("/admin/search/", {"s": vm.name}).status_code == 302


def test_the_palette_costs_the_same_whatever_it_finds(operator: Client, machines: list[str]) -> None:
    def cost(term: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            found(operator, term)
        return len(captured)

    cost("web-0")
    # Besides who asks: which kinds carry such a tag, and one statement for all kinds. No tag is a whole UUID.
    nothing = cost(str(uuid.uuid4()))
    assert {cost(term) for term in ("nothing like it", "203.0.113.77")} == {nothing + 1}
    # One more reads what was found.
    assert cost(machines[0]) == nothing + 1
    assert {cost(term) for term in ("web-0", "web-")} == {nothing + 2}


def test_every_page_tells_browsers_what_they_may_load(operator: Client, cloud: SimulatedCloud) -> None:
    for path in ("/admin/", "/admin/compute/virtualmachine/", "/admin/settings/"):
        answer = operator.get(path)
        assert answer["Content-Security-Policy"] == POLICY
        html = answer.content.decode()
        assert "unsafe-inline" not in POLICY.split("style-src")[0]
        assert "<script>" not in html and " onclick=" not in html and " style=" not in html
    assert Client().get("/admin/login/")["Content-Security-Policy"] == POLICY
    assert "Content-Security-Policy" not in operator.get("/healthz")
