"""What holds for every command of the product, whoever wrote it; made from the registry.

Each test goes through all commands and names every one that fails. ``pytest -k`` cannot choose among them: while a
command is being written, ``ONLY=startVirtualMachine,stopVirtualMachine`` in the environment does.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.factories import domain_admin_caller, root_caller, user_caller
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.discovery import describe
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.errors import presentable
from cloudstack.api.params import ListOf, Map, MapList, Param, Ref, RefList
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError
from tests.support.requests import NOBODY, needed

DOORS = {"login", "logout"}
"""Carried out by the HTTP door; tests/api/protocol has their tests."""
ONLY = set(filter(None, os.environ.get("ONLY", "").split(",")))
PARTS = 4
"""So that several processes can share the longest test."""
CALLERS = {"root": root_caller, "domain admin": domain_admin_caller, "user": user_caller}


def commands() -> list[type[BaseCmd]]:
    return [one for one in registry.all() if one.name not in DOORS and (not ONLY or one.name in ONLY)]


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, db: None) -> Caller:
    forget_rules()
    return CALLERS[request.param]()


@pytest.fixture
def root(db: None) -> Caller:
    forget_rules()
    return root_caller()


def one_by_one(*, lists: bool = False) -> Iterator[type[BaseCmd]]:
    """All commands; what was done with one is undone before the next."""
    for command in commands():
        if command.is_list or not lists:
            with transaction.atomic():
                yield command
                transaction.set_rollback(True)


class Faults(list[str]):
    """What is wrong, of all commands; ``expect`` adds a sentence when something does not hold."""

    def expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.append(sentence)

    def none(self) -> None:
        assert not self, f"{len(self)} faults:\n" + "\n".join(self)


@pytest.fixture
def faults() -> Faults:
    return Faults()


def call(command: type[BaseCmd], params: dict[str, Any], caller: Caller, faults: Faults) -> Any:
    """The result, or the refusal; anything but a refusal in words is a defect of the command."""
    try:
        with transaction.atomic():
            return dispatch(command.name, params, caller)
    except Exception as error:
        shown = presentable(error, caller=caller, command=command.name)
        worded = isinstance(error, CloudError | ValidationError) and shown.code != 530
        faults.expect(worded, f"{command.name} {params}: {type(error).__name__}: {shown.message}")
        return shown


def test_a_list_answers_and_is_paged(caller: Caller, faults: Faults) -> None:
    for command in one_by_one(lists=True):
        whole, page = (
            call(command, {**needed(command), **more}, caller, faults) for more in ({}, {"page": "1", "pagesize": "2"})
        )
        if isinstance(whole, CloudError):
            faults.expect(isinstance(page, CloudError), f"{command.name} is refused, a page of it is not")
        elif isinstance(page, CloudError):
            faults.append(f"{command.name} has no pages: {page.message}")
        else:
            faults.expect(len(whole.rows) <= 500, f"{command.name} answers {len(whole.rows)} rows unasked")
            faults.expect(len(page.rows) <= 2, f"{command.name} answers {len(page.rows)} rows on a page of 2")
            faults.expect(whole.count == page.count, f"{command.name} counts {whole.count} and on a page {page.count}")
            if "after" in command.params:
                behind = call(command, {**needed(command), "after": NOBODY}, caller, faults)
                faults.expect(isinstance(behind, CloudError), f"{command.name} goes on behind what is not there")
    faults.none()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_value_of_a_parameter_breaks_a_command(root: Caller, faults: Faults, part: int) -> None:
    for number, command in enumerate(one_by_one()):
        if number % PARTS != part:
            continue
        for param in command.params.values():
            for value in odd_values(param):
                call(command, {**needed(command), **value}, root, faults)
    faults.none()


def test_a_reference_to_what_is_not_there_is_refused(caller: Caller, faults: Faults) -> None:
    tried = 0
    for command in one_by_one():
        if not registry.allowed(caller, command):
            continue
        for param in command.params.values():
            if not isinstance(param, Ref | RefList) or (
                param.roles is not None and caller.role_type not in param.roles
            ):
                continue
            refused = call(command, {**needed(command), param.wire: NOBODY}, caller, faults)
            tried += 1
            if not isinstance(refused, CloudError):
                faults.append(f"{command.name} takes any {param.wire}")
            else:
                faults.expect(refused.code in (431, 531), f"{command.name}: {refused.code} {refused.message}")
    assert tried or ONLY
    faults.none()


def test_a_command_describes_itself(root: Caller, faults: Faults) -> None:
    for command in commands():
        faults.expect(bool(describe(command, root)["description"]), f"{command.name} has no docstring")
        faults.expect(bool(command.roles), f"{command.name} is for nobody")
        for param in command.params.values():
            faults.expect(bool(param.help), f"{command.name}: {param.wire} has no help")
    faults.none()


def odd_values(param: Param[Any]) -> Iterator[dict[str, str]]:
    if isinstance(param, Map | MapList):
        yield {f"{param.wire}[0].key": "a'b\"%_\\", f"{param.wire}[0].value": "☃"}
        return
    for text in ("", "-1", "0", "x", "a'b\"%_\\;--", "☃", "9" * 30, "x" * 255, NOBODY):
        yield {param.wire: text}
    if isinstance(param, ListOf):
        yield {param.wire: ",".join(["x"] * 20)}
