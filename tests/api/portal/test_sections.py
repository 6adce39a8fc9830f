"""What sections declare fits the commands that they name, and their pages stand behind the same walls as the API."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import User
from cloudstack.api import registry as commands
from cloudstack.pages import registry
from cloudstack.pages.columns import Column
from cloudstack.pages.options import Listed
from cloudstack.pages.sections import Operation, Section
from tests.support.owned import OWNED

SECTIONS = sorted(registry.sections(), key=lambda section: section.slug)
OWNED_SECTIONS = [one for one in SECTIONS if commands.get(one.lists).response.model in OWNED]


def ids(sections: list[Section]) -> list[str]:
    return [section.slug for section in sections]


def every_operation(section: Section) -> list[Operation]:
    of_panels = [one for panel in section.panels for one in (*panel.adds, *panel.operations)]
    return [*section.creates, *section.operations, *of_panels]


def wires(command: str) -> set[str]:
    return {param.wire for param in commands.get(command).params.values()}


@pytest.mark.parametrize("section", SECTIONS, ids=ids(SECTIONS))
def test_a_section_names_only_what_commands_have(section: Section) -> None:
    answered = set(commands.get(section.lists).response.fields())
    assert needed([*section.columns, *section.facts]) - answered == set()
    assert {one.wire for one in section.filters} | set(section.list_params) <= wires(section.lists)
    for panel in section.panels:
        if panel.command:
            assert needed(panel.columns) - set(commands.get(panel.command).response.fields()) == set(), panel.title
    for operation in every_operation(section):
        named = {one.wire for one in operation.inputs} | set(operation.fixed)
        assert named <= wires(operation.command), operation.command
        for listed in [source for one in operation.inputs for source in listings_in(one.options)]:
            assert set(listed.params) | set(listed.takes) <= wires(listed.command), operation.command
    for panel in section.panels:
        keys = [one.key for one in panel.operations]
        assert len(keys) == len(set(keys)), "two operations on a panel's rows have one address"
    keys = [one.key for one in section.operations]
    assert len(keys) == len(set(keys)), "two operations have one address"


def listings_in(options: Any) -> list[Listed]:
    sources = options if isinstance(options, list | tuple) else [options]
    return [source for source in sources if isinstance(source, Listed)]


def needed(columns: Any) -> set[str]:
    """Fields of the answer that columns read; one with ``value`` says itself which."""
    plain: list[Column] = [column for column in columns if column.value is None]
    return {wire for column in plain for wire in column.wires} | {
        wire for column in columns if column.value is not None for wire in column.needs
    }


@pytest.fixture
def owner(db: None) -> User:
    domain = DomainFactory(name="within")
    return UserFactory(account=AccountFactory(domain=domain, name="owner"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="apps.accounts.backends.DomainUserBackend")
    return client


@pytest.mark.parametrize("section", SECTIONS, ids=ids(SECTIONS))
def test_lists_and_forms_open_for_a_user_who_has_nothing(owner: User, section: Section) -> None:
    client = client_of(owner)
    assert client.get(reverse(f"portal:{section.slug}-list")).status_code == 200
    for operation in section.creates:
        if commands.allowed(caller_of(owner), operation.command):
            url = reverse(f"portal:{section.slug}-create", args=[operation.key])
            assert client.get(url).status_code == 200
            # Nothing filled in: the form says what is missing, and nothing is made.
            if any(param.required for param in commands.get(operation.command).params.values()):
                assert client.post(url, {"go": "do"}).status_code == 422


def caller_of(user: User) -> Any:
    from apps.accounts.selectors import caller_of

    return caller_of(user)


@pytest.mark.parametrize("section", OWNED_SECTIONS, ids=ids(OWNED_SECTIONS))
def test_pages_of_an_object_are_there_for_those_who_reach_it_only(owner: User, section: Section) -> None:
    model = commands.get(section.lists).response.model
    thing: Any = OWNED[model](owner)
    near = UserFactory(account=AccountFactory(domain=owner.account.domain, name="near"))
    beside = UserFactory(account=AccountFactory(domain_admin=True, domain=DomainFactory(name="beside")))
    above = UserFactory(account=AccountFactory(domain_admin=True, domain=owner.account.domain))
    pages = pages_of(section, str(thing.uuid))
    mine = client_of(owner)
    listed = mine.get(reverse(f"portal:{section.slug}-list"))
    assert listed.status_code == 200
    for client in (mine, client_of(above)):
        for page in pages:
            assert client.get(page).status_code in (200, 302, 403), page
    for user in (near, beside):
        client = client_of(user)
        assert str(thing.uuid) not in client.get(reverse(f"portal:{section.slug}-list")).text
        for page in pages:
            assert client.get(page).status_code == 404, f"{user.account.name}: {page}"
            assert client.post(page, {"go": "do", "confirmed": "1"}).status_code in (404, 405), page
    for page in pages:
        answer = Client().get(page)
        assert answer.status_code == 302 and answer["Location"].startswith(reverse("portal:sign-in"))


def pages_of(section: Section, uuid: str) -> list[str]:
    found = [reverse(f"portal:{section.slug}-object", args=[uuid])] if section.has_page else []
    offered = [*section.operations, *(added for panel in section.panels for added in panel.adds)]
    return [*found, *(reverse(f"portal:{section.slug}-do", args=[uuid, one.key]) for one in offered)]
