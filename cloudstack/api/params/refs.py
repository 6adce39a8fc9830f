"""Parameters that name objects: they reach the command resolved in the caller's scope, or not at all."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from django.db.models import Model

from cloudstack.api.entities import entity_for
from cloudstack.api.identifiers import BadValue, canonical_uuid
from cloudstack.api.params.base import Param
from cloudstack.api.params.compound import MAX_ITEMS
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import Unauthorized

M = TypeVar("M", bound=Model)


class _Reference(Param[Any]):
    def __init__(
        self,
        wire: str = "",
        model: type[Model] | None = None,
        *,
        access: Access = Access.USE,
        select_related: Iterable[str] = (),
        **options: Any,
    ):
        super().__init__(wire, **options)
        if model is None:
            raise TypeError("a reference names the model that it refers to")
        self.model = model
        self.access = access
        self.select_related = tuple(select_related)


class Ref(_Reference, Generic[M]):
    """One object by UUID.

    What the caller may not see is answered as what does not exist (431); what may be seen but not touched at
    the level ``access`` is refused (531). ``also`` lists texts that are passed on as they are, such as ``-1``.
    """

    type_name = "uuid"

    def __init__(self, wire: str = "", model: type[M] | None = None, *, also: Iterable[str] = (), **options: Any):
        super().__init__(wire, model, **options)
        self.also = frozenset(also)

    def cast(self, text: str) -> str:
        return text

    def resolve(self, value: Any, *, caller: Caller | None) -> Any:
        if value in self.also:
            return value
        if caller is None:
            raise Unauthorized
        return entity_for(self.model).get(
            caller=caller,
            uuid=value,
            access=self.access,
            parameter=self.wire,
            select_related=self.select_related,
        )

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: str(getattr(value, "uuid", value))}


class RefList(_Reference):
    """Objects by comma-separated UUIDs, in the order in which they were sent, each once; one statement."""

    type_name = "list"

    def __init__(self, wire: str = "", model: type[Model] | None = None, **options: Any):
        options.setdefault("max_length", MAX_ITEMS * 40)
        super().__init__(wire, model, **options)

    def cast(self, text: str) -> list[str]:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return list(dict.fromkeys(_canonical_or_as_sent(part) for part in parts))

    def resolve(self, value: Any, *, caller: Caller | None) -> Any:
        if caller is None:
            raise Unauthorized
        return entity_for(self.model).get_many(
            caller=caller,
            uuids=value,
            access=self.access,
            parameter=self.wire,
            select_related=self.select_related,
        )

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: ",".join(str(getattr(item, "uuid", item)) for item in value)}

    def filters(self, value: Any) -> dict[str, Any]:
        return {self.lookup if self.lookup.endswith("__in") else f"{self.lookup}__in": value}


def _canonical_or_as_sent(part: str) -> str:
    try:
        return canonical_uuid(part)
    except BadValue:
        return part
