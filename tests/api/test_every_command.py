"""What holds for every command of the product, whoever wrote it; made from the registry."""

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
from cloudstack.api.params import Choice, Date, Flag, Float, Int, ListOf, Map, MapList, Param, Ref, RefList, Uuid
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError

NOBODY = "00000000-0000-4000-8000-000000000000"
DOORS = {"login", "logout"}
"""Carried out by the HTTP door; tests/api/protocol has their tests."""


def commands() -> list[type[BaseCmd]]:
    return [command for command in registry.all() if command.name not in DOORS]


LISTS = [command for command in commands() if command.is_list]
CALLERS = {"root": root_caller, "domain admin": domain_admin_caller, "user": user_caller}


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, db: None) -> Caller:
    forget_rules()
    return CALLERS[request.param]()


def call(command: type[BaseCmd], params: dict[str, Any], caller: Caller) -> Any:
    """The result, or the refusal; anything but a refusal in words is a defect of the command."""
    try:
        with transaction.atomic():
            return dispatch(command.name, params, caller)
    except (CloudError, ValidationError) as error:
        shown = presentable(error, caller=caller, command=command.name)
        assert shown.code != 530, f"{command.name} {params}: {shown.message}"
        return shown


@pytest.mark.parametrize("command", LISTS, ids=lambda command: command.name)
def test_a_list_answers_and_is_paged(command: type[BaseCmd], caller: Caller) -> None:
    needed = {param.wire: plausible(param) for param in command.params.values() if param.required}
    answers = [call(command, {**needed, **more}, caller) for more in ({}, {"page": "1", "pagesize": "2"})]
    for answer in answers:
        assert isinstance(answer, CloudError) or len(answer.rows) <= 500
    if isinstance(answers[0], CloudError):
        assert isinstance(answers[1], CloudError)
    else:
        assert answers[0].count == answers[1].count


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_no_value_of_a_parameter_breaks_a_command(command: type[BaseCmd], db: None) -> None:
    forget_rules()
    caller = root_caller()
    needed = {param.wire: plausible(param) for param in command.params.values() if param.required}
    for param in command.params.values():
        for value in odd_values(param):
            call(command, {**needed, **value}, caller)


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_a_reference_to_what_is_not_there_is_refused(command: type[BaseCmd], caller: Caller) -> None:
    if not registry.allowed(caller, command):
        pytest.skip("not for this role")
    needed = {param.wire: plausible(param) for param in command.params.values() if param.required}
    for param in command.params.values():
        if isinstance(param, Ref | RefList) and (param.roles is None or caller.role_type in param.roles):
            refused = call(command, {**needed, param.wire: NOBODY}, caller)
            assert isinstance(refused, CloudError), f"{command.name} takes any {param.wire}"
            assert refused.code in (431, 531), f"{command.name}: {refused.code} {refused.message}"


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_a_command_describes_itself(command: type[BaseCmd], db: None) -> None:
    entry = describe(command, root_caller())
    assert entry["description"], f"{command.name} has no docstring"
    assert command.roles, f"{command.name} is for nobody"
    for param in command.params.values():
        assert param.help, f"{command.name}: {param.wire} has no help"


def plausible(param: Param[Any]) -> str:
    match param:
        case Ref() | RefList() | Uuid():
            return NOBODY
        case Choice():
            return param.choices[0]
        case Int():
            return str(max(1, param.minimum))
        case Float():
            return "1"
        case Flag():
            return "false"
        case Date():
            return "2026-11-23"
    return "x"


def odd_values(param: Param[Any]) -> Iterator[dict[str, str]]:
    if isinstance(param, Map | MapList):
        yield {f"{param.wire}[0].key": "a'b\"%_\\", f"{param.wire}[0].value": "☃"}
        return
    for text in ("", "-1", "0", "x", "a'b\"%_\\;--", "☃", "9" * 30, "x" * 255, NOBODY):
        yield {param.wire: text}
    if isinstance(param, ListOf):
        yield {param.wire: ",".join(["x"] * 20)}
