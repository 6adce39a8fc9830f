"""Tables on the page of an object: what belongs to it, and what happened to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.admin.badges import badge
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob

ROWS = 10
TEXTS = frozenset({"Says", "What happened", "Why"})
"""Columns that may take several lines."""


@dataclass(frozen=True, kw_only=True)
class PanelForm:
    """A form under a panel: it calls ``command`` of the API with the parameters ``fixed`` and what is filled in.

    ``fields`` are (name on the wire, label); ``key`` names the form, uniquely on its page.
    """

    key: str
    command: str
    label: str
    fixed: Mapping[str, Any]
    fields: Sequence[tuple[str, str]]
    url: str = ""
    """Where it is sent; set by the page, and only if the role of who looks at it allows the command."""


@dataclass
class Panel:
    """A titled table; ``more`` leads to all rows."""

    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    empty: str = "Nothing here."
    more: str = ""
    more_label: str = "All"
    forms: list[PanelForm] = field(default_factory=list)

    @property
    def cells(self) -> list[list[tuple[Any, bool]]]:
        """The rows, each cell with whether it is running text."""
        return [[(cell, title in TEXTS) for title, cell in zip(self.columns, row, strict=True)] for row in self.rows]


Panels = Callable[[Caller, Any], list[Panel]]
_providers: list[Panels] = []


def register_panels(provider: Panels) -> None:
    """Have the page of every object show the panels that ``provider(caller, obj)`` answers."""
    if provider not in _providers:
        _providers.append(provider)


def further_panels(caller: Caller, obj: Any) -> list[Panel]:
    """What the apps above show on the page of ``obj``."""
    return [panel for provider in _providers for panel in provider(caller, obj)]


ListLinks = Callable[[Caller], list[tuple[str, str]]]
_list_links: dict[str, list[ListLinks]] = {}


def register_list_links(label: str, provider: ListLinks) -> None:
    """Have the list of the model ``label`` lead on to the (address, title) that ``provider(caller)`` answers."""
    known = _list_links.setdefault(label, [])
    if provider not in known:
        known.append(provider)


def list_links(caller: Caller, label: str) -> list[tuple[str, str]]:
    """What the apps above have the list of a model lead on to."""
    return [link for provider in _list_links.get(label, ()) for link in provider(caller)]


Drawings = Callable[[Caller, Any, str | None], Any]
_drawings: dict[type, Drawings] = {}


def register_charts(model: type, provider: Drawings) -> None:
    """Have the page of each object of ``model`` show the charts that ``provider(caller, obj, span)`` answers."""
    _drawings[model] = provider


def charts_of(caller: Caller, obj: Any, span: str | None) -> Any:
    """What ``portal/charts.html`` shows on the page of ``obj``; None for a kind that has no charts."""
    provider = _drawings.get(type(obj))
    return provider(caller, obj, span) if provider is not None else None


def link_to(obj: Any, text: Any = "") -> SafeString | str:
    """A link to the page of ``obj`` in the admin."""
    if obj is None:
        return "–"
    options = obj._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[quote(obj.pk)])
    return format_html('<a href="{}">{}</a>', url, text or obj)


def link_to_resource(kind: str, uuid: Any, text: str = "") -> SafeString | str:
    """A link to the object that a job or event names by the class of its model and its UUID; no statement."""
    if not uuid:
        return text or "–"
    label = text or f"{kind} {uuid}"
    for model in admin.site._registry:
        if model.__name__ == kind and any(field.name == "uuid" for field in model._meta.concrete_fields):
            options = model._meta
            url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[uuid])
            return format_html('<a href="{}">{}</a>', url, label)
    return label


def job_link(job_uuid: Any, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:jobs_asyncjob_change", args=[job_uuid]), text)


def when(moment: datetime | None) -> SafeString | str:
    """How long ago, with the moment itself at hand."""
    if moment is None:
        return "–"
    return format_html('<time datetime="{0}" title="{0}">{1}</time>', moment.isoformat(timespec="seconds"), ago(moment))


def ago(moment: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def span(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``5 min``, ``3 h``, ``9 d``."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} d"


def took(started: datetime | None, ended: datetime | None) -> str:
    if started is None:
        return "–"
    return span(((ended or timezone.now()) - started).total_seconds())


def job_rows(jobs: Iterable[AsyncJob]) -> list[list[Any]]:
    return [
        [
            badge(job.status, job=True),
            job_link(job.uuid, job.description or job.name),
            when(job.created),
            took(job.started, job.completed),
            job.error_text or job.progress_text,
        ]
        for job in jobs
    ]


JOB_COLUMNS = ["Status", "Job", "Submitted", "Took", "Says"]


def jobs_panel(resource_uuid: Any) -> Panel:
    """The newest jobs about one object."""
    jobs = AsyncJob.objects.filter(resource_uuid=resource_uuid).order_by("-id").defer("data", "arguments")[:ROWS]
    more = f"{reverse('admin:jobs_asyncjob_changelist')}?q={resource_uuid}"
    return Panel("Recent jobs", JOB_COLUMNS, job_rows(jobs), "No job has worked on this.", more, "All jobs about this")


def events_panel(resource_uuid: Any, *, job_uuid: Any = None) -> Panel:
    """The newest events about one object, or of one job."""
    about = {"job_uuid": job_uuid} if job_uuid else {"resource_uuid": resource_uuid}
    events = Event.objects.filter(**about).order_by("-id").select_related("user")[:ROWS]
    rows = [
        [badge(event.level, label=event.type), event.state, event.description, event.user or "–", when(event.created)]
        for event in events
    ]
    more = f"{reverse('admin:events_event_changelist')}?q={job_uuid or resource_uuid}"
    columns = ["Type", "State", "What happened", "By", "When"]
    return Panel("Recent events", columns, rows, "Nothing has happened to this.", more, "All events about this")
