"""The pages of plugins: what each is and gives, how it is, and the choice for the next start."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from cloudstack.framework.context import RoleType
from cloudstack.framework.events.models import Event
from cloudstack.framework.plugins.loader import Fault
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.scheduler import runner
from cloudstack.plugin import hookimpl
from cloudstack.runtime.plugin_choice import FILE, VARIABLE, PluginChoice, chosen
from tests.support.cloud import SimulatedCloud

LIST = "/admin/plugins/"


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def coffee(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A plugin that listens, and fails in it."""

    def job_finished(status: str) -> None:
        raise RuntimeError("<b>no milk</b>")

    # Another test's plugin may have had the name.
    cache.delete("plugins.health.teapot")
    monkeypatch.setitem(pm.statuses, "teapot", PluginStatus("teapot", kinds=("features",), version="0.3"))
    pm.load("teapot", SimpleNamespace(job_finished=hookimpl(job_finished)))
    yield
    pm.unregister(name="teapot")


def url(name: str) -> str:
    return f"{LIST}{name}/"


def test_each_plugin_shows_what_it_is_and_gives(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    states = (("rotten", Fault.BROKEN, "hooks.py: SyntaxError"), ("lonely", Fault.UNUSABLE, "needs plugin tea"))
    for name, fault, text in states:
        monkeypatch.setitem(pm.statuses, name, PluginStatus(name, enabled=False, error=text, fault=fault))
    html = operator.get(LIST).content.decode()
    for text in ("hypervisors", "Runs machines on KVM", "hooks.py: SyntaxError", "not usable", "broken", "1.0"):
        assert text in html
    page = operator.get(url("simulator")).content.decode()
    for text in ("configureSimulator", "NetworkFilesystem on Simulator", "register_host_agents", "Promises kept"):
        assert text in page
    assert 'href="/admin/simulator/fault/"' in page
    assert "register_network_elements" in operator.get(url("virtual_router")).content.decode()
    assert operator.get(url("rotten")).status_code == 200
    assert operator.get(url("nobody")).status_code == 404


def test_a_plugin_says_how_it_is(operator: Client) -> None:
    assert "Not asked yet" in operator.get(url("simulator")).content.decode()
    runner.run("plugins.health")
    page = operator.get(url("simulator")).content.decode()
    assert "Promises kept" in page and "Not asked yet" not in page
    from django.apps import apps

    apps.get_model("simulator", "Violation")._default_manager.create(kind="double", text="one disk, two machines")
    runner.run("plugins.health", forced=True)
    for address in (LIST, url("simulator")):
        assert "1 violations, the last one: one disk, two machines" in operator.get(address).content.decode()


def test_failures_and_calls_of_hooks_are_seen(operator: Client, coffee: None) -> None:
    for _ in range(7):
        pm.tell("job_finished", job_uuid="1", workflow="x", status="failed")
    page = operator.get(url("teapot"))
    html = page.content.decode()
    assert "RuntimeError: &lt;b&gt;no milk&lt;/b&gt;" in html and len(page.context["row"].failures) == 5
    [(hook, calls)] = page.context["hooks"]
    assert (hook, calls.calls, calls.failures) == ("job_finished", 7, 7) and 0 < calls.seconds < 1
    assert "failed lately" in operator.get(LIST).content.decode()


def test_a_cache_that_is_away_takes_only_the_health(
    operator: Client, coffee: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    store = type(cache._connections["default"])  # type: ignore[attr-defined]
    with monkeypatch.context() as patched:
        patched.setattr(store, "set", away)
        pm.tell("job_finished", job_uuid="1", workflow="x", status="failed")
    monkeypatch.setattr(store, "get_many", away)
    assert operator.get(url("teapot")).status_code == operator.get(LIST).status_code == 200


def test_disabling_and_enabling_is_noted_for_the_next_start(operator: Client, data: Path) -> None:
    answer = operator.post(url("directory"), {"do": "disable", "typed": "directory"}, follow=True)
    assert chosen(data).disabled == {"directory"} and pm.in_service("directory")
    assert "takes effect at the next start" in answer.content.decode()
    html = operator.get(LIST).content.decode()
    assert "directory will be disabled" in html and "disabled at the next start" in html
    assert "Enable directory" in operator.get(url("directory")).content.decode()
    operator.post(url("directory"), {"do": "enable"})
    assert chosen(data).disabled == frozenset() and "At the next start:" not in operator.get(LIST).content.decode()
    events = Event.objects.filter(resource_type="Plugin").order_by("id")
    assert [(event.type, event.user.username) for event in events] == [
        ("PLUGIN.DISABLE", "operator"),
        ("PLUGIN.ENABLE", "operator"),
    ]


def test_what_still_uses_a_plugin_is_said_and_its_name_typed(
    operator: Client, cloud: SimulatedCloud, machines: list[str], data: Path
) -> None:
    page = operator.get(url("simulator")).content.decode()
    for text in (
        "4 hosts of the hypervisor Simulator",
        "3 virtual machines of the",
        "storage pool",
        "1 image store of",
    ):
        assert text in page, text
    for typed in ("", "simulato"):
        refused = operator.post(url("simulator"), {"do": "disable", "typed": typed})
        assert refused.status_code == 400 and "type its name to disable it all the same" in refused.content.decode()
    assert not (data / FILE).exists()
    assert "network" in operator.get(url("virtual_router")).context["uses"][0]
    operator.post(url("simulator"), {"do": "disable", "typed": "simulator"})
    assert chosen(data).disabled == {"simulator"}
    assert "although it is used by 4 hosts" in Event.objects.get(type="PLUGIN.DISABLE").description


def test_the_environment_wins_and_that_is_seen(operator: Client, settings: Any, data: Path) -> None:
    settings.PLUGIN_CHOICE = PluginChoice(frozenset({"tea"}), by_environment=True)
    html = operator.get(LIST).content.decode()
    assert f"<strong>{VARIABLE}</strong> is set" in html and "tea" in html
    page = operator.get(url("directory")).content.decode()
    assert "take it out of the environment to choose here" in page and "disabled aria-describedby" in page
    assert operator.post(url("directory"), {"do": "disable", "typed": "directory"}).status_code == 400
    assert not (data / FILE).exists()


def test_a_choice_that_cannot_be_read_is_shown(operator: Client, data: Path) -> None:
    (data / FILE).write_text("{")
    assert "cannot be read" in operator.get(LIST).content.decode()
    (data / FILE).write_text('{"disabled": ["tea"]}')
    assert "not found: tea" in operator.get(LIST).content.decode()


def test_the_pages_cost_little_and_are_for_unrestricted_admins(operator: Client, cloud: SimulatedCloud) -> None:
    for address, most in ((LIST, 3), (url("simulator"), 14)):
        operator.get(address)
        with CaptureQueriesContext(connection) as captured:
            operator.get(address)
        assert len(captured) <= most, [one["sql"][:80] for one in captured]
    role = RoleFactory(type=RoleType.ADMIN)
    UserFactory(username="reader", account=AccountFactory(role=role, domain=cloud.account.domain))
    client = Client()
    assert client.login(username=f"reader@{cloud.account.domain.path}", password=PASSWORD)
    for address in (LIST, url("directory")):
        assert client.get(address).status_code == 403
        assert client.post(address, {"do": "disable", "typed": "directory"}).status_code == 403
