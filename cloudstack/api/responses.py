"""Responses: declared fields, rendered from rows of ``values_list`` so that no query can hide in a template."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.models import Model, QuerySet

from cloudstack.api import live_jobs
from cloudstack.api.added_fields import AddedField, fill
from cloudstack.api.counting import among_keys, total_of
from cloudstack.api.dates import format_date
from cloudstack.api.fields import (
    BOOL,
    CONVERTERS,
    DATE,
    FLOAT,
    INT,
    LIST,
    LONG,
    MAP,
    STRING,
    Children,
    Converter,
    DateText,
    Field,
    FieldType,
    Item,
    Loaded,
    UuidText,
    may_be_null,
    plain,
    uuid_text,
)
from cloudstack.framework.context import Caller, RoleType

NONE_OMITTED: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one response is made for one kind of caller: compiled once, walked for every row."""

    paths: tuple[str, ...]
    columns: tuple[Any, ...]
    """The paths again; those of UUIDs and moments as expressions that give text."""
    expressions: tuple[tuple[str, Any], ...]
    plain: tuple[tuple[str, int, Converter | None, bool], ...]
    """Wire name, place among ``paths``, conversion, and whether the database may give NULL, which is left out."""
    computed: tuple[tuple[str, Any, Converter | None], ...]
    needed: tuple[tuple[str, int], ...]
    """Paths that computed fields read, with their place among ``paths``."""
    loaded: tuple[Children | Loaded, ...]
    added: tuple[AddedField, ...]


class Response:
    """Base of all responses. Attributes are wire names; see :class:`cloudstack.api.fields.Field`.

    ``object_name`` is the key under which the object (or the list of them) stands; ``model`` what it shows.
    """

    object_name: ClassVar[str] = ""
    model: ClassVar[type[Model] | None] = None
    _items: ClassVar[dict[str, Item]] = {}
    _plans: ClassVar[dict[tuple[RoleType, frozenset[str], bool], _Plan]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        items: dict[str, Item] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Item):
                    items[value.wire] = value
                elif name in items and value is None:
                    # ``field = None`` in a subclass takes an inherited field away.
                    del items[name]
        cls._items = items
        cls._plans = {}

    @classmethod
    def fields(cls) -> dict[str, Item]:
        """Wire name → declaration, for ``listApis`` and OpenAPI."""
        named = live_jobs.named_by(cls.model) and "jobid" not in cls._items
        return {**live_jobs.FIELDS, **cls._items} if named else cls._items

    @classmethod
    def add_fields(cls, items: Mapping[str, Item]) -> None:
        """Answer further fields from now on, in this response and in all that are made from it.

        Raises ``ImproperlyConfigured`` when one of them is there already.
        """
        family = [cls, *_descendants(cls)]
        for one in family:
            if taken := sorted(items.keys() & one._items.keys()):
                raise ImproperlyConfigured(f"{one.__name__} has a field {taken[0]} already")
        for wire, item in items.items():
            item.__set_name__(cls, wire)
        for one in family:
            one._items.update(items)
            one._plans.clear()

    @classmethod
    def drop_fields(cls, wires: Iterable[str]) -> None:
        """Answer these fields no more, here and in all responses that are made from this one."""
        names = set(wires)
        for one in [cls, *_descendants(cls)]:
            for wire in names & one._items.keys():
                del one._items[wire]
            one._plans.clear()

    @classmethod
    def type_of(cls, item: Item) -> FieldType:
        """The type of one of ``fields()`` on the wire."""
        if isinstance(item, Field):
            return item.described_type(cls.model)
        return item.type or FieldType.STRING

    @classmethod
    def prepare(cls, queryset: "QuerySet[Any]", *, caller: Caller) -> "QuerySet[Any]":
        """Override to add annotations that the fields read."""
        return queryset

    @classmethod
    def render(
        cls, queryset: "QuerySet[Any]", *, caller: Caller, omit: frozenset[str] = NONE_OMITTED
    ) -> list[dict[str, Any]]:
        """All rows, in the queryset's order, without the wire names in ``omit``."""
        return [body for _, body in cls.render_with(queryset, (), caller=caller, omit=omit)]

    @classmethod
    def render_one(cls, instance: Model, *, caller: Caller, omit: frozenset[str] = NONE_OMITTED) -> dict[str, Any]:
        """One object, read anew; also one that is removed."""
        manager = type(instance)._base_manager
        rows = cls.render(manager.filter(pk=instance.pk), caller=caller, omit=omit)
        return rows[0] if rows else {}

    @classmethod
    def render_page(
        cls,
        queryset: "QuerySet[Any]",
        *,
        caller: Caller,
        offset: int = 0,
        limit: int | None = None,
        omit: frozenset[str] = NONE_OMITTED,
        counted: "QuerySet[Any] | None" = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """The rows of one page and the number of all rows, in one statement where the queryset allows it.

        Past the end there are no rows and the number is 0, as the protocol wants neither. ``counted``: what the number
        is of, where that is more than ``queryset``. The rows name the jobs that work on them.
        """
        query = queryset.query
        page = slice(offset, None if limit is None else offset + limit)
        if limit is None and offset == 0:
            rows = cls.render(queryset, caller=caller, omit=omit)
            return rows, len(rows)
        if query.is_sliced or query.combinator:
            rows = cls.render(queryset[page], caller=caller, omit=omit)
            return rows, queryset.count() if rows else 0
        total = total_of(queryset if counted is None else counted)
        numbered = _deep_page(queryset, page).annotate(_total=total)
        pairs = list(cls.render_with(numbered, ("_total",), caller=caller, omit=omit, jobs=True))
        return [body for _, body in pairs], pairs[0][0][0] if pairs else 0

    @classmethod
    def render_with(
        cls,
        queryset: "QuerySet[Any]",
        extra: Sequence[str],
        *,
        caller: Caller,
        omit: frozenset[str] = NONE_OMITTED,
        jobs: bool = False,
    ) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Each row as (values of the paths in ``extra``, body). ``jobs``: rows name the jobs that work on them."""
        plan = cls._plan(caller, omit, jobs)
        queryset = cls.prepare(queryset, caller=caller)
        if plan.expressions:
            queryset = queryset.annotate(**{name: build() for name, build in plan.expressions})
        columns = plan.paths if queryset.query.combinator else plan.columns
        rows = list(queryset.values_list("pk", *extra, *columns))
        first = 1 + len(extra)
        # The loops over cells run in C; what has to be decided for a field is decided once a page.
        wires = [wire for wire, *_ in plan.plain]
        pick = _picker([first + index for _, index, *_ in plan.plain])
        bodies: list[dict[str, Any]] = [dict(zip(wires, pick(row), strict=True)) for row in rows]
        canonical = columns is plan.columns and connections[queryset.db].vendor == "postgresql"
        for wire, _, convert, nullable in plan.plain:
            if nullable:
                for body in bodies:
                    if body[wire] is None:
                        del body[wire]
            if convert is not None and not (canonical and convert in (uuid_text, format_date)):
                for body in bodies:
                    if wire in body:
                        body[wire] = convert(body[wire])
        if plan.computed:
            names = ("pk", *(path for path, _ in plan.needed))
            pick = _picker([0, *(first + index for _, index in plan.needed)])
            sources = [dict(zip(names, pick(row), strict=True)) for row in rows]
            for wire, compute, convert in plan.computed:
                texts = convert is CONVERTERS[STRING]
                for body, source in zip(bodies, sources, strict=True):
                    if (value := compute(source)) is not None:
                        if convert is not None and not (texts and type(value) is str):
                            value = convert(value)
                        body[wire] = value
        keys = [row[0] for row in rows]
        if keys:
            for item in plan.loaded:
                values = item.load(keys, caller)
                for key, body in zip(keys, bodies, strict=True):
                    value = values.get(key)
                    if value is not None:
                        body[item.wire] = value
            if plan.added:
                fill(cls, plan.added, keys, bodies, caller)
        return zip((row[1:first] for row in rows), bodies, strict=True)

    @classmethod
    def _plan(cls, caller: Caller, omit: frozenset[str], jobs: bool) -> _Plan:
        key = (caller.role_type, omit, jobs)
        plan = cls._plans.get(key)
        if plan is None:
            if len(cls._plans) > 256:
                cls._plans.clear()
            plan = cls._plans[key] = cls._compile(caller.role_type, omit, jobs)
        return plan

    @classmethod
    def _compile(cls, role_type: RoleType, omit: frozenset[str], jobs: bool) -> _Plan:
        indexes: dict[tuple[str, type[UuidText | DateText] | None], int] = {}

        def index(path: str, form: type[UuidText | DateText] | None = None) -> int:
            return indexes.setdefault((path, form), len(indexes))

        expressions, simple, computed, loaded = [], [], [], []
        added: list[AddedField] = []
        needed: dict[str, int] = {}
        for wire, item in (cls.fields() if jobs else cls._items).items():
            if wire in omit or (item.roles is not None and role_type not in item.roles):
                continue
            if isinstance(item, Children | Loaded):
                loaded.append(item)
            elif isinstance(item, AddedField):
                added.append(item)
            elif isinstance(item, Field) and item.compute is not None:
                needed.update((path, index(path)) for path in item.needs if path != "pk")
                convert = plain if item.type is None else CONVERTERS[item.type]
                computed.append((wire, item.compute, convert))
            elif isinstance(item, Field):
                if item.expression is not None:
                    build = item.expression if _is_builder(item.expression) else _always(item.expression)
                    if item.by_role:
                        build = partial(item.expression, role_type)
                    expressions.append((item.source, build))
                form = item.text_form(cls.model)
                place = index(item.source, form)
                convert = uuid_text if form is UuidText else item.converter(cls.model)
                nullable = item.expression is not None or may_be_null(cls.model, item.source)
                simple.append((wire, place, convert, nullable))
        return _Plan(
            tuple(path for path, _ in indexes),
            tuple(form(path) if form else path for path, form in indexes),
            tuple(expressions),
            tuple(simple),
            tuple(computed),
            tuple(needed.items()),
            tuple(loaded),
            tuple(added),
        )


def _descendants(cls: type[Response]) -> list[type[Response]]:
    return [found for child in cls.__subclasses__() for found in (child, *_descendants(child))]


def _picker(positions: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that takes the cells at ``positions`` out of a row."""
    if len(positions) == 1:
        [only] = positions
        return lambda row: (row[only],)
    return itemgetter(*positions) if positions else lambda row: ()


def keys_first(queryset: "QuerySet[Any]") -> "QuerySet[Any]":
    """Have the keys of each page found before anything is joined, on every database also those of the first one.

    For filters by a subquery: they may admit few rows of many, and all would be joined before it is asked.
    """
    queryset = queryset.all()
    queryset.query._keys_first = True  # type: ignore[attr-defined]  # clones of the query keep it
    return queryset


def _deep_page(queryset: "QuerySet[Any]", page: slice) -> "QuerySet[Any]":
    """The rows of a page. Their keys are found before anything is joined: what is skipped or left out costs less.

    SQLite joins row by row in the order asked for, where the first page loses nothing.
    """
    query = queryset.query
    array = connections[queryset.db].vendor == "postgresql"
    plain = not (query.distinct or query.annotations or query.extra or query.group_by)
    early = array or page.start or getattr(query, "_keys_first", False)
    if not early or not plain or any("__" in str(name) for name in query.order_by):
        return queryset[page]
    keys = queryset.values("pk")[page]
    rows: QuerySet[Any] = queryset.model._base_manager.order_by(*query.order_by)
    # An array is computed before the joins are planned; a plain IN may be checked after all of them.
    return rows.filter(among_keys("pk", keys))


def _is_builder(expression: Any) -> bool:
    return callable(expression) and not hasattr(expression, "resolve_expression")


def _always(expression: Any) -> Any:
    return lambda: expression


class SuccessResponse(Response):
    """``{"success": true}``, for commands that have nothing to show."""

    success = Field(type=BOOL, help="whether the operation was carried out")
    displaytext = Field(type=STRING, help="a remark on it, if there is one")


__all__ = [
    "BOOL",
    "DATE",
    "FLOAT",
    "INT",
    "LIST",
    "LONG",
    "MAP",
    "STRING",
    "Children",
    "Field",
    "FieldType",
    "Loaded",
    "Response",
    "SuccessResponse",
]
