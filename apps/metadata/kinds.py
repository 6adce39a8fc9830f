"""The kinds of objects to which something can be attached; each app registers its own beside its entities."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from apps.accounts.models import Account
from cloudstack.api import Access, entity_for
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

HUNG = "hung"
"""Details that are rows of this app: the objects have no column for them."""


def _every(obj: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of objects as clients name it.

    ``tags`` and ``icon`` say what can be attached; an object without an icon is shown with that of the object to which
    its column ``icon_from`` points. ``details`` names the column in which the objects keep their own
    details, or is ``HUNG`` where these are rows of this app; ``detail_options(obj)`` answers those that the platform
    heeds, with their values. ``note`` is the name that annotations have for the kind (none: there are none); with
    ``users_note`` users write them too, on their own objects. ``title`` is the column that names an object. ``holds``
    tells the objects of this kind from others of the same model. ``owner`` is the path from the object to what an
    account owns, where that is not the object itself.
    """

    name: str
    model: type[Model]
    tags: bool = False
    icon: bool = False
    icon_from: str = ""
    note: str = ""
    users_note: bool = False
    title: str = "name"
    details: str = ""
    detail_options: Callable[[Any], Mapping[str, list[str]]] | None = None
    holds: Callable[[Any], bool] = _every
    owner: str = ""

    def get_many(self, *, caller: Caller, uuids: Iterable[str], access: Access, parameter: str) -> list[Any]:
        """Objects that the caller may touch at the level ``access``; what he may not see does not exist."""
        entity = entity_for(self.model)
        related = (self.owner,) if self.owner else ()
        found = entity.get_many(
            caller=caller, uuids=list(uuids), access=access, parameter=parameter, select_related=related
        )
        for obj in found:
            if not self.holds(obj):
                raise entity.unknown(str(obj.uuid), parameter)
        return found

    @property
    def details_column(self) -> str:
        """Where the objects keep their own details; empty if they do not."""
        return "" if self.details == HUNG else self.details

    @property
    def is_owned(self) -> bool:
        """Whether accounts own objects of this kind, or what they belong to."""
        return bool(self.owner) or {"account", "domain"} <= {field.name for field in self.model._meta.concrete_fields}

    def owner_of(self, obj: Any) -> Account | None:
        """The account that the object belongs to; None for what is the platform's."""
        if isinstance(obj, Account):
            return obj
        for name in filter(None, self.owner.split("__")):
            obj = getattr(obj, name)
        found = getattr(obj, "account", None)
        return found if isinstance(found, Account) else None


_kinds: dict[str, Kind] = {}


def register_kind(model: type[Model], name: str, **options: Any) -> None:
    """Declare that objects of ``model`` are the kind ``name``; each name once. Options: fields of :class:`Kind`."""
    kind = Kind(name=name, model=model, **options)
    if _kinds.setdefault(name.lower(), kind).model is not model:
        raise ImproperlyConfigured(f"the kind {name} is registered twice")


def kinds_with(what: str) -> list[Kind]:
    """Kinds that can have ``what``: the name of a field of :class:`Kind`."""
    return [kind for _, kind in sorted(_kinds.items()) if getattr(kind, what)]


def kind_named(name: str, *, what: str, parameter: str = "resourcetype") -> Kind:
    """The kind that a client names, in any case. Raises ``InvalidParameter``."""
    kind = _kinds.get(name.strip().lower())
    if kind is None or not getattr(kind, what):
        raise _unknown(name, [kind.name for kind in kinds_with(what)], parameter)
    return kind


def kind_of(obj: Any) -> Kind | None:
    """The kind of an object; None when nothing can be attached to it."""
    for kind in _kinds.values():
        if kind.model is type(obj)._meta.concrete_model and kind.holds(obj):
            return kind
    return None


def kind_noted(name: str, *, parameter: str = "entitytype") -> Kind:
    """The kind by the name that annotations have for it, in any case. Raises ``InvalidParameter``."""
    wanted = name.strip().upper()
    for kind in kinds_with("note"):
        if kind.note == wanted:
            return kind
    raise _unknown(name, sorted(kind.note for kind in kinds_with("note")), parameter)


def _unknown(name: str, known: list[str], parameter: str) -> InvalidParameter:
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    return InvalidParameter(f"{parameter}={shown}: one of {', '.join(known)} is expected", parameter=parameter)


def icon_from(model: type[Model]) -> str:
    """The column of ``model`` that points to whose icon stands in for a missing one; empty if nobody's does."""
    kinds = [kind for kind in _kinds.values() if kind.model is model._meta.concrete_model]
    return next((kind.icon_from for kind in kinds if kind.icon_from), "")


def names_of(model: type[Model], named_by: str = "name", *, part: str = "") -> list[str]:
    """Names of the kinds whose objects are rows of ``model``: their own, or those that annotations have for them.

    With ``part`` only of kinds that can have it: a field of :class:`Kind`.
    """
    kinds = [kind for kind in _kinds.values() if kind.model is model._meta.concrete_model]
    return [name for kind in kinds if (name := getattr(kind, named_by)) and getattr(kind, part or named_by)]
