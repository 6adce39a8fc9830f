"""Which rows of which model a caller may touch: each app registers one scope per public entity."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet

from cloudstack.api.identifiers import BadValue, canonical_uuid
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied

M = TypeVar("M", bound=Model)


class Scope(Protocol):
    """Rows that ``caller`` may touch at the level ``access``, as an unevaluated queryset."""

    def __call__(self, *, caller: Caller, access: Access) -> "QuerySet[Any]": ...


class Entity(Generic[M]):
    """A model with its scope; turns UUIDs from outside into rows that the caller may touch."""

    def __init__(self, model: type[M], scope: Scope, noun: str):
        self.model = model
        self.scope = scope
        self.noun = noun

    def get(
        self,
        *,
        caller: Caller,
        uuid: str,
        access: Access = Access.USE,
        parameter: str = "id",
        select_related: Iterable[str] = (),
    ) -> M:
        """The object. Raises ``InvalidParameter`` when it is not visible, ``PermissionDenied`` when only that."""
        return self.get_many(
            caller=caller, uuids=[uuid], access=access, parameter=parameter, select_related=select_related
        )[0]

    def get_many(
        self,
        *,
        caller: Caller,
        uuids: Sequence[str],
        access: Access = Access.USE,
        parameter: str = "ids",
        select_related: Iterable[str] = (),
    ) -> list[M]:
        """The objects in the order of ``uuids``; one statement unless one is missing."""
        wanted: list[str] = []
        for text in uuids:
            try:
                wanted.append(canonical_uuid(str(text)))
            except BadValue:
                raise self.unknown(str(text), parameter) from None
        rows = self.scope(caller=caller, access=access).filter(uuid__in=wanted)
        if select_related:
            rows = rows.select_related(*select_related)
        found = {str(row.uuid): row for row in rows}
        for uuid in wanted:
            if uuid not in found:
                raise self._refusal(uuid, caller=caller, access=access, parameter=parameter)
        return [found[uuid] for uuid in wanted]

    def _refusal(self, uuid: str, *, caller: Caller, access: Access, parameter: str) -> Exception:
        if caller.barred and self.scope(caller=caller.unbarred(), access=access).filter(uuid=uuid).exists():
            return PermissionDenied(
                f'Your role in the project of {self.noun} "{uuid}" (parameter {parameter}) does not allow this command',
                parameter=parameter,
                uuids=((uuid, self.noun),),
            )
        if access > Access.USE and self.scope(caller=caller, access=Access.USE).filter(uuid=uuid).exists():
            return PermissionDenied(
                f'You may see {self.noun} "{uuid}" (parameter {parameter}) but not {access.name.lower()} it',
                parameter=parameter,
                uuids=((uuid, self.noun),),
            )
        return self.unknown(uuid, parameter)

    def unknown(self, value: str, parameter: str) -> InvalidParameter:
        """The one answer for what does not exist and for what the caller may not see.

        Clients written in Go look for the second sentence to tell "gone" from "failed".
        """
        value = value if len(value) <= 80 else f"{value[:77]}..."
        return InvalidParameter(
            f'Unable to find {self.noun} with id "{value}" (parameter {parameter}). Invalid parameter {parameter} '
            f"value={value} due to incorrect long value format, or entity does not exist or is not visible to you.",
            parameter=parameter,
        )


_entities: dict[type[Model], Entity[Any]] = {}


def register_entity(model: type[M], *, scope: Scope, noun: str = "") -> None:
    """Declare how callers reach ``model``. Each model once; ``noun`` is its name in messages."""
    known = _entities.get(model)
    if known is not None and known.scope is not scope:
        raise ImproperlyConfigured(f"{model.__name__} is registered as an entity twice")
    _entities[model] = Entity(model, scope, noun or str(model._meta.verbose_name))


def entity_for(model: type[M]) -> Entity[M]:
    """Raises ``ImproperlyConfigured`` for a model without a scope: nothing is reachable by default."""
    try:
        return _entities[model]
    except KeyError:
        raise ImproperlyConfigured(
            f"{model.__name__} is no registered entity; call register_entity in the api/entities.py of its app"
        ) from None


def is_entity(model: type[Model]) -> bool:
    return model in _entities


def all_entities() -> list[Entity[Any]]:
    return list(_entities.values())
