"""What stands around every page: the menu, who is signed in, the project that is worked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from cloudstack.api import registry as commands
from cloudstack.api.rest import stream
from cloudstack.framework.context import Caller
from cloudstack.pages import registry
from cloudstack.pages.access import project_of, projects_of
from cloudstack.pages.sections import Section

Entry = Mapping[str, Any]
_entries: list[Callable[[HttpRequest], Iterable[Entry]]] = []


def register_entries(entries: Callable[[HttpRequest], Iterable[Entry]]) -> None:
    """Have the menu show what ``entries(request)`` answers: ``group``, ``title``, ``url``, ``icon``, ``order``."""
    if entries not in _entries:
        _entries.append(entries)


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page in its frame; a fragment asked for by htmx goes without the frame's statements."""
    return TemplateResponse(request, template, {**frame(request), **(context or {})}, status=status)


def fragment(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """A part of a page."""
    return TemplateResponse(request, template, dict(context))


def frame(request: HttpRequest) -> dict[str, Any]:
    caller: Caller = request.caller  # type: ignore[attr-defined]
    project = project_of(request)
    projects = projects_of(request)
    return {
        "caller": caller,
        **live(),
        "menu": _menu(request, caller),
        "projects": projects,
        "project": project,
        "project_name": next((name for uuid, name in projects if uuid == project), ""),
    }


def live() -> dict[str, str]:
    """How the parts of a page that change keep up: by the stream of events while it has room, else by asking."""
    if stream.has_room():
        trigger = "sse:job throttle:1s, sse:event throttle:1s, every 30s"
        return {"stream_url": reverse("stream"), "live_trigger": trigger}
    return {"stream_url": "", "live_trigger": "every 4s"}


def _menu(request: HttpRequest, caller: Caller) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {"": []}
    for title, sections in registry.of_group():
        groups[title] = [
            {"title": one.title, "url": url_of(one), "icon": one.icon, "order": one.order, "current": False}
            for one in sections
            if may_see(caller, one)
        ]
    for entries in _entries:
        for entry in entries(request):
            groups.setdefault(str(entry["group"]), []).append({"current": False, **entry})
    for items in groups.values():
        items.sort(key=lambda item: item["order"])
        for item in items:
            item["current"] = request.path.startswith(item["url"]) if item["url"] != "/" else request.path == "/"
    return [{"title": title, "items": items} for title, items in groups.items() if items]


def may_see(caller: Caller, section: Section) -> bool:
    """Whether the caller's role lets him list what the section shows."""
    return commands.allowed(caller, section.lists)


def url_of(section: Section) -> str:
    return reverse(f"portal:{section.slug}-list")
