"""Fixtures for the tests of plugins: a small cloud, somebody of each role, jobs run to their end, faults.

Tests that are run with the project's ``pyproject.toml`` have them, and so have those that ``manage.py checkplugin
--tests`` runs. Elsewhere one line in the uppermost ``conftest.py`` brings them::

    pytest_plugins = ["cloudstack.testing.fixtures"]
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

# What follows the settings is imported where it is used: this module is there before Django is.
if TYPE_CHECKING:
    from django.test import Client

    from cloudstack.framework.context import Caller
    from cloudstack.testing.api import ApiClient
    from cloudstack.testing.faults import Faults
    from cloudstack.testing.small_cloud import SmallCloud
    from cloudstack.testing.tenants import Tenants


@pytest.fixture(autouse=True)
def _settings_are_read_again() -> Iterator[None]:
    """What a process keeps of settings outlives the database of the test that set them; no other test sees them."""
    yield
    # Nothing has read settings where their store is not even there: it may be that Django is not, either.
    if "cloudstack.framework.configuration.store" in sys.modules:
        from cloudstack.testing.settings import forget_settings

        forget_settings()


@pytest.fixture
def tenants(db: None) -> "Tenants":
    """Somebody of each role, each with a client that signs; see ``cloudstack.testing.tenants``."""
    from cloudstack.testing.tenants import make_tenants

    return make_tenants()


@pytest.fixture
def client_of_role(tenants: "Tenants") -> "Callable[[str], ApiClient]":
    """``client_of_role("user").call("listZones")``: a client of the command API by HTTP.

    Roles are ``root``, ``domain_admin``, ``user``, ``neighbour`` (another account of the user's domain), ``stranger``
    (an account of another domain) and ``anonymous``.
    """
    return tenants.client


@pytest.fixture
def caller_of_role(tenants: "Tenants") -> "Callable[[str], Caller | None]":
    """``caller_of_role("user")``: who calls, for managers and for ``dispatch``; None for ``anonymous``."""
    return tenants.caller


@pytest.fixture
def browser_of_role(tenants: "Tenants") -> "Callable[[str], Client]":
    """``browser_of_role("root").get("/admin/")``: a browser in which somebody of the role has signed in."""
    return tenants.browser


@pytest.fixture
def make_small_cloud(tenants: "Tenants") -> "Iterator[Callable[..., SmallCloud]]":
    """``make_small_cloud(hypervisor="Mine", hosts=["mine://host-1"])``: a small cloud on a driver of yours.

    What can be said, and what is there when it is not, stands at ``cloudstack.testing.small_cloud.small_cloud``.
    """
    from cloudstack.testing.small_cloud import small_cloud

    with contextlib.ExitStack() as made:
        yield lambda **wanted: made.enter_context(small_cloud(tenants=tenants, **wanted))


@pytest.fixture
def small_cloud(make_small_cloud: "Callable[..., SmallCloud]") -> "SmallCloud":
    """A zone with two hosts, a pool, an image store, a template, offerings and a network; no plugin is needed."""
    return make_small_cloud()


@pytest.fixture
def run_jobs(db: None) -> Callable[..., int]:
    """``run_jobs()`` carries out all jobs that wait, in this process; answers how many runs that took."""
    from cloudstack.testing.jobs import run_jobs

    return run_jobs


@pytest.fixture
def faults() -> "Iterator[Faults]":
    """``faults.raise_in("hypervisor.start", error)``, ``faults.delay(…)``, ``faults.crash_at(step)``.

    A fault that never happens fails the test, which showed nothing.
    """
    from cloudstack.testing.faults import Faults

    made = Faults()
    with made.installed():
        yield made
    assert not made.unused(), f"these faults never happened: {', '.join(made.unused())}"


@pytest.fixture
def set_setting(tenants: "Tenants") -> Callable[[str, Any], None]:
    """``set_setting("coffee.brew.time", 1)``: change a setting as an operator does; it is forgotten after the test."""

    def change(name: str, value: Any) -> None:
        tenants.root.call("updateConfiguration", name=name, value=value)

    return change
