"""The objects for which settings may have values of their own, and what is set for them."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from apps.accounts.models import Account, Domain
from apps.infrastructure.models import Cluster, Zone
from apps.storage.models import ImageStore, StoragePool
from cloudstack.framework.configuration import ConfigKey, Scope
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied


@dataclass(frozen=True)
class ScopeKind:
    """What a scope is made of."""

    parameter: str
    """The parameter of the commands that names one."""
    model: type[Model]
    noun: str
    searched: str = "name"
    """Field by whose words one is found."""
    joined: tuple[str, ...] = ()
    """What the label needs."""
    label: Callable[[Any], str] = str

    @property
    def a_noun(self) -> str:
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"


def _account_label(account: Account) -> str:
    return f"{account.name} ({account.domain})"


SCOPES: dict[Scope, ScopeKind] = {
    Scope.ZONE: ScopeKind("zoneid", Zone, "zone"),
    Scope.CLUSTER: ScopeKind("clusterid", Cluster, "cluster"),
    Scope.POOL: ScopeKind("storageid", StoragePool, "storage pool"),
    Scope.DOMAIN: ScopeKind("domainid", Domain, "domain", "path"),
    Scope.ACCOUNT: ScopeKind("accountid", Account, "account", joined=("domain",), label=_account_label),
    Scope.IMAGE_STORE: ScopeKind("imagestoreuuid", ImageStore, "image store"),
}


@dataclass(frozen=True)
class ScopedObject:
    """An object that may have a value of its own; ``own`` is what is set for it."""

    uuid: str
    name: str
    own: ConfigValue | None
    gone: bool = False


@dataclass(frozen=True)
class ScopedObjects:
    found: list[ScopedObject]
    more: bool
    """Whether there are others than these."""


def objects_of_setting(
    *, caller: Caller, key: ConfigKey, word: str = "", wanted: Sequence[str] = (), limit: int = 50
) -> ScopedObjects:
    """Objects of the setting's scope: with ``word`` those that are called like that, else those with a value first.

    ``wanted`` (UUIDs) are among them whatever else. Four statements at most. Raises ``PermissionDenied`` for who is no
    root admin: settings are the operators'.
    """
    _ensure_operator(caller)
    kind = SCOPES.get(key.scope)
    if kind is None:
        return ScopedObjects([], False)
    own = {
        row.scope_uuid: row
        for row in ConfigValue.objects.filter(name=key.name, scope=str(key.scope)).order_by("-updated")[: 4 * limit]
    }
    chosen = list(wanted)
    if not word:
        chosen += list(own)[:limit]
    rows = {str(row.uuid): row for row in _named(kind, chosen)}
    further = list(_like(kind, word)[: limit + 1])
    for row in further:
        if len(rows) < limit:
            rows.setdefault(str(row.uuid), row)
    found = [ScopedObject(known, kind.label(row), own.get(known)) for known, row in rows.items()]
    found.sort(key=lambda one: (one.own is None and one.uuid not in wanted, one.name.lower()))
    if not word:
        left = [known for known in own if known not in rows][:limit]
        found += [ScopedObject(known, f"{kind.a_noun} that is gone", own[known], gone=True) for known in left]
    return ScopedObjects(found, len(further) > limit or len(own) > 4 * limit - 1)


def scope_names(*, caller: Caller, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Names of objects by (scope, UUID); one statement for each scope that is there. What is gone has no name."""
    _ensure_operator(caller)
    names = {}
    for scope, kind in SCOPES.items():
        wanted = sorted({known for where, known in pairs if where == scope and known})
        names.update({(str(scope), str(row.uuid)): kind.label(row) for row in _named(kind, wanted)})
    return names


def _ensure_operator(caller: Caller) -> None:
    if not caller.is_root_admin:
        raise PermissionDenied("Settings are for root admins only")


def _named(kind: ScopeKind, wanted: Sequence[str]) -> "Sequence[Any] | QuerySet[Any]":
    known = [found for text in wanted if (found := _as_uuid(text)) is not None]
    return kind.model._default_manager.select_related(*kind.joined).filter(uuid__in=known) if known else ()


def _like(kind: ScopeKind, word: str) -> "QuerySet[Any]":
    rows: QuerySet[Any] = kind.model._default_manager.select_related(*kind.joined).order_by(kind.searched, "pk")
    known = _as_uuid(word)
    if known is not None:
        return rows.filter(uuid=known)
    return rows.filter(**{f"{kind.searched}__icontains": word}) if word else rows


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
