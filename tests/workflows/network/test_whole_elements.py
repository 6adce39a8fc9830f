"""An element that gives a network everything: its segment and its services."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cloudstack.contracts.network import Service
from cloudstack.framework import drivers
from cloudstack.framework.plugins.manager import pm
from cloudstack.plugin import hookimpl
from cloudstack.testing.small_cloud import SmallCloud

VERBS = ("implement", "shutdown", "prepare_host", "release_host", "prepare_nic", "release_nic")
SERVICES = ("Connectivity", "Dhcp", "Dns", "UserData")


class Whole:
    """Notes what it is asked."""

    name = "Whole"
    services: ClassVar[frozenset[Service]] = frozenset(Service(service) for service in SERVICES)
    asked: ClassVar[list[str]] = []

    def __getattr__(self, verb: str) -> Callable[..., str]:
        if verb not in VERBS:
            raise AttributeError(verb)

        def note(*given: Any) -> str:
            self.asked.append(verb)
            return "whole0" if verb == "prepare_host" else ""

        return note


class Hostless(Whole):
    """As a controller outside, or what stands in the machine itself."""

    hostless = True


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type], None]]:
    """Have a plugin for the time of the test that gives an element."""
    monkeypatch.setattr(Whole, "asked", [])

    def give(element: type) -> None:
        hook = hookimpl(lambda: {"Whole": lambda: element()}, specname="register_network_elements")
        pm.register(SimpleNamespace(register_network_elements=hook), name="whole")
        drivers.reset()

    yield give
    pm.unregister(name="whole")
    drivers.reset()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("element", "asked"),
    [(Whole, {"prepare_host", "implement", "prepare_nic"}), (Hostless, {"prepare_host"})],
    ids=["on-a-host", "hostless"],
)
def test_services_beside_the_segment_are_implemented(
    give: Callable[[type], None], make_small_cloud: Callable[..., SmallCloud], element: type, asked: set[str]
) -> None:
    give(element)
    cloud = make_small_cloud(providers=dict.fromkeys(SERVICES, "Whole"))
    machine = cloud.machine()
    assert machine["state"] == "Running" and machine["nic"][0]["ipaddress"]
    assert set(Whole.asked) == asked
