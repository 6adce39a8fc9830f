"""The page of one object: its facts, what belongs to it, what can be done with it, and why not."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from cloudstack.api import registry as commands
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.pages import registry
from cloudstack.pages.access import page
from cloudstack.pages.calls import call, failure_in, lacks, one, plan_of
from cloudstack.pages.columns import Column, Kind
from cloudstack.pages.frame import fragment, render
from cloudstack.pages.lists import cells, operations_of
from cloudstack.pages.sections import Operation, Panel, Section

MOST_ROWS = 50
EVENTS = 8
SHOWN_JOBS = 5


@page
def object_page(request: HttpRequest, section: Section, uuid: str) -> HttpResponse:
    """``part=bar`` is the part that changes by itself: states and operations, each refused one with its reason.

    ``part=more``: the operations that are folded away; ``part=body``: facts and panels.
    """
    row = one(request, section.lists, section.one(uuid))
    jobs = running_jobs(request, row)
    part = request.GET.get("part")
    context: dict[str, Any] = {
        "section": section,
        "row": row,
        "title": section.title_of(row),
        "uuid": uuid,
        "part": part,
        "state": row.get(section.state) if section.state else None,
        "jobs": jobs,
        "operations": bar(request, section, row, asked=None if jobs else part),
        "links": section.links(request, row),
        "facts": [(column.label, column.shown(row)) for column in section.facts if _told(column, row)],
    }
    context["refused"] = any(one["refusal"] for one in context["operations"])
    context["folds"] = any(one["operation"].folded for one in context["operations"])
    if part == "more":
        return fragment(request, "portal/bar_more.html", context)
    if part == "bar":
        answer = fragment(request, "portal/bar.html", context)
        if request.GET.get("busy") and not jobs:
            # What the job changed is shown by the rest of the page.
            answer["HX-Trigger"] = "settled"
        return answer
    context["panels"] = [shown for panel in section.panels if (shown := _panel(request, section, panel, row))]
    if part == "body":
        return fragment(request, "portal/object_body.html", context | section.context_of(request, row))
    context["activity"] = _activity(request, row)
    context["parts"] = registry.parts_of(section, request, row)
    return render(request, section.template, context | section.context_of(request, row))


def bar(request: HttpRequest, section: Section, row: Mapping[str, Any], *, asked: str | None) -> list[dict[str, Any]]:
    """The operations on an object. For ``bar`` those that stand there are rehearsed, for ``more`` the folded ones: one
    that is refused carries the reason."""
    caller = request.caller  # type: ignore[attr-defined]
    found = []
    for operation in operations_of(caller, section.operations, row):
        rehearsed = asked == ("more" if operation.folded else "bar")
        refusal = _refusal(operation, row, caller) if rehearsed else ""
        url = reverse(f"portal:{section.slug}-do", args=[row[section.lookup], operation.key])
        found.append({"operation": operation, "url": url, "refusal": refusal, "key": _key()})
    return found


def _refusal(operation: Operation, row: Mapping[str, Any], caller: Any) -> str:
    """Why it is not possible now, whatever is filled in; empty when it is, and when nobody can tell before."""
    given = {**operation.named(row), **(operation.rehearse(row) if operation.rehearse else {})}
    if lacks(operation, given):
        return ""
    try:
        return failure_in(plan_of(operation.command, given, caller))
    except CloudError as error:
        return "" if error.parameter in {one.wire for one in operation.inputs} else error.message


def _key() -> str:
    """A press of the button twice is one call."""
    return uuid.uuid4().hex


def running_jobs(request: HttpRequest, row: Mapping[str, Any]) -> list[AsyncJob]:
    """The jobs that work on the object now and that the reader may see; one statement."""
    known = row.get("id")
    if not known:
        return []
    visible = jobs_visible_to(caller=request.caller)  # type: ignore[attr-defined]
    live = visible.filter(resource_uuid=known, completed__isnull=True).order_by("pk")
    return list(live.defer("data", "arguments")[:SHOWN_JOBS])


def _told(column: Column, row: Mapping[str, Any]) -> bool:
    """Facts that the object has not are left out."""
    return (column.value(row) if column.value else row.get(column.wire)) not in (None, "", [], {})


def _panel(request: HttpRequest, section: Section, panel: Panel, row: Mapping[str, Any]) -> dict[str, Any] | None:
    caller = request.caller  # type: ignore[attr-defined]
    if panel.suits is not None and not panel.suits(row):
        return None
    if panel.command and not commands.allowed(caller, panel.command):
        return None
    error: CloudError | None = None
    rows: list[Mapping[str, Any]] = []
    count = 0
    try:
        rows, count = panel_rows(request, panel, row)
    except CloudError as refused:
        error = refused
    own = row[section.lookup]
    return {
        "panel": panel,
        "columns": panel.columns,
        "rows": [
            {
                "cells": cells(panel.columns, found),
                "url": _url_of(panel.section, found),
                "operations": [
                    {
                        "operation": operation,
                        "url": _row_url(section, own, panel, operation, found),
                        "key": _key(),
                    }
                    for operation in operations_of(caller, panel.operations, found)
                ],
            }
            for found in rows
        ],
        "has_operations": any(commands.allowed(caller, one.command) for one in panel.operations),
        "adds": [
            (operation, reverse(f"portal:{section.slug}-do", args=[own, operation.key]))
            for operation in operations_of(caller, panel.adds, row)
        ],
        "more": count > len(rows),
        "count": count,
        "error": error,
    }


def panel_rows(request: HttpRequest, panel: Panel, row: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """What a panel shows for the object, and how many there are in all. Raises ``CloudError``."""
    if panel.rows is not None:
        rows = list(panel.rows(row))
        return rows, len(rows)
    wires = {param.wire for param in commands.get(panel.command).params.values()}
    given = {"page": "1", "pagesize": str(MOST_ROWS)} if "pagesize" in wires else {}
    if "projectid" in wires:
        # What belongs to the object is its owner's, whatever project the session works for.
        given["projectid"] = str(row.get("projectid", ""))
    result = call(request, panel.command, {**given, **panel.params(row)})
    return list(result.rows or []), result.count


def _url_of(slug: str, row: Mapping[str, Any]) -> str:
    if not slug or not registry.known(slug) or not row.get(registry.get(slug).lookup):
        return ""
    try:
        return reverse(f"portal:{slug}-object", args=[row[registry.get(slug).lookup]])
    except NoReverseMatch:
        return ""


def _row_url(section: Section, own: Any, panel: Panel, operation: Operation, found: Mapping[str, Any]) -> str:
    """Where an operation on a row of a panel is done: at the row's own section where that offers it, else here."""
    if panel.section and registry.known(panel.section):
        target = registry.get(panel.section)
        if any(one.key == operation.key for one in target.operations):
            return reverse(f"portal:{target.slug}-do", args=[found[target.lookup], operation.key])
    return reverse(f"portal:{section.slug}-row", args=[own, operation.key, str(found.get("id", ""))])


def _activity(request: HttpRequest, row: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The latest events about the object."""
    if not row.get("id") or not commands.allowed(request.caller, "listEvents"):  # type: ignore[attr-defined]
        return []
    params = {"resourceid": row["id"], "listall": "true", "projectid": "-1", "page": 1, "pagesize": EVENTS}
    try:
        found = call(request, "listEvents", params).rows or []
    except CloudError:
        return []
    return [cells(ACTIVITY, event) for event in found]


ACTIVITY = (
    Column(wire="created", label="", kind=Kind.WHEN),
    Column(wire="description", label=""),
    # The parts of one asynchronous operation have the same description.
    Column(wire="state", label="", kind=Kind.STATE),
    Column(wire="username", label=""),
)
