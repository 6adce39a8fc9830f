"""Hooks by which a plugin shows itself and counts: what it gives arrives; what it gives wrongly takes only it out."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.accounts.admin import from_plugins as admin_panels
from apps.accounts.api.from_plugins import OwnedKind, register_plugin_resources
from apps.accounts.api.responses import figures
from apps.accounts.models import Account, ResourceCount, User
from apps.accounts.models import limit as limits
from apps.accounts.services import removal
from apps.accounts.services.limited_resources import LimitedResource
from apps.network.models import Network
from cloudstack.api import entities
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.framework.errors import LimitExceeded
from cloudstack.framework.plugins import services
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.measures import failures_of
from cloudstack.framework.plugins.services import Manager, register_plugin_managers, start_managers, stop_managers
from cloudstack.pages import Column, MenuLink, Panel, PanelOn, Section, quotas
from cloudstack.pages import from_plugins as pages
from cloudstack.pages import registry as sections
from cloudstack.plugin import gives
from cloudstack.testing.tenants import Tenants, make_tenants, signed_in

pytestmark = pytest.mark.django_db

Give = Callable[..., str]
NAMES = (Column(wire="name", label="Name"),)


def hook(name: str, *things: Any) -> Any:
    """A plugin that registers ``things``."""
    return SimpleNamespace(**{name: gives(*things)})


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module, names in (
        (sections, ("_sections",)),
        (settings_registry, ("_keys",)),
        (pages, ("_links",)),
        (admin_panels, ("_panels",)),
        (entities, ("_entities",)),
        (removal, ("_removers",)),
        (limits, ("_further",)),
        (figures, ("WIRE_NAMES",)),
        (quotas, ("QUOTAS",)),
        (services, ("_managers", "_running")),
    ):
        for name in names:
            kept = getattr(module, name)
            monkeypatch.setattr(module, name, type(kept)(kept))
    panels = {section: section.panels for section in sections.sections()}
    yield
    for section, own in panels.items():
        section.panels = own
    register_plugin_managers()


@pytest.fixture
def tenants(db: None) -> Tenants:
    return make_tenants()


def errors() -> dict[str, str]:
    return {name: status.error for name, status in pm.statuses.items() if status.error}


def spoons(name: str = "spoon") -> LimitedResource:
    """What counts users' networks once more, under another name."""
    return LimitedResource(name=name, plural=f"{name}s", title="Spoons", account=2, held=Network.objects.all)


def test_register_resource_limits(plugin: Give, tenants: Tenants) -> None:
    spoon = spoons()
    plugin(hook("register_resource_limits", spoon), name="cutlery")
    plugin(hook("register_resource_limits", spoons("fork"), "knife"), name="wrong")
    plugin(hook("register_resource_limits", spoons()), name="thief")
    plugin(hook("register_resource_limits", spoons("volume")), name="greedy")
    try:
        register_plugin_resources()
        told = errors()
        assert "'knife' is no LimitedResource" in told["wrong"]
        assert "spoon" in told["thief"] and "volume" in told["greedy"] and "cutlery" not in told
        [limit] = tenants.owner.items("listResourceLimits", resourcetypename="spoon")
        assert (limit["max"], int(limit["resourcetype"])) == (2, int(spoon.kind))
        assert "fork" not in {kind.label for kind in limits.all_types()}
        spoon.reserve(tenants.account, 2)
        with pytest.raises(LimitExceeded, match="'spoon'"):
            spoon.reserve(tenants.account)
        [account] = tenants.owner.items("listAccounts")
        assert (account["spoontotal"], account["spoonavailable"]) == (2, "0")
        assert "Spoons" in signed_in(tenants.user).get("/").text
    finally:
        figures.drop_figures(spoon.kind)
    limits.unregister_type(spoon.kind)
    # Counters of a plugin that is gone stay, and harm nobody.
    assert ResourceCount.objects.filter(type=spoon.kind, account=tenants.account).get().count == 2
    assert "spoon" not in {one["resourcetypename"] for one in tenants.owner.items("listResourceLimits")}
    assert str(limits.type_of(int(spoon.kind)).label) == f"resource {int(spoon.kind)}"
    spoons("ladle").release(tenants.account)


def test_register_owned_models(plugin: Give) -> None:
    entities._entities.pop(Network)
    removal._removers.pop(Network)
    plugin(hook("register_owned_models", OwnedKind(model=Network)), name="cutlery")
    plugin(hook("register_owned_models", OwnedKind(model=User)), name="wrong")  # type: ignore[arg-type]
    register_plugin_resources()
    assert "is no OwnedKind of an OwnedModel" in errors()["wrong"]
    assert entities.is_entity(Network) and removal.has_remover(Network)


def test_register_managers(plugin: Give) -> None:
    heard: list[str] = []

    class Watcher(Manager):
        def __init__(self, name: str, *, fails: str = ""):
            self.name, self.fails = name, fails

        def _do(self, what: str) -> None:
            heard.append(f"{self.name} {what}")
            if what.startswith(self.fails or "nothing"):
                raise OSError(f"{self.name} cannot {what}")

        def configure(self) -> None:
            self._do("configure")

        def start(self, program: services.Program) -> None:
            self._do(f"start {program}")

        def stop(self) -> None:
            self._do("stop")

    plugin(hook("register_managers", Watcher("a")), name="watch1")
    plugin(hook("register_managers", Watcher("b", fails="start"), Watcher("c", fails="stop")), name="watch2")
    plugin(hook("register_managers", Watcher("d", fails="configure")), name="watch3")
    plugin(hook("register_managers", "clock"), name="watch4")
    register_plugin_managers()
    assert errors()["watch3"] == "register_managers: OSError: d cannot configure"
    assert "is no Manager" in errors()["watch4"]
    heard.clear()
    start_managers("web")
    assert sorted(heard) == ["a start web", "b start web", "c start web"]
    heard.clear()
    stop_managers()
    stop_managers()
    assert sorted(heard) == ["a stop", "c stop"]
    assert [failure.hook for failure in failures_of(["watch2"])["watch2"]] == ["Watcher.stop", "Watcher.start"]


class Spoons(Section):
    slug = "spoons"
    title, singular, group = "Spoons", "spoon", "Cutlery"
    lists = "listNetworks"
    columns = NAMES


class Nothing(Spoons):
    slug, lists = "nothings", "listNothing"


class SecondMachines(Spoons):
    slug = "instances"


def test_register_portal_sections(plugin: Give) -> None:
    plugin(hook("register_portal_sections", Spoons), name="cutlery")
    plugin(hook("register_portal_sections", Nothing), name="wrong")
    plugin(hook("register_portal_sections", SecondMachines), name="thief")
    plugin(hook("register_portal_sections", "spoons"), name="vague")
    pages.register_plugin_pages()
    assert type(sections.get("spoons")) is Spoons and not sections.known("nothings")
    assert "Cutlery" in dict(sections.of_group())
    told = errors()
    assert "names the command 'listNothing', which does not exist" in told["wrong"]
    assert "there is a section instances already" in told["thief"] and "is no Section" in told["vague"]


def test_register_portal_links(plugin: Give, tenants: Tenants) -> None:
    links = [
        MenuLink(title="Cutlery of the house", url="/spoons/", group="Cutlery"),
        MenuLink(title="For hosts", url="/x/", group="Cutlery", command="listHosts"),
    ]
    plugin(hook("register_portal_links", *links), name="cutlery")
    plugin(hook("register_portal_links", MenuLink(title="x", url="/", group="y", command="listNothing")), name="wrong")
    pages.register_plugin_pages()
    assert "listNothing" in errors()["wrong"]
    page: str = signed_in(tenants.user).get("/").text
    assert 'href="/spoons/"' in page and "Cutlery of the house" in page and "For hosts" not in page
    assert "For hosts" in signed_in(tenants.operator).get("/").text


def test_register_object_panels(plugin: Give, tenants: Tenants) -> None:
    projects = Panel(title="Its people", command="listProjectAccounts", columns=NAMES)
    of_account = Panel(
        title="Users by command", command="listUsers", columns=NAMES, params=lambda one: {"accountid": one.uuid}
    )
    plugin(hook("register_object_panels", PanelOn("projects", projects)), name="users")
    plugin(hook("register_object_panels", PanelOn("accounts.account", of_account)), name="operators")
    plugin(hook("register_object_panels", PanelOn("spoons", projects)), name="lost")
    plugin(hook("register_object_panels", PanelOn("accounts.spoon", projects)), name="astray")
    plugin(hook("register_object_panels", PanelOn("accounts.account", Panel(title="x", columns=()))), name="mute")
    pages.register_plugin_pages()
    admin_panels.register_plugin_panels()
    told = errors()
    assert "there is no section 'spoons'" in told["lost"] and "no model 'accounts.spoon'" in told["astray"]
    assert "no command ''" in told["mute"]
    assert projects in sections.get("projects").panels
    page = on_page_of(signed_in(tenants.operator), tenants.account)
    assert "Users by command" in page


def on_page_of(client: Client, account: Account) -> str:
    text: str = client.get(f"/admin/accounts/account/{account.pk}/change/").text
    return text
