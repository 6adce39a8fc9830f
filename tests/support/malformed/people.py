"""Who sends malformed requests, and what there is to name in them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, ApiTokenFactory, DomainFactory, UserFactory
from apps.accounts.models import User
from apps.accounts.selectors import caller_of
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.entities import entity_for
from cloudstack.api.params import Ref, RefList
from cloudstack.framework.context import Caller
from tests.support.cloud import build_cloud
from tests.support.owned import OWNED


@dataclass(frozen=True)
class Person:
    """A caller with what it takes to call."""

    kind: str
    caller: Caller
    api_key: str
    secret: str
    token: str


class World:
    """A small cloud; a tenant and a stranger who own one object of each kind; people of every role."""

    def __init__(self) -> None:
        forget_rules()
        roles = ensure_default_roles()
        build_cloud(hosts=1, clusters=1)
        above = DomainFactory(name="above")
        tenant = UserFactory(account=AccountFactory(domain=DomainFactory(name="within", parent=above)))
        stranger = UserFactory(account=AccountFactory())
        self.own = {model: OWNED[model](tenant) for model in OWNED}
        self.foreign = {model: OWNED[model](stranger) for model in OWNED}
        reader = UserFactory(account=AccountFactory(domain=above, role=roles["Read-Only User - Default"]))
        self.people = [
            person("root admin", UserFactory(account=AccountFactory(root_admin=True))),
            person("domain admin", UserFactory(account=AccountFactory(domain_admin=True, domain=above))),
            person("tenant", tenant),
            person("read-only user", reader),
        ]
        self._seen: dict[Any, list[Any]] = {}

    def callers(self, command: type[BaseCmd]) -> list[Person | None]:
        """Everybody and nobody; those who may call the command more often than others."""
        key = ("callers", command.name)
        if key not in self._seen:
            may = [who for who in self.people if registry.allowed(who.caller, command)]
            self._seen[key] = [*may, *may, *may, *self.people, None]
        return self._seen[key]

    def seen(self, param: Ref[Any] | RefList, who: Person | None) -> list[str]:
        """UUIDs of some objects that the parameter takes of this caller; none for nobody."""
        if who is None:
            return []
        key = (param.model, param.access, who.kind)
        if key not in self._seen:
            rows = entity_for(param.model).scope(caller=who.caller, access=param.access)
            self._seen[key] = [str(row.uuid) for row in rows[:3]]
        return self._seen[key]

    def unseen(self, param: Ref[Any] | RefList, who: Person | None) -> list[str]:
        """UUIDs that the parameter takes of nobody like this caller: of other kinds of object, and of other tenants."""
        key = ("unseen", param.model, param.access, who.kind if who else "")
        if key not in self._seen:
            kind = param.model._meta.concrete_model
            others = [row for model, row in self.own.items() if model._meta.concrete_model is not kind]
            foreign = self.foreign.get(param.model)
            if who is not None and foreign is not None and not self._reaches(param, who, foreign):
                others = [foreign, foreign, *others[:3]]
            self._seen[key] = [str(row.uuid) for row in others]
        return self._seen[key]

    def _reaches(self, param: Ref[Any] | RefList, who: Person, thing: Model) -> bool:
        scope = entity_for(param.model).scope(caller=who.caller, access=param.access)
        return bool(scope.filter(pk=thing.pk).exists())


def person(kind: str, user: User) -> Person:
    pair, text = ApiKeyPairFactory(user=user), f"cst_{kind.replace(' ', '_')}"
    ApiTokenFactory(user=user, text=text)
    return Person(kind, caller_of(user), str(pair.api_key), _plain(pair.secret_key), text)


def _plain(secret: Any) -> str:
    return secret.reveal() if hasattr(secret, "reveal") else str(secret)
