"""Parameters of many values: comma lists, maps, lists of maps."""

from collections.abc import Mapping
from typing import Any

from cloudstack.api.identifiers import BadValue
from cloudstack.api.params.arguments import Arguments, as_text
from cloudstack.api.params.base import MISSING, Param
from cloudstack.api.params.scalars import Str
from cloudstack.framework.errors import MalformedParameter

MAX_ITEMS = 1000


class ListOf(Param[list[Any]]):
    """Comma-separated items of one type: ``ListOf("ids", Uuid)``; ``item`` is a parameter type or instance."""

    type_name = "list"

    def __init__(self, wire: str = "", item: type[Param[Any]] | Param[Any] = Str, **options: Any):
        options.setdefault("max_length", MAX_ITEMS * 256)
        super().__init__(wire, **options)
        self.item = item() if isinstance(item, type) else item

    def cast(self, text: str) -> list[Any]:
        parts = [part.strip() for part in text.split(",")]
        parts = [part for part in parts if part]
        if len(parts) > MAX_ITEMS:
            raise BadValue(f"it has {len(parts)} items, at most {MAX_ITEMS} are allowed")
        return [self._one(part) for part in parts]

    def _one(self, part: str) -> Any:
        if len(part) > self.item.max_length:
            raise BadValue(f"an item has {len(part)} characters, at most {self.item.max_length} are allowed")
        value = self.item.cast(part)
        self.item.ensure_valid(value)
        return value

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: as_text(list(value))}

    def filters(self, value: Any) -> dict[str, Any]:
        return {self.lookup if self.lookup.endswith("__in") else f"{self.lookup}__in": value}


class _Indexed(Param[Any]):
    type_name = "map"
    takes_map = True

    def __init__(self, wire: str = "", *, value_max_length: int = 4096, **options: Any):
        super().__init__(wire, **options)
        self.value_max_length = value_max_length

    def read(self, arguments: Arguments) -> Any:
        rows = arguments.maps.get(self.key)
        if not rows:
            if arguments.texts.get(self.key):
                raise MalformedParameter(
                    f"Parameter {self.wire} is a map and is written {self.wire}[0].key=value", parameter=self.wire
                )
            return MISSING
        if len(rows) > MAX_ITEMS:
            raise BadValue(f"it has {len(rows)} entries, at most {MAX_ITEMS} are allowed")
        for row in rows.values():
            for field, text in row.items():
                if len(field) > 255 or len(text) > self.value_max_length:
                    raise BadValue(f"keys have at most 255 characters, values at most {self.value_max_length}")
        value = self.build([rows[index] for index in sorted(rows)])
        self.ensure_valid(value)
        return value

    def build(self, rows: list[dict[str, str]]) -> Any:
        raise NotImplementedError

    def shown(self, arguments: Arguments) -> str:
        return f"{self.wire}[…]"


class Map(_Indexed):
    """A dictionary of texts.

    Written ``details[0].cpuNumber=2`` (field names are keys, kept as sent) or, as tags are,
    ``tags[0].key=a&tags[0].value=b``.
    """

    def build(self, rows: list[dict[str, str]]) -> dict[str, str]:
        result: dict[str, str] = {}
        for row in rows:
            if "key" in row and set(row) <= {"key", "value"}:
                result[row["key"]] = row.get("value", "")
            else:
                result.update(row)
        return result

    def to_wire(self, value: Any) -> Mapping[str, str]:
        wire: dict[str, str] = {}
        for index, (key, text) in enumerate(value.items()):
            wire[f"{self.wire}[{index}].key"] = str(key)
            wire[f"{self.wire}[{index}].value"] = as_text(text)
        return wire


class MapList(_Indexed):
    """A list of dictionaries: ``iptonetworklist[0].networkid=…&iptonetworklist[0].ip=…``; field names in lower case."""

    def build(self, rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [{field.lower(): text for field, text in row.items()} for row in rows]

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {
            f"{self.wire}[{index}].{field}": as_text(text)
            for index, row in enumerate(value)
            for field, text in row.items()
        }
