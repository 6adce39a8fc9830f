"""Fields that plugins add to objects of others; see the hook ``register_response_fields``."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from cloudstack.api.fields import CONVERTERS, FieldType, Item, plain
from cloudstack.api.roles import RoleSet
from cloudstack.framework.context import Caller
from cloudstack.framework.plugins.manager import pm

if TYPE_CHECKING:
    from cloudstack.api.responses import Response

HOOK = "register_response_fields"
_NAME = re.compile(r"[a-z][a-z0-9]*")


@dataclass(frozen=True, kw_only=True)
class ResponseField:
    """One more field of the objects that stand under ``object_name`` (``virtualmachine``, ``volume``).

    ``load(uuids, caller)`` is called once for all objects of a page and answers a mapping UUID → value; objects that it
    leaves out do not have the field. It runs in the request: it may ask the database, not the world outside.
    """

    object_name: str
    name: str
    """On the wire: lower-case letters and digits."""
    load: Callable[[list[str], Caller], Mapping[str, Any]]
    help: str
    type: FieldType = FieldType.STRING
    roles: RoleSet | None = None
    """Who sees it; None: whoever sees the object."""


class AddedField(Item):
    """A plugin's field as responses have it."""

    def __init__(self, plugin: str, field: ResponseField):
        super().__init__(type=field.type, help=field.help, roles=field.roles, wire=field.name)
        self.plugin, self.field = plugin, field

    def load(self, uuids: list[str], caller: Caller) -> Mapping[str, Any]:
        """Nothing when the plugin fails or takes too long again and again."""
        found: Mapping[str, Any] = pm.guarded(self.plugin, HOOK, lambda: self._loaded(uuids, caller), {})
        return found

    def _loaded(self, uuids: list[str], caller: Caller) -> dict[str, Any]:
        convert = CONVERTERS[self.field.type] or plain
        if not connection.in_atomic_block:
            found = self.field.load(uuids, caller)
        else:
            # A statement that fails must not spoil the transaction of who asks.
            with transaction.atomic():
                found = self.field.load(uuids, caller)
        return {str(uuid): convert(value) for uuid, value in found.items() if value is not None}


def register_plugin_fields() -> None:
    """Take in what plugins give; one that names what no object has, or a field that is there, is taken out."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, field: Any) -> None:
    if not isinstance(field, ResponseField):
        raise ImproperlyConfigured(f"{HOOK}: {field!r} is no ResponseField")
    if not _NAME.fullmatch(field.name) or not field.help:
        raise ImproperlyConfigured(f"{HOOK}: {field.name!r} needs a name of lower-case letters and digits, and a help")
    responses = list(_responses_of(field.object_name))
    if not responses:
        raise ImproperlyConfigured(f"{HOOK}: there are no objects called {field.object_name!r}")
    for response in responses:
        if field.name in response.fields():
            raise ImproperlyConfigured(f"{HOOK}: {field.object_name} has a field {field.name!r} already")
    for response in responses:
        response._items[field.name] = AddedField(plugin, field)
        response._plans.clear()


def _drop(field: ResponseField) -> None:
    for response in _responses_of(field.object_name):
        item = response._items.get(field.name)
        if isinstance(item, AddedField) and item.field is field:
            del response._items[field.name]
            response._plans.clear()


def _responses_of(object_name: str) -> Iterator["type[Response]"]:
    """Every response under this name whose objects have a UUID."""
    from cloudstack.api.responses import Response

    def below(response: "type[Response]") -> Iterator["type[Response]"]:
        for one in response.__subclasses__():
            yield one
            yield from below(one)

    for response in below(Response):
        model = response.model
        if response.object_name == object_name and model is not None and hasattr(model, "uuid"):
            yield response


def fill(
    response: "type[Response]",
    items: Sequence[AddedField],
    keys: Sequence[Any],
    bodies: Sequence[dict[str, Any]],
    caller: Caller,
) -> None:
    """Put the values of ``items`` into ``bodies``: a statement for the UUIDs, and what the plugins ask."""
    model: Any = response.model
    uuids = {pk: str(uuid) for pk, uuid in model._base_manager.filter(pk__in=keys).values_list("pk", "uuid")}
    for item in items:
        values = item.load([uuids[key] for key in keys if key in uuids], caller)
        for key, body in zip(keys, bodies, strict=True):
            value = values.get(uuids.get(key, ""))
            if value is not None:
                body[item.wire] = value
