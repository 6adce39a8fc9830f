"""What plugins give to placement arrives there: filters, weighers, choices, types of affinity groups."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from apps.infrastructure.services import affinity_types, placement
from apps.infrastructure.services.affinity_types import HostAntiAffinity
from cloudstack.contracts.placement import HostCandidate, PlacementRequest
from cloudstack.framework.configuration import ConfigKey
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.framework.plugins.manager import pm
from tests.unit.framework.one_hook import hook

pytestmark = pytest.mark.django_db

Give = Callable[..., str]


@pytest.fixture(autouse=True)
def settings_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_registry, "_keys", dict(settings_registry._keys))


def candidate(name: str) -> HostCandidate:
    return HostCandidate(
        uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        name=name,
        pod_uuid="p",
        cluster_uuid="c",
        hypervisor="Teapot",
        status="Up",
        resource_state="Enabled",
        cluster_enabled=True,
        cpus=8,
        cpu_mhz=2000,
        cpu_limit_mhz=16000,
        cpu_used_mhz=0,
        memory_limit_mib=8192,
        memory_used_mib=0,
    )


REQUEST = PlacementRequest(vm_uuid="v", hypervisor="Teapot", zone_uuid="z", cpus=1, cpu_mhz=500, memory_mib=512)
CANDIDATES = [candidate(name) for name in ("a", "b", "c")]


def ranking() -> list[str]:
    return [host.name for host in placement.place(REQUEST, CANDIDATES).ranked]


class NotA:
    name = "teapot.not_a"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        return "has no kettle" if host.name == "a" else None


class PreferC:
    name = "teapot.prefer_c"
    weight = 100.0

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        return 1.0 if host.name == "c" else 0.0


def test_register_host_filters(plugin: Give) -> None:
    assert "a" in ranking()
    plugin(hook("register_host_filters", lambda: [NotA()]))
    result = placement.place(REQUEST, CANDIDATES)
    assert sorted(host.name for host in result.ranked) == ["b", "c"]
    assert [(refusal.host_name, refusal.reason) for refusal in result.refusals] == [("a", "has no kettle")]


def test_register_host_weighers(plugin: Give) -> None:
    """Hosts that are alike come in any order, so that once would prove little."""
    plugin(hook("register_host_weighers", lambda: [PreferC()]))
    assert {ranking()[0] for _ in range(10)} == {"c"}


def test_a_weight_may_be_a_setting(plugin: Give) -> None:
    """It is read for each placement, not at start; one that cannot be read weighs nothing."""
    key = ConfigKey("teapot.weight", int, 100, "how much it counts")

    class Prefer(PreferC):
        weight = property(lambda self: key.value())  # type: ignore[assignment]

    class Broken(PreferC):
        weight = property(lambda self: 1 / 0)  # type: ignore[assignment]

    name = plugin(hook("register_host_weighers", lambda: [Prefer(), Broken()]))
    placement.check_plugins()
    assert pm.in_service(name)
    assert {ranking()[0] for _ in range(10)} == {"c"}


def test_a_name_that_cannot_be_read_and_points_that_cannot_be_sorted_do_no_harm(
    plugin: Give, caplog: pytest.LogCaptureFixture
) -> None:
    class Nameless(PreferC):
        name = property(lambda self: 1 / 0)  # type: ignore[assignment]

    class NoWeight(PreferC):
        name, weight = "teapot.no_weight", float("nan")

    class NoPoints(PreferC):
        name = "teapot.no_points"

        def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
            return float("nan")

    class TooMany(NoPoints):
        name, weight = "teapot.too_many", 1e308

        def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
            return 1e308

    name = plugin(hook("register_host_weighers", lambda: [Nameless(), NoWeight(), NoPoints(), TooMany()]))
    result = placement.place(REQUEST, CANDIDATES)
    assert result.ranked[0].name == "c"
    points = result.scores[result.ranked[0].uuid]
    assert points["Nameless"] == 100.0
    assert [points[f"teapot.{one}"] for one in ("no_weight", "no_points", "too_many")] == [0.0, 0.0, 0.0]
    assert f"plugin {name} failed in register_host_weighers" in caplog.text


def test_choose_host(plugin: Give) -> None:
    def choose(request: PlacementRequest, candidates: Any) -> str:
        return next(host.uuid for host in candidates if host.name == "b")

    plugin(hook("choose_host", choose))
    assert ranking()[0] == "b"


def test_register_affinity_types(plugin: Give) -> None:
    rack = HostAntiAffinity("rack anti-affinity", strict=True)
    plugin(hook("register_affinity_types", lambda: {rack.name: rack}))
    found = affinity_types.affinity_types()
    assert found[rack.name] is rack and "host anti-affinity" in found


def test_choices_of_two_plugins_and_one_that_fails(plugin: Give, caplog: pytest.LogCaptureFixture) -> None:
    """The failing one is named; the other chooses all the same."""
    plugin(hook("choose_host", lambda candidates: next(host.uuid for host in candidates if host.name == "b")))
    failing = plugin(hook("choose_host", lambda: 1 / 0))
    assert ranking()[0] == "b"
    assert f"plugin {failing} failed in choose_host" in caplog.text
