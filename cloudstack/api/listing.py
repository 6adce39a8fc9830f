"""The base of list commands: filters, keyword, pages, and the total in the page's own statement."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from cloudstack.api import keyset, sorting
from cloudstack.api.base import BaseCmd
from cloudstack.api.config import DEFAULT_PAGE_SIZE
from cloudstack.api.params import Int, ListOf, Str, Uuid
from cloudstack.api.responses import NONE_OMITTED, Response
from cloudstack.framework.errors import InvalidParameter


class Page:
    """What ``execute`` of a list gives: rendered rows and the number of all rows."""

    __slots__ = ("count", "rows")

    def __init__(self, rows: list[dict[str, Any]], count: int):
        self.rows = rows
        self.count = count


class BaseListCmd(BaseCmd):
    """A list. ``queryset`` gives the rows that ``self.caller`` may see; all else follows from declarations.

    ``keyword_fields``: ORM paths that ``keyword`` is looked for in; ``ordering`` as in ``order_by``. A parameter
    with ``lookup`` filters by itself. ``id`` and ``ids`` filter by UUID (``id_filter = ids_filter = None`` in a
    subclass takes them away). ``queryset`` may also return a list of finished dictionaries.
    """

    abstract = True
    is_list = True
    keyword_fields: ClassVar[Sequence[str]] = ("name",)
    ordering: ClassVar[Sequence[str]] = ("id",)

    id_filter = Uuid("id", help="UUID of the one object to list")
    ids_filter = ListOf("ids", Uuid, help="UUIDs of the objects to list, separated by commas; not together with id")
    keyword = Str("keyword", help="text to look for")
    page = Int("page", help="number of the page, from 1; goes with pagesize")
    page_size = Int("pagesize", help="rows of a page; -1 without page lists as many as one answer may hold")
    after = Uuid(
        "after",
        help="UUID of the last row of the page before: lists the rows behind it, whatever came or went in between; "
        "goes with pagesize and not with page",
    )
    sort_field = Str(
        "sort",
        help="name of the field to sort by, such as name; with - in front of it downwards, as in -created; "
        "not together with after",
    )
    only_fields = ListOf("fields", Str, help="names of the fields to show, separated by commas; all if left out")

    def queryset(self) -> "QuerySet[Any] | list[dict[str, Any]]":
        raise NotImplementedError

    def response_class(self) -> type[Response]:
        """Override where parameters choose among responses."""
        return self.response

    def execute(self) -> Page:
        offset, limit = self.window()
        omit = self.omitted() | self._not_asked_for()
        if self.sort_field and self.after:
            raise InvalidParameter("Give either sort or after: after follows the list's own order", parameter="sort")
        source = self.queryset()
        if isinstance(source, list):
            if self.sort_field:
                source = sorting.sorted_rows(self.sort_field, source, self.response_class())
            if self.after:
                offset = self._place_of(source) + 1
            rows = [
                {wire: value for wire, value in row.items() if wire not in omit}
                for row in source[offset : offset + limit]
            ]
            return Page(rows, len(source) if rows else 0)
        narrowed = self.narrow(source).order_by(*self._order())
        page = keyset.behind(narrowed, source, self.after) if self.after else narrowed
        rows, count = self.response_class().render_page(
            page, caller=self.caller, offset=offset, limit=limit, omit=omit, counted=narrowed
        )
        return Page(rows, count)

    def _order(self) -> Sequence[Any]:
        if not self.sort_field:
            return self.ordering
        return sorting.ordering(self.sort_field, self.response_class(), caller=self.caller)

    def _not_asked_for(self) -> frozenset[str]:
        """The fields that ``fields=`` leaves out. Raises ``InvalidParameter`` for names that the answer never has."""
        if not self.only_fields:
            return NONE_OMITTED
        wires = {wire.lower(): wire for wire in self.response_class().fields()}
        unknown = [name for name in self.only_fields if name.lower() not in wires]
        if unknown:
            raise InvalidParameter(
                f"fields names {', '.join(unknown)[:80]}, which {self.name} does not answer",
                parameter="fields",
                remedy=f"name some of {', '.join(sorted(wires.values()))}",
            )
        return frozenset(wires.values()) - {wires[name.lower()] for name in self.only_fields}

    def _place_of(self, rows: list[dict[str, Any]]) -> int:
        for place, row in enumerate(rows):
            if row.get("id") == self.after:
                return place
        raise keyset.unknown(self.after)

    def narrow(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Apply id, ids, keyword and every parameter with ``lookup``."""
        if self.id_filter is not None and self.ids_filter is not None:
            raise InvalidParameter("Specify either id or ids but not both parameters", parameter="ids")
        if self.id_filter is not None:
            queryset = queryset.filter(uuid=self.id_filter)
        if self.ids_filter is not None:
            queryset = queryset.filter(uuid__in=self.ids_filter)
        filters: dict[str, Any] = {}
        for attr, param in self.params.items():
            value = self.__dict__.get(attr)
            # An empty text filters nothing: portals send their empty search fields along.
            if param.lookup and value is not None and value != "":
                filters.update(param.filters(value))
        if filters:
            queryset = queryset.filter(**filters)
        if self.keyword and self.keyword_fields:
            queryset = queryset.filter(
                reduce(or_, (Q(**{f"{path}__icontains": self.keyword}) for path in self.keyword_fields))
            )
        return queryset

    def window(self) -> tuple[int, int]:
        """Offset and number of rows that the caller asks for. Raises ``InvalidParameter``."""
        largest = int(DEFAULT_PAGE_SIZE.value())
        page, size = self.page, self.page_size
        if self.after:
            if page is not None:
                raise InvalidParameter("Give either page or after: after itself says where to go on", parameter="page")
            page = None if size is None or size == -1 else 1
        if page is not None and size is None:
            raise InvalidParameter('"pagesize" parameter is required when "page" is specified', parameter="pagesize")
        if size is None:
            return 0, largest
        if size == -1:
            if page is not None:
                raise InvalidParameter('Can\'t specify "page" when "pagesize" is -1', parameter="page")
            return 0, largest
        if page is None:
            raise InvalidParameter('"page" parameter is required when "pagesize" is specified', parameter="page")
        if size > largest:
            raise InvalidParameter(
                f"Page size can't exceed max allowed page size value: {largest}", parameter="pagesize"
            )
        if size < 1 or page < 1:
            raise InvalidParameter("page and pagesize start at 1", parameter="page" if page < 1 else "pagesize")
        return (page - 1) * size, size
