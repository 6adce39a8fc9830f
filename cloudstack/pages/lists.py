"""The page of a list: filters, pages, states that change by themselves, operations on several rows."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from cloudstack.api import registry as commands
from cloudstack.api import sorting
from cloudstack.framework.errors import CloudError
from cloudstack.pages.access import page, project_of
from cloudstack.pages.calls import call
from cloudstack.pages.columns import Column
from cloudstack.pages.frame import fragment, may_see, render
from cloudstack.pages.options import Listed
from cloudstack.pages.sections import Operation, Section

LONGEST_SEARCH = 200


@page
def list_page(request: HttpRequest, section: Section) -> HttpResponse:
    """All objects of a section that the reader may see, a page at a time. ``part=rows``: only the table."""
    caller = request.caller  # type: ignore[attr-defined]
    if not may_see(caller, section):
        raise PermissionDenied
    context = table(request, section) | {"section": section}
    if request.GET.get("part") == "rows":
        return fragment(request, "portal/rows.html", context)
    context |= {
        "filters": [_filter(request, one) for one in section.filters],
        "creates": [
            (one, reverse(f"portal:{section.slug}-create", args=[one.key]))
            for one in section.creates
            if commands.allowed(caller, one.command)
        ],
        "search": _search(request),
        "searches": any(param.wire == "keyword" for param in commands.get(section.lists).params.values()),
    }
    return render(request, "portal/list.html", context)


def table(request: HttpRequest, section: Section) -> dict[str, Any]:
    """The rows of the page that is asked for, with what leads to the others."""
    caller = request.caller  # type: ignore[attr-defined]
    number = _number(request)
    params = {**section.list_params, **_filled(request, section), "page": number, "pagesize": section.page_size}
    if sort := _sort(request, section):
        params["sort"] = sort
    if search := _search(request):
        params["keyword"] = search
    wires = {param.wire for param in commands.get(section.lists).params.values()}
    if "fields" in wires:
        params["fields"] = ",".join(fields_of(section))
    error: CloudError | None = None
    rows: list[dict[str, Any]] = []
    count = 0
    try:
        result = call(request, section.lists, params)
        rows, count = result.rows or [], result.count
    except CloudError as refused:
        error = refused
    bulk = [one for one in section.operations if one.bulk and commands.allowed(caller, one.command)]
    pages = -(-count // section.page_size) if count else 0
    return {
        "columns": section.columns,
        "heads": [_head(request, section, column, sort) for column in section.columns],
        "rows": [_row(section, row) for row in rows],
        "count": count,
        "number": number,
        "pages": pages,
        "before": _with(request, page=number - 1) if number > 1 else "",
        "behind": _with(request, page=number + 1) if number < pages else "",
        "bulk": bulk,
        "bulk_url": reverse(f"portal:{section.slug}-bulk") if bulk else "",
        "error": error,
        "live_url": _with(request, page=number, part="rows"),
        "narrowed": bool(_search(request) or _filled(request, section)),
    }


def fields_of(section: Section) -> list[str]:
    """The fields that a list reads, so that no more is asked for."""
    answered = commands.get(section.lists).response.fields()
    wanted = {wire for column in section.columns for wire in column.wires} | {section.lookup, "name", "displayname"}
    if section.state:
        wanted.add(section.state)
    for operation in section.operations:
        wanted |= {"jobid"} if operation.bulk else set()
    return sorted(wire for wire in wanted if wire in answered)


def cells(columns: Iterable[Column], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"text": column.shown(row), "column": column} for column in columns]


def _row(section: Section, row: Mapping[str, Any]) -> dict[str, Any]:
    uuid = str(row.get(section.lookup, ""))
    return {
        "uuid": uuid,
        "title": section.title_of(row),
        "url": reverse(f"portal:{section.slug}-object", args=[uuid]) if section.has_page and uuid else "",
        "cells": cells(section.columns, row),
        "busy": bool(row.get("jobid")),
    }


def _filter(request: HttpRequest, one: Any) -> dict[str, Any]:
    if isinstance(one.options, Listed):
        options = one.options.options(request.caller, request.GET, project_of(request))  # type: ignore[attr-defined]
    else:
        options = list(one.options)
    return {"filter": one, "options": options, "chosen": request.GET.get(one.wire, "")}


def _sort(request: HttpRequest, section: Section) -> str:
    """What the list is sorted by; anything that is no column of it is no order."""
    asked = request.GET.get("sort", "") or section.sort
    return asked if asked.removeprefix("-") in _sortable(request, section) else ""


def _sortable(request: HttpRequest, section: Section) -> dict[str, str]:
    command = commands.get(section.lists)
    if not any(param.wire == "sort" for param in command.params.values()):
        return {}
    caller = request.caller  # type: ignore[attr-defined]
    return sorting.sortable(command.response, caller=caller)


def _head(request: HttpRequest, section: Section, column: Column, sort: str) -> dict[str, Any]:
    """The heading of a column; pressed, it sorts by it, and once more the other way round."""
    wire = column.wire if column.wire in _sortable(request, section) else ""
    down = sort == f"-{wire}"
    now = bool(wire) and sort.removeprefix("-") == wire
    return {
        "column": column,
        "url": _with(request, sort=wire if not now or down else f"-{wire}", page=1) if wire else "",
        "order": ("descending" if down else "ascending") if now else "",
    }


def _filled(request: HttpRequest, section: Section) -> dict[str, str]:
    return {one.wire: request.GET[one.wire] for one in section.filters if request.GET.get(one.wire)}


def _search(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:LONGEST_SEARCH]


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 1_000_000) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _with(request: HttpRequest, **more: Any) -> str:
    kept = [(name, value) for name, value in request.GET.items() if name not in {*more, "part"} and value]
    return f"{request.path}?{urlencode([*kept, *more.items()])}"


def operations_of(caller: Any, operations: Iterable[Operation], row: Mapping[str, Any]) -> list[Operation]:
    """Those that the caller's role admits and that are shown for the row."""
    return [
        one for one in operations if commands.allowed(caller, one.command) and (one.suits is None or one.suits(row))
    ]
