"""More than ten thousand malformed requests to all commands: each is refused in words, and nothing is left of it.

``FUZZ_REQUESTS`` says how many requests each command gets, ``FUZZ_SEED`` which, ``ONLY`` names some commands.
"""

import os
import sys
import zlib

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.rest.routes import Route, derive
from tests.support.malformed.judge import Judge
from tests.support.malformed.people import World
from tests.support.malformed.requests import Sent, flawed_call, flawed_rest, mutated, odd_call

PARTS = 4
USUAL = 42
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", USUAL))
SEED = os.environ.get("FUZZ_SEED", "0")
AT_LEAST = 10_000
BY_DESIGN = {"login", "logout", "forgotPassword", "resetPassword"}
"""They count wrong tries; tests/api/protocol and tests/api/accounts have their tests."""


def commands() -> list[type[BaseCmd]]:
    only = set(filter(None, os.environ.get("ONLY", "").split(",")))
    return [one for one in registry.all() if one.name not in BY_DESIGN and (not only or one.name in only)]


@pytest.fixture
def world(db: None) -> World:
    return World()


def share() -> int:
    """Requests a command; on PostgreSQL fewer: what differs there are numbers and texts that it does not store."""
    return REQUESTS if connection.vendor == "sqlite" or "FUZZ_REQUESTS" in os.environ else max(1, REQUESTS // 4)


def draws(command: type[BaseCmd], routes: list[Route], world: World, data: st.DataObject) -> Sent:
    match data.draw(st.integers(0, 11)):
        case 0 | 1 | 2:
            return odd_call(data.draw, command, world)
        case 3 | 4 | 5 if routes:
            return flawed_rest(data.draw, data.draw(st.sampled_from(routes)), world)
        case 6:
            return mutated(flawed_call(data.draw, command, world), data.draw(st.integers(0, 2**32)))
    return flawed_call(data.draw, command, world)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(1200)
def test_what_is_malformed_is_refused_and_leaves_nothing(world: World, part: int) -> None:
    routes: dict[str, list[Route]] = {}
    for route in (route for some in derive(registry.all()).values() for route in some):
        routes.setdefault(route.command.name, []).append(route)
    chosen = commands()[part::PARTS]
    with Judge().listening() as judge:
        for command in chosen:
            _try(command, routes.get(command.name, []), world, judge)
    sys.stdout.write(
        f"part {part}: {judge.refused} refused, {judge.done} carried out, {dict(sorted(judge.statuses.items()))}\n"
    )  # seen with -s
    if judge.faults:
        pytest.fail(f"{len(judge.faults)} faults:\n" + "\n".join(judge.faults), pytrace=False)
    if REQUESTS == USUAL and len(chosen) > 20 and connection.vendor == "sqlite":
        assert judge.refused >= AT_LEAST / PARTS


def _try(command: type[BaseCmd], routes: list[Route], world: World, judge: Judge) -> None:
    @seed(zlib.crc32(f"{SEED} {command.name}".encode()))
    @settings(
        max_examples=share(),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def refuses(data: st.DataObject) -> None:
        judge.send(draws(command, routes, world, data))

    refuses()
