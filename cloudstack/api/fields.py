"""Fields of responses: what stands on the wire, and which columns it is read from."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import connections, models

from cloudstack.api.dates import format_date
from cloudstack.api.roles import ROOT, RoleSet
from cloudstack.framework.secrets import Secret

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from cloudstack.api.responses import Response
    from cloudstack.framework.context import Caller


class FieldType(StrEnum):
    """Types of the wire; clients in typed languages fail on a number that comes as text."""

    STRING = "string"
    UUID = "uuid"
    INT = "integer"
    LONG = "long"
    FLOAT = "double"
    BOOL = "boolean"
    DATE = "date"
    MAP = "map"
    LIST = "list"
    OBJECT = "responseobject"


STRING, INT, LONG, FLOAT = FieldType.STRING, FieldType.INT, FieldType.LONG, FieldType.FLOAT
BOOL, DATE, MAP, LIST = FieldType.BOOL, FieldType.DATE, FieldType.MAP, FieldType.LIST

Converter = Callable[[Any], Any]


class UuidText(models.Func):
    """A UUID column read as text: no object is built for each of the thousands of cells of a page.

    SQLite stores it without hyphens and hands that out; see :func:`uuid_text`.
    """

    template = "%(expressions)s"
    output_field = models.CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)::text", **context)


class DateText(models.Func):
    """A moment read as the wire has it, where the database can write that; SQLite gives the moment."""

    template = "%(expressions)s"
    output_field = models.DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        form = """to_char((%(expressions)s) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+0000"')"""
        return self.as_sql(compiler, connection, template=form, **context)


class AmongValues(models.Func):
    """PostgreSQL's ``column = ANY(values)``, one parameter in all: five hundred take long to write and to parse."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: Any, values: Collection[Any]):
        super().__init__(column)
        self.values = list(values)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = self.as_sql(compiler, connection, template="%(expressions)s = ANY(%%s)", **context)
        return sql, [*params, self.values]


def among(rows: "QuerySet[Any]", path: str, values: Collection[Any]) -> models.Q:
    """That the column at ``path`` has one of ``values``, which may be many."""
    if connections[rows.db].vendor == "postgresql":
        return models.Q(AmongValues(models.F(path), values))
    return models.Q(**{f"{path}__in": values})


def uuid_text(value: Any) -> str:
    """What :class:`UuidText` (or the column itself) gave → canonical text."""
    if type(value) is str:
        if len(value) == 32:
            return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
        return value
    return str(value)


def plain(value: Any) -> Any:
    """Any value that a database gives → what JSON and XML can carry."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return format_date(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Secret):
        raise TypeError("a secret is not to be shown by a plain field; reveal it in a computed one")
    return value


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(plain(value))


def _date(value: Any) -> Any:
    return format_date(value) if isinstance(value, datetime) else value


CONVERTERS: dict[FieldType, Converter | None] = {
    FieldType.STRING: _text,
    FieldType.UUID: uuid_text,
    FieldType.INT: int,
    FieldType.LONG: int,
    FieldType.FLOAT: float,
    FieldType.BOOL: bool,
    FieldType.DATE: _date,
    FieldType.MAP: None,
    FieldType.LIST: None,
    FieldType.OBJECT: None,
}

_TYPE_OF_COLUMN: tuple[tuple[type[Any], FieldType, Converter | None], ...] = (
    # None: the column already holds what the wire carries, so nothing is called per row.
    (models.UUIDField, FieldType.UUID, uuid_text),
    (models.DateTimeField, FieldType.DATE, format_date),
    (models.BooleanField, FieldType.BOOL, None),
    (models.FloatField, FieldType.FLOAT, None),
    (models.DecimalField, FieldType.FLOAT, float),
    (models.BigIntegerField, FieldType.LONG, None),
    (models.IntegerField, FieldType.INT, None),
    (models.JSONField, FieldType.MAP, None),
    (models.CharField, FieldType.STRING, None),
    (models.TextField, FieldType.STRING, None),
    (models.GenericIPAddressField, FieldType.STRING, None),
)


def column_of(model: "type[Model] | None", path: str) -> "models.Field[Any, Any] | None":
    """The model field at the end of ``cluster__pod__uuid``; None for an annotation or a key inside JSON."""
    field: Any = None
    for name in path.split("__"):
        if model is None:
            return None
        if name == "pk":
            field, model = model._meta.pk, None
            continue
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            if not name.endswith("_id"):
                return None
            try:
                field, model = model._meta.get_field(name[:-3]), None
            except FieldDoesNotExist:
                return None
            continue
        model = field.related_model
    return field if isinstance(field, models.Field) else None


def may_be_null(model: "type[Model] | None", path: str) -> bool:
    """Whether a row can lack the value at ``path``: its column or a relation on the way is nullable, or not known."""
    parts = path.split("__")
    for end in range(1, len(parts) + 1):
        column = column_of(model, "__".join(parts[:end]))
        if column is None or column.null:
            return True
    return False


class Item:
    """What every entry of a response has: a wire name, a type, a text, and who may see it."""

    def __init__(
        self,
        *,
        type: FieldType | None = None,
        help: str = "",
        since: str = "",
        admin_only: bool = False,
        roles: RoleSet | None = None,
        wire: str = "",
    ):
        """``admin_only``: root admins only; ``roles`` names any other set. ``wire``: where it is no attribute name."""
        self.type = type
        self.help = help
        self.since = since
        self.roles = ROOT if admin_only else roles
        self.wire = wire

    def __set_name__(self, owner: "type[Response]", name: str) -> None:
        self.wire = self.wire or name


class Field(Item):
    """One value.

    ``source`` is an ORM path for ``.values()`` (the wire name if left out). ``expression`` (or a function that
    gives one) is computed by the database instead; with ``by_role`` the function gets the caller's role type.
    With ``compute`` the value is a function of the row, a
    mapping of the paths in ``needs``. The type follows the column unless ``type`` names another.
    """

    def __init__(
        self,
        source: str = "",
        *,
        expression: Any = None,
        compute: Callable[[Mapping[str, Any]], Any] | None = None,
        needs: Iterable[str] = (),
        by_role: bool = False,
        **options: Any,
    ):
        super().__init__(**options)
        self.source = source
        self.expression = expression
        self.by_role = by_role
        self.compute = compute
        self.needs = tuple(needs)

    def __set_name__(self, owner: "type[Response]", name: str) -> None:
        super().__set_name__(owner, name)
        if self.expression is not None:
            self.source = f"_wire_{self.wire}"
        self.source = self.source or self.wire

    def described_type(self, model: "type[Model] | None") -> FieldType:
        if self.type is not None:
            return self.type
        return FieldType.STRING if self.compute else self._of_column(model)[0]

    def text_form(self, model: "type[Model] | None") -> "type[UuidText | DateText] | None":
        """What has the database write the text of the wire, for a field that is nothing but a UUID or a moment."""
        of_column, convert = self._of_column(model)
        if of_column is FieldType.UUID and self.type in (None, FieldType.UUID, FieldType.STRING):
            return UuidText
        if convert is format_date and self.type in (None, FieldType.DATE):
            return DateText
        return None

    def converter(self, model: "type[Model] | None") -> Converter | None:
        of_column, convert = self._of_column(model)
        if self.type is None or (self.type == of_column and of_column is not FieldType.STRING):
            return convert
        if convert is None and (self.type == of_column or {self.type, of_column} == {FieldType.INT, FieldType.LONG}):
            return None
        return CONVERTERS[self.type] or plain

    def _of_column(self, model: "type[Model] | None") -> tuple[FieldType, Converter | None]:
        column = None if self.expression is not None or self.compute else column_of(model, self.source)
        if column is not None and column.is_relation:
            column = getattr(column, "target_field", None)
        for kind, field_type, convert in _TYPE_OF_COLUMN:
            # Subclasses that convert on their own (encrypted text) must not pass as plain text.
            if isinstance(column, kind) and not _converts(column):
                return field_type, convert
        return FieldType.STRING, plain


def _converts(column: Any) -> bool:
    return hasattr(column, "from_db_value") and not isinstance(column, models.JSONField)


class Children(Item):
    """Objects that hang on each row, all fetched with one statement for the whole page.

    ``parent`` is the path from the child to the row's primary key. ``many``: always present, as a list;
    otherwise one object, left out when there is none.
    """

    def __init__(
        self,
        response: "type[Response]",
        *,
        parent: str,
        queryset: "Callable[[], QuerySet[Any]]",
        many: bool = True,
        **options: Any,
    ):
        super().__init__(type=FieldType.LIST if many else FieldType.OBJECT, **options)
        self.response = response
        self.parent = parent
        self.queryset = queryset
        self.many = many

    def load(self, keys: Sequence[int], caller: "Caller") -> dict[int, Any]:
        rows = self.queryset()
        rows = rows.filter(among(rows, self.parent, keys))
        found: dict[int, Any] = {key: [] for key in keys} if self.many else {}
        for (parent, *_), body in self.response.render_with(rows, (self.parent,), caller=caller):
            if self.many:
                found[parent].append(body)
            else:
                found.setdefault(parent, body)
        return found


class Loaded(Item):
    """Values that a function fetches for the whole page: ``loader(primary_keys, caller) -> {key: value}``.

    Rows that the loader leaves out get ``default`` (a fresh value from it when it is callable); None is not
    shown. ``response`` describes the objects if the values are such.
    """

    def __init__(
        self,
        loader: "Callable[[list[int], Caller], Mapping[int, Any]]",
        *,
        default: Any = None,
        response: "type[Response] | None" = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.loader = loader
        self.default = default
        self.response = response

    def load(self, keys: Sequence[int], caller: "Caller") -> Mapping[int, Any]:
        found = dict(self.loader(list(keys), caller))
        if self.default is not None:
            for key in keys:
                if key not in found:
                    found[key] = self.default() if callable(self.default) else self.default
        return found
