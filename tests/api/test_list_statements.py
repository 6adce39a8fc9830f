"""Every list costs as many statements for many rows as for one."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, root_caller
from apps.accounts.models import User
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.entities import entity_for, is_entity
from cloudstack.api.params import Ref, RefList
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError
from tests.support.owned import OWNED
from tests.support.requests import plausible

LISTS = [command for command in registry.all() if command.is_list]
MORE = 3
"""Owners, with one thing of each kind each, that come between the two measurements."""
GROW = 25
"""At least so many lists must have more rows the second time, or the test measures nothing."""


def add_owner() -> User:
    owner = UserFactory(account=AccountFactory(domain=DomainFactory()))
    for make in OWNED.values():
        make(owner)
    return owner


def asked(command: type[BaseCmd], caller: Caller) -> dict[str, str]:
    """The widest question that the list takes: all rows, with all details."""
    wide = {"listall": "true", "isrecursive": "true", "templatefilter": "all", "isofilter": "all", "showicon": "true"}
    wires = {param.key for param in command.params.values()}
    params = {name: text for name, text in wide.items() if name in wires}
    for param in command.params.values():
        if param.required and param.wire not in params:
            params[param.wire] = some(param, caller)
    return params


def some(param: Any, caller: Caller) -> str:
    if isinstance(param, Ref | RefList) and is_entity(param.model):
        row = entity_for(param.model).scope(caller=caller, access=param.access).order_by("pk").first()
        if row is not None:
            return str(row.uuid)
    return plausible(param)


def measured(command: type[BaseCmd], params: dict[str, str], caller: Caller) -> tuple[int, list[str]] | None:
    """Rows and statements; None for a question that the list refuses."""
    with CaptureQueriesContext(connection) as queries:
        try:
            rows = dispatch(command.name, params, caller).rows or []
        except CloudError:
            return None
    return len(rows), [query["sql"] for query in queries]


@pytest.mark.django_db
def test_statements_do_not_grow_with_the_rows() -> None:
    forget_rules()
    caller = root_caller()
    add_owner()
    questions = {command: asked(command, caller) for command in LISTS}
    for command, params in questions.items():
        measured(command, params, caller)  # settings and content types are read once per process
    before = {command: measured(command, params, caller) for command, params in questions.items()}
    for _ in range(MORE):
        add_owner()
    grown, worse = 0, []
    for command, params in questions.items():
        first, then = before[command], measured(command, params, caller)
        if first is None or then is None:
            continue
        if first[0] and then[0] > first[0]:
            grown += 1
            if len(then[1]) > len(first[1]):
                extra = [sql[:160] for sql in then[1] if sql not in first[1]][:4]
                numbers = f"{len(first[1])} statements for {first[0]} rows, {len(then[1])} for {then[0]}"
                worse.append(f"{command.name}: {numbers}: {extra}")
    assert not worse, "\n".join(worse)
    assert grown >= GROW, f"only {grown} lists had more rows"
