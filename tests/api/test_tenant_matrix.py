"""The walls between tenants: every command × every object parameter × every kind of caller, made from the registry.

``REACH`` says how far each kind of caller gets with each kind of object that somebody owns. From it follows, for every
parameter that names an object, whether the call goes on, is refused as forbidden, or is answered exactly as if there
were no such object.
"""

from dataclasses import replace
from typing import Any

import pytest
from django.db import models, transaction

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, caller_for
from apps.accounts.models import Account, Domain, User
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.entities import entity_for
from cloudstack.api.errors import presentable
from cloudstack.api.params import Ref, RefList
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter, PermissionDenied
from tests.support.owned import OWNED, project
from tests.support.requests import plausible

NOBODY = "99999999-0000-4000-8000-000000000000"

EVERY_LEVEL = int(max(Access))
REACH: dict[str, int] = {
    "root admin": EVERY_LEVEL,
    "admin of the domain above": EVERY_LEVEL,
    "domain admin": EVERY_LEVEL,
    "admin of a sibling domain": 0,
    "owner": EVERY_LEVEL,
    "read-only user of the owner": EVERY_LEVEL,
    "other account": 0,
    "read-only admin": EVERY_LEVEL,
}
"""Kind of caller → the highest access level. The role is judged apart: reaching is not yet being allowed."""
PEOPLE: dict[type[models.Model], dict[str, int]] = {
    Domain: {"owner": Access.USE, "read-only user of the owner": Access.USE, "other account": Access.USE},
    Account: {"owner": Access.MODIFY, "read-only user of the owner": Access.MODIFY},
    User: {"owner": Access.MODIFY, "read-only user of the owner": Access.MODIFY},
}
"""Where it differs: nobody changes who stands above him."""
REFERENCES = [
    (command, param)
    for command in registry.all()
    for param in command.params.values()
    if isinstance(param, Ref | RefList) and param.model in OWNED
]


class Surroundings:
    """An owner in a domain below another one, and everybody else there is."""

    def __init__(self) -> None:
        forget_rules()
        roles = ensure_default_roles()
        above = DomainFactory(name="above")
        domain = DomainFactory(name="within", parent=above)
        sibling = DomainFactory(name="beside", parent=above)
        self.owner: User = UserFactory(account=AccountFactory(domain=domain, name="owner"))

        def person(**account: Any) -> Caller:
            user = UserFactory(account=AccountFactory(**account))
            project(user)
            return caller_for(user)

        project(self.owner)
        owner, reader = caller_for(self.owner), roles["Read-Only User - Default"]
        self.callers: dict[str, Caller] = {
            "root admin": person(root_admin=True),
            "admin of the domain above": person(domain_admin=True, domain=above),
            "domain admin": person(domain_admin=True, domain=domain),
            "admin of a sibling domain": person(domain_admin=True, domain=sibling),
            "owner": owner,
            "read-only user of the owner": replace(owner, role_id=reader.pk, role_version=reader.version),
            "other account": person(domain=domain),
            "read-only admin": person(domain=above.parent, role=roles["Read-Only Admin - Default"]),
        }
        self.things: dict[type[models.Model], Any] = {}
        self.own: dict[tuple[type[models.Model], int], Any] = {}

    def thing(self, model: type[models.Model]) -> Any:
        if model not in self.things:
            self.things[model] = OWNED[model](self.owner)
        return self.things[model]


@pytest.fixture
def around(db: None) -> Surroundings:
    return Surroundings()


def reach(caller: Caller, thing: models.Model) -> int:
    """The highest access level at which ``caller`` gets at ``thing``; 0 when it is not there for him."""
    entity = entity_for(type(thing))
    levels = [level for level in Access if entity.scope(caller=caller, access=level).filter(pk=thing.pk).exists()]
    return max(levels, default=0)


def expected(kind: str, model: type[models.Model]) -> int:
    return PEOPLE.get(model, {}).get(kind, REACH[kind])


@pytest.mark.parametrize("kind", REACH)
def test_everybody_reaches_what_the_table_says(around: Surroundings, kind: str) -> None:
    caller = around.callers[kind]
    found = {model.__name__: reach(caller, around.thing(model)) for model in OWNED}
    assert found == {model.__name__: expected(kind, model) for model in OWNED}


@pytest.mark.parametrize("kind", REACH)
def test_every_reference_of_every_command(around: Surroundings, kind: str) -> None:
    caller = around.callers[kind]
    assert REFERENCES
    for command, param in REFERENCES:
        where = f"{kind}: {command.name} {param.wire}"
        thing = around.thing(param.model)
        if not registry.allowed(caller, command):
            refused = call(command, {param.wire: str(thing.uuid)}, caller)
            assert refused is not None and refused.code == 432, where
            continue
        outcome = resolved(param, thing.uuid, caller)
        level = expected(kind, param.model)
        if level >= param.access:
            assert outcome is None, f"{where}: {outcome}"
        elif level:
            assert isinstance(outcome, PermissionDenied), f"{where}: {outcome}"
        else:
            nothing = resolved(param, NOBODY, caller)
            assert isinstance(outcome, InvalidParameter) and isinstance(nothing, InvalidParameter), where
            assert same_words(outcome, thing.uuid) == same_words(nothing, NOBODY), where


@pytest.mark.parametrize("kind", [kind for kind, level in REACH.items() if not level])
def test_no_answer_tells_strangers_that_something_exists(around: Surroundings, kind: str) -> None:
    """The whole command is called, with the object and with none: the two answers differ in the UUID only."""
    caller = around.callers[kind]
    for command, param in REFERENCES:
        if expected(kind, param.model) or not registry.allowed(caller, command):
            continue
        if param.roles is not None and caller.role_type not in param.roles:
            continue
        thing = around.thing(param.model)
        needed = {one.wire: own_value(around, one, caller) for one in command.params.values() if one.required}
        answers = [call(command, {**needed, param.wire: str(aim)}, caller) for aim in (thing.uuid, NOBODY)]
        where = f"{kind}: {command.name} {param.wire}"
        assert answers[0] is not None and answers[1] is not None, f"{where} was carried out"
        assert same_words(answers[0], thing.uuid) == same_words(answers[1], NOBODY), where


@pytest.mark.parametrize("kind", [kind for kind, level in REACH.items() if not level])
def test_no_list_shows_it(around: Surroundings, kind: str) -> None:
    caller = around.callers[kind]
    for command in registry.all():
        model = command.response.model
        if not command.is_list or model not in OWNED or expected(kind, model) or not registry.allowed(caller, command):
            continue
        thing, owner = around.thing(model), around.owner
        wires = {param.key for param in command.params.values()}
        needed = {one.wire: own_value(around, one, caller) for one in command.params.values() if one.required}
        wide = {"listall": "true", "isrecursive": "true", "templatefilter": "all", "isofilter": "all"}
        aims = [{}, {"id": str(thing.uuid)}, {"account": owner.account.name, "domainid": str(owner.domain.uuid)}]
        for aim in aims:
            params = {name: text for name, text in {**needed, **wide, **aim}.items() if name.lower() in wires}
            shown: list[dict[str, Any]] = []
            refused = call(command, params, caller, into=shown)
            assert refused is None or refused.code in (431, 531, 432), f"{command.name}: {refused}"
            assert str(thing.uuid) not in str(shown), f"{kind}: {command.name} {params}"


def resolved(param: Any, uuid: Any, caller: Caller) -> CloudError | None:
    """The refusal of one reference, None when the object is reached."""
    try:
        param.resolve([str(uuid)] if isinstance(param, RefList) else str(uuid), caller=caller)
    except CloudError as error:
        return error
    return None


def call(
    command: type[BaseCmd], params: dict[str, str], caller: Caller, *, into: list[dict[str, Any]] | None = None
) -> CloudError | None:
    """The refusal of a whole call, None when it was carried out; nothing of it stays."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                rows = dispatch(command.name, params, caller).rows
                if into is not None:
                    into.extend(rows or [])
        except Exception as error:
            return presentable(error, caller=caller, command=command.name)
        finally:
            transaction.set_rollback(True)
    return None


def same_words(error: CloudError, uuid: Any) -> tuple[int, str]:
    return error.code, error.message.replace(str(uuid), "X")


def own_value(around: Surroundings, param: Any, caller: Caller) -> str:
    """Something for a parameter that has to be there; of what can be owned, the caller's own."""
    if isinstance(param, Ref | RefList) and param.model in OWNED:
        key = (param.model, caller.user_id)
        if key not in around.own:
            around.own[key] = OWNED[param.model](User.objects.get(pk=caller.user_id))
        return str(around.own[key].uuid)
    if isinstance(param, Ref | RefList) and (
        seen := entity_for(param.model).scope(caller=caller, access=param.access).first()
    ):
        return str(seen.uuid)
    return plausible(param)
