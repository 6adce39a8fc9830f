"""What a project owns: every object parameter of every command × every kind of member, made from the registry."""

from typing import Any

import pytest
from django.db import models

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, caller_for, join_project, project_of
from apps.accounts.models import (
    Account,
    ApiKeyPair,
    ApiToken,
    Domain,
    Project,
    ProjectInvitation,
    ProjectRole,
    ProjectRolePermission,
    User,
)
from apps.accounts.services.role_rules import forget_rules
from apps.metadata.models import Annotation
from cloudstack.api import Access, registry
from cloudstack.api.authentication import acting
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.params import Ref
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from tests.api.test_tenant_matrix import NOBODY, REFERENCES, resolved, same_words
from tests.support.owned import OWNED

PEOPLE = {
    Account,
    Annotation,
    ApiKeyPair,
    ApiToken,
    Domain,
    Project,
    ProjectInvitation,
    ProjectRole,
    ProjectRolePermission,
    User,
}
"""What no project owns; notes are their writers'."""
MEMBERS = ("project admin", "account", "user", "reader", "barred user")
OUTSIDERS = ("colleague of the user", "admin of another project", "domain admin elsewhere")


class Around:
    """A project in a domain, everybody who is in it, and some who are not."""

    def __init__(self) -> None:
        forget_rules()
        self.domain = DomainFactory()
        admin, account, user, reader, barred, other = (self._person() for _ in range(6))
        self.project = project_of(admin.account)
        join_project(self.project, account.account)
        join_project(self.project, user)
        join_project(self.project, reader.account, allow="list* get* query* find*", deny="*")
        join_project(self.project, barred.account)
        # What is said of the user wins over what is said of his account.
        join_project(self.project, barred, deny="*")
        project_of(other.account)
        self.users: dict[str, User] = {
            "project admin": admin,
            "account": account,
            "user": user,
            "reader": reader,
            "barred user": barred,
            "colleague of the user": UserFactory(account=user.account),
            "admin of another project": other,
            "domain admin elsewhere": UserFactory(account=AccountFactory(domain_admin=True)),
        }
        self.things: dict[type[models.Model], Any] = {}

    def _person(self) -> User:
        user: User = UserFactory(account=AccountFactory(domain=self.domain))
        return user

    def thing(self, model: type[models.Model]) -> Any:
        if model not in self.things:
            self.things[model] = OWNED[model](UserFactory(account=self.project.account))
        return self.things[model]


@pytest.fixture
def around(db: None) -> Around:
    return Around()


BY_THEMSELVES = {"listProjectInvitations", "updateProjectInvitation", "listApis"}
"""Whoever is invited does not see the project yet; what a role admits is asked of the role."""


def test_projectid_is_a_reference() -> None:
    """So that the role in the project is asked for every command that names one."""
    for command in registry.all():
        for param in command.params.values():
            if param.key == "projectid" and command.name not in BY_THEMSELVES:
                assert isinstance(param, Ref) and param.model is Project, command.name
                assert param.access >= Access.OPERATE, command.name


@pytest.mark.parametrize("kind", [*MEMBERS, *OUTSIDERS])
def test_every_reference_of_every_command(around: Around, kind: str) -> None:
    member = caller_for(around.users[kind])
    for command, param in REFERENCES:
        if param.model in PEOPLE or not registry.allowed(member, command):
            continue
        caller = acting(member, command)
        where = f"{kind}: {command.name} {param.wire}"
        uuid = around.thing(param.model).uuid
        outcome = resolved(param, uuid, caller)
        reads = command.name.startswith(("list", "get", "query", "find"))
        if kind in OUTSIDERS:
            nothing = resolved(param, NOBODY, caller)
            assert isinstance(outcome, InvalidParameter) and isinstance(nothing, InvalidParameter), where
            assert same_words(outcome, uuid) == same_words(nothing, NOBODY), where
        elif kind == "barred user" or (kind == "reader" and not reads):
            assert isinstance(outcome, PermissionDenied), f"{where}: {outcome}"
            assert "Your role in the project" in outcome.message, where
        else:
            assert outcome is None, f"{where}: {outcome}"


OF_ANOTHER_KIND = {"listEgressFirewallRules", "listIpForwardingRules", "listPortForwardingRules"}
"""Rules of networks are of one model; the one made here is a rule of a firewall."""
LISTS = [
    command
    for command in registry.all()
    if command.is_list
    and command.response.model in OWNED
    and command.response.model not in PEOPLE
    and command.name not in OF_ANOTHER_KIND
]
AIMS: dict[str, list[tuple[dict[str, str], bool]]] = {
    "project admin": [
        ({}, False),
        ({"listall": "true"}, False),
        ({"projectid": "P"}, True),
        ({"projectid": "-1"}, True),
        ({"projectid": "-1", "listall": "true"}, True),
        ({"id": "X"}, True),
    ],
    "reader": [({}, False), ({"projectid": "P"}, True), ({"projectid": "-1"}, True), ({"id": "X"}, True)],
    "root admin": [
        ({}, False),
        ({"listall": "true"}, False),
        ({"domainid": "D", "isrecursive": "true"}, False),
        ({"projectid": "P"}, True),
        ({"projectid": "-1"}, True),
        ({"projectid": "-1", "listall": "true"}, True),
        ({"id": "X"}, True),
    ],
    "domain admin": [({"listall": "true"}, False), ({"projectid": "P"}, True), ({"id": "X"}, True)],
    "admin of another project": [({"projectid": "-1"}, False), ({"id": "X"}, False), ({"listall": "true"}, False)],
}
"""Who asks, with what, and whether he is shown what the project owns."""


@pytest.mark.parametrize("kind", AIMS)
def test_lists_show_what_a_project_owns_to_whoever_asks_for_it(around: Around, kind: str) -> None:
    around.users["root admin"] = UserFactory(account=AccountFactory(root_admin=True))
    around.users["domain admin"] = UserFactory(account=AccountFactory(domain_admin=True, domain=around.domain))
    caller = caller_for(around.users[kind])
    words = {"P": str(around.project.uuid), "D": str(around.domain.uuid)}
    for command in LISTS:
        wires = {param.key for param in command.params.values()}
        if "projectid" not in wires or not registry.allowed(caller, command):
            continue
        thing = around.thing(command.response.model)
        whose = "all" if caller.is_admin else "self"
        needed = {wire: whose for wire in ("templatefilter", "isofilter") if wire in wires}
        for aim, expected in AIMS[kind]:
            sent = {name: words.get(text, text).replace("X", str(thing.uuid)) for name, text in aim.items()}
            if not set(sent) <= wires:
                continue
            rows = dispatch(command.name, {**needed, **sent}, caller).rows or []
            shown = str(thing.uuid) in {row.get("id") or row.get("jobid") for row in rows}
            assert shown == expected, f"{kind}: {command.name} {aim}"
            if shown and "project" in command.response.fields():
                [row] = [row for row in rows if row.get("id") == str(thing.uuid)]
                assert (row["project"], row.get("account")) == (around.project.name, None), command.name
