"""What stands in the menu beside the sections."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.portal.charts.machine import machine_charts
from cloudstack.api import registry as commands
from cloudstack.pages import Column, Filter, Kind, Option, Section, register
from cloudstack.pages.frame import register_entries
from cloudstack.pages.registry import Part, register_part


def entries(request: HttpRequest) -> Iterator[dict[str, Any]]:
    caller = request.caller  # type: ignore[attr-defined]
    yield {"group": "", "title": _("Overview"), "url": reverse("portal:home"), "icon": "home", "order": 0}
    if commands.allowed(caller, "listAsyncJobs"):
        yield {"group": _("Activity"), "title": _("Jobs"), "url": reverse("portal:jobs"), "icon": "jobs", "order": 10}


register_entries(entries)


@register
class Events(Section):
    """What happened, to the reader's things."""

    slug = "events"
    title = _("Events")
    singular = _("event")
    group = _("Activity")
    order = 90
    icon = "events"
    help = _("Everything that was done with your things, and by whom.")
    lists = "listEvents"
    has_page = False
    state = ""
    columns = (
        Column(wire="created", label=_("When"), kind=Kind.WHEN),
        Column(wire="description", label=_("What happened")),
        Column(wire="level", label=_("Level"), kind=Kind.STATE),
        Column(wire="type", label=_("Kind"), kind=Kind.CODE, wide=True),
        Column(wire="username", label=_("By"), wide=True),
    )
    filters = (
        Filter(
            wire="level",
            label=_("Level"),
            options=(Option("INFO", _("information")), Option("WARN", _("warning")), Option("ERROR", _("error"))),
        ),
    )


def machine_statistics(request: HttpRequest, row: Mapping[str, Any]) -> Part | None:
    """Charts of what a machine used."""
    caller = request.caller  # type: ignore[attr-defined]
    if not commands.allowed(caller, "listVirtualMachinesUsageHistory"):
        return None
    charts = machine_charts(row["id"], caller=caller, span=request.GET.get("span"), door="portal")
    return Part(
        template="portal/machine_charts.html",
        context={"charts": charts},
        styles=("vendor/uplot/uPlot.min.css", "cloudstack/charts.css"),
        scripts=("vendor/uplot/uPlot.iife.min.js", "cloudstack/charts.js"),
    )


register_part("instances", machine_statistics)
