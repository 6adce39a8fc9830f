"""One test per hook specification: what a plugin gives arrives where it is used."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.urls import include, path

from cloudstack.api import BaseCmd
from cloudstack.api import registry as commands
from cloudstack.contracts.agent import HostAgent
from cloudstack.contracts.clusters import HostDiscovery
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import HypervisorDriver
from cloudstack.contracts.network import NetworkElement
from cloudstack.contracts.storage import ImageStoreDriver, ImageStoreRef, PoolRef, PrimaryStorageDriver
from cloudstack.framework import drivers
from cloudstack.framework.configuration import ConfigKey, store
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, Step, Workflow, dispatch
from cloudstack.framework.jobs import registry as workflows
from cloudstack.framework.metrics import Counter, Gauge
from cloudstack.framework.metrics import registry as metrics
from cloudstack.framework.metrics.counting import counted
from cloudstack.framework.plugins import health
from cloudstack.framework.plugins.contract import ensure_object_of
from cloudstack.framework.plugins.health import HealthCheck
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.measures import CALLS
from cloudstack.framework.plugins.routes import first_words, plugin_routes
from cloudstack.framework.scheduler import ScheduledJob, runner
from cloudstack.framework.scheduler import registry as scheduled
from cloudstack.testing.jobs import run_job
from tests.unit.framework.one_hook import hook

pytestmark = pytest.mark.django_db

Give = Callable[..., str]


@pytest.fixture(autouse=True)
def registries_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings_registry, "_keys", dict(settings_registry._keys))
    monkeypatch.setattr(workflows, "_workflows", dict(workflows._workflows))
    monkeypatch.setattr(scheduled, "_jobs", dict(scheduled._jobs))
    monkeypatch.setattr(health, "_checks", {})
    store.forget()
    drivers.reset()
    yield
    store.forget()


def driver_of(protocol: type) -> type:
    """A class with the methods of ``protocol``, whose objects show what they were made with."""

    def remember(self: Any, *made_with: Any) -> None:
        self.made_with = made_with

    return type("Driver", (protocol,), {"__init__": remember})


def reference(kind: type, **known: Any) -> Any:
    """A contract's reference of which only these facts matter here."""
    made = object.__new__(kind)
    for name, value in known.items():
        object.__setattr__(made, name, value)
    return made


HOST = reference(HostRef, hypervisor="Teapot")


def test_a_refusal_writes_a_method_as_it_is_declared() -> None:
    class Speaks(Protocol):
        def speak(self, words: str = "x -> (self, y)") -> None: ...

    with pytest.raises(ImproperlyConfigured) as refused:
        ensure_object_of(Speaks, SimpleNamespace(speak=lambda: None), "it")
    assert "it is called as speak(words: str = 'x -> (self, y)'), but" in str(refused.value)


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        pytest.param(3, "the driver of 'Teapot' is 3, which is no class", id="no class"),
        pytest.param(object, "the driver of 'Teapot' has no method host_facts; cloudstack.contracts", id="no methods"),
        pytest.param(
            type("Old", (HypervisorDriver,), {"stop": lambda self, uuid: None}),
            "is called as stop(uuid: str, *, force: bool = False, timeout_s: float = 120), but its stop does not allow "
            "that: got an unexpected keyword argument 'force'",
            id="other arguments",
        ),
    ],
)
def test_a_driver_that_cannot_be_one_takes_its_plugin_out_at_start(plugin: Give, driver: Any, told: str) -> None:
    name = plugin(hook("register_hypervisor_drivers", lambda: {"Teapot": driver}))
    drivers.collect()
    assert told in pm.statuses[name].error and "Teapot" not in drivers.hypervisor_types()


def test_register_hypervisor_drivers(plugin: Give) -> None:
    plugin(hook("register_hypervisor_drivers", lambda: {"Teapot": driver_of(HypervisorDriver)}))
    assert drivers.hypervisor_driver(HOST).made_with == (HOST,)  # type: ignore[attr-defined]
    assert "Teapot" in drivers.hypervisor_types()


def test_register_storage_drivers(plugin: Give) -> None:
    plugin(hook("register_storage_drivers", lambda: {("Teapot", "Cup"): driver_of(PrimaryStorageDriver)}))
    pool = reference(PoolRef, type="Cup")
    assert drivers.storage_driver(pool, HOST).made_with == (pool, HOST)
    assert drivers.storage_types("Teapot") == ["Cup"]


def test_register_image_store_drivers(plugin: Give) -> None:
    plugin(hook("register_image_store_drivers", lambda: {"Shelf": driver_of(ImageStoreDriver)}))
    shelf = reference(ImageStoreRef, provider="Shelf")
    assert drivers.image_store_driver(shelf).made_with == (shelf,)
    assert "Shelf" in drivers.image_store_providers()


def test_register_network_elements(plugin: Give) -> None:
    plugin(hook("register_network_elements", lambda: {"Spout": driver_of(NetworkElement)}))
    element = drivers.network_element("Spout")
    assert element.made_with == ()
    assert drivers.network_element("Spout") is element
    assert "Spout" in drivers.network_elements()


def test_register_host_agents(plugin: Give) -> None:
    plugin(hook("register_host_agents", lambda: {"Teapot": driver_of(HostAgent)}))
    assert drivers.host_agent(HOST).made_with == (HOST,)


def test_register_host_discoveries(plugin: Give) -> None:
    plugin(hook("register_host_discoveries", lambda: {"Teapot": driver_of(HostDiscovery)}))
    cluster = SimpleNamespace(hypervisor="Teapot")
    assert drivers.host_discovery(cluster).made_with == (cluster,)  # type: ignore[arg-type, attr-defined]
    assert "Teapot" in drivers.discovered_hypervisors()


def test_register_api_commands(plugin: Give) -> None:
    made: list[Any] = []

    def give() -> list[Any]:
        class BrewTea(BaseCmd):
            """Brews a pot of tea."""

            def execute(self) -> None: ...

        made.append(BrewTea)
        return made

    plugin(hook("register_api_commands", give), name="teapot")
    assert commands.find("brewTea") is None
    commands.register_plugin_commands()
    try:
        assert commands.find("brewTea") is made[0]
        assert made[0] in commands.all()
    finally:
        commands.unregister(made[0])


class PourStep(Step):
    title = "Pour"

    def do(self, ctx: Any) -> None:
        ctx.set_result(cups=2)


class Pour(Workflow):
    name = "teapot.cup.pour"
    title = "Pour a cup"
    steps = [PourStep]


def test_register_workflows(plugin: Give) -> None:
    plugin(hook("register_workflows", lambda: [Pour]), name="teapot")
    workflows.register_plugin_workflows()
    assert run_job(dispatch("teapot.cup.pour")).result == {"cups": 2}


@pytest.mark.parametrize("wrong", [object(), object, "teapot.cup.pour"])
def test_register_workflows_takes_workflows_only(plugin: Give, wrong: Any) -> None:
    name = plugin(hook("register_workflows", lambda: [Pour, wrong]), name="teapot")
    workflows.register_plugin_workflows()
    assert "is no Workflow" in pm.statuses[name].error
    assert "teapot.cup.pour" not in workflows.names()


def test_register_scheduled_jobs(plugin: Give) -> None:
    ran: list[int] = []
    plugin(hook("register_scheduled_jobs", lambda: [ScheduledJob("teapot.clean", 60, lambda: ran.append(1))]))
    scheduled.register_plugin_jobs()
    assert runner.run("teapot.clean")
    assert ran == [1]


def test_register_config_keys(plugin: Give) -> None:
    plugin(hook("register_config_keys", lambda: [ConfigKey("teapot.sugar", int, 2, "lumps")]))
    settings_registry.register_plugin_keys()
    assert settings_registry.get("teapot.sugar").value() == 2


def test_override_config_value(plugin: Give) -> None:
    def forced(name: str) -> Any:
        return 5 if name == "teapot.sugar" else None

    plugin(hook("override_config_value", forced))
    assert ConfigKey("teapot.sugar", int, 2, "lumps").value() == 5
    assert ConfigKey("teapot.milk", int, 2, "drops").value() == 2


def test_host_emptied(plugin: Give) -> None:
    """Asked by rolling maintenance, whose tests have it at work; here: every plugin is asked, and a failure is told."""
    plugin(hook("host_emptied", lambda host, payload: f"{host.name}: {payload}"))
    plugin(hook("host_emptied", lambda: None), name="silent")
    host = reference(HostRef, name="host-1")
    assert pm.answers("host_emptied", host=host, payload="patched") == ["host-1: patched"]
    plugin(hook("host_emptied", lambda: 1 / 0), name="broken")
    with pytest.raises(ZeroDivisionError):
        pm.answers("host_emptied", host=host, payload="patched")


def test_register_health_checks(plugin: Give) -> None:
    checks = [HealthCheck("water", lambda: "none left"), HealthCheck("power", lambda: None), HealthCheck("cups", oops)]
    plugin(hook("register_health_checks", lambda: checks), name="teapot")
    plugin(hook("register_health_checks", lambda: ["well"]), name="wrong")
    health.register_plugin_health_checks()
    assert pm.statuses["wrong"].error == "register_health_checks: 'well' is no HealthCheck"
    runner.run("plugins.health")
    reports = health.reports_of(["teapot", "wrong"])
    told = {report.name: report.problem for report in reports["teapot"]}
    assert told == {
        "water": "none left",
        "power": "",
        "cups": "the check itself failed: ZeroDivisionError: division by zero",
    }
    assert [(one.name, one.problem) for one in reports["wrong"]] == [("loading", pm.statuses["wrong"].error)]
    pm.fail("teapot", "is cold")
    assert health.checks_of("teapot") == []


def oops() -> str:
    return str(1 / 0)


def test_register_urls(plugin: Give) -> None:
    core = [path("admin/", include([path("x", oops)])), path("", include([path("client/api", oops)]))]
    assert first_words(core) == {"admin", "client"}
    plugin(hook("register_urls", lambda: [path("teapot", oops), path("teapot/<int:cup>", oops)]), name="teapot")
    plugin(hook("register_urls", lambda: [path("tea", oops), path("client/tea", oops)]), name="tea")
    plugin(hook("register_urls", lambda: [path("teapot/mine", oops)]), name="thief")
    plugin(hook("register_urls", lambda: ["tea"]), name="wrong")
    words = {str(route.pattern) for route in plugin_routes(core)}
    assert {"teapot", "teapot/<int:cup>"} <= words and not words & {"tea", "client/tea", "teapot/mine"}
    assert pm.statuses["tea"].error == "register_urls: /client is taken by the platform"
    assert pm.statuses["thief"].error == "register_urls: /teapot is taken by teapot"
    assert pm.statuses["wrong"].error == "register_urls: 'tea' is no path(…)"


def test_event_published(plugin: Give, django_capture_on_commit_callbacks: Any) -> None:
    heard: list[Any] = []
    plugin(hook("event_published", lambda event: heard.append(event.type)))
    with django_capture_on_commit_callbacks(execute=True):
        publish("CUP.POUR", description="poured")
    assert heard == ["CUP.POUR"]


@pytest.mark.django_db(transaction=True)
def test_job_finished(plugin: Give) -> None:
    heard: list[Any] = []

    def finished(job_uuid: str, workflow: str, status: str) -> None:
        heard.append((job_uuid, workflow, status, AsyncJob.objects.get().status))

    plugin(hook("job_finished", lambda: 1 / 0))
    plugin(hook("job_finished", finished))
    plugin(hook("register_workflows", lambda: [Pour]), name="teapot")
    workflows.register_plugin_workflows()
    with transaction.atomic():
        job = dispatch("teapot.cup.pour")
    assert heard == []
    run_job(job)
    assert heard == [(str(job.uuid), "teapot.cup.pour", "succeeded", "succeeded")]


def test_every_specification_has_a_test() -> None:
    texts = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*hooks.py"))
    assert {name for name in pm._specified() if f"\ndef test_{name}(" not in texts} == set()


def test_register_metrics(plugin: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    # From nothing: the plugins that are there give theirs again, and none is to be declared twice.
    monkeypatch.setattr(metrics, "_metrics", [])
    monkeypatch.setattr(pm, "_taken", {name: list(taken) for name, taken in pm._taken.items()})
    cache.clear()
    brewed = Counter("teapot_brewed_total", "Cups brewed.", ("size",), most=2)
    cups = Gauge("teapot_cups", "Cups by state.", ("state",), read=lambda: {"Brewed": 3})
    plugin(hook("register_metrics", lambda: [brewed, cups]), name="teapot")
    plugin(hook("register_metrics", lambda: [Counter("tea_total", "Tea."), Counter("milk_total", "Milk.")]), name="tea")
    plugin(hook("register_metrics", lambda: ["cups"]), name="wrong")
    metrics.register_plugin_metrics()
    assert pm.statuses["tea"].error == "register_metrics: the name of milk_total must begin with tea_"
    assert pm.statuses["wrong"].error == "register_metrics: 'cups' is neither a Counter, a Gauge nor a Collector"
    assert [one for one in metrics.counters() if one.name.startswith("tea_")] == []
    assert counted([CALLS])[CALLS]["teapot", "register_metrics"] == 1
    for size in ("S", "L", "S", "XL", "XXL"):
        brewed.add(size=size)
    assert counted([brewed])[brewed] == {("S",): 2, ("L",): 1, ("other",): 2}
    assert [values for _, *values in cups.read()] == [[("Brewed",), 3.0]]
    with pytest.raises(ValueError, match=r"has the labels \(size\), not \(\)"):
        brewed.add()
