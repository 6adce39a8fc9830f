"""Takes in the pages of plugins: sections, tables on the pages of other sections, entries of the menu."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from cloudstack.api import registry as commands
from cloudstack.framework.plugins.manager import pm
from cloudstack.pages import registry
from cloudstack.pages.frame import register_entries
from cloudstack.pages.sections import MenuLink, PanelOn, Section

_links: list[MenuLink] = []


def register_plugin_pages() -> None:
    """Called when all commands are known: a section without its command takes its plugin out."""
    _links.clear()
    pm.take("register_portal_sections", _take_section, registry.unregister)
    pm.take("register_portal_links", _take_link, _links.remove)
    register_entries(_entries)


def _take_section(plugin: str, cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Section)):
        raise ImproperlyConfigured(f"register_portal_sections: {cls!r} is no Section")
    offered = [*cls.operations, *([cls.create] if cls.create else []), *cls.further_creates]
    _ensure_commands(cls.__name__, [cls.lists, *(one.command for one in offered)])
    if registry.known(cls.slug) and type(registry.get(cls.slug)) is not cls:
        raise ImproperlyConfigured(f"{cls.__name__}: there is a section {cls.slug} already")
    registry.register(cls)


def add_panel(panel: PanelOn) -> None:
    """Show it on the pages of its section. Raises ``ImproperlyConfigured`` for a section or command there is not."""
    _ensure_commands(f"the panel {panel.panel.title}", [panel.panel.command])
    if not registry.known(panel.page):
        known = ", ".join(sorted(section.slug for section in registry.sections()))
        raise ImproperlyConfigured(f"there is no section {panel.page!r} for a panel; there are {known}")
    section = registry.get(panel.page)
    if panel.panel not in section.panels:
        section.panels = (*section.panels, panel.panel)  # type: ignore[misc]  # of this section only


def drop_panel(panel: PanelOn) -> None:
    """Show it no more."""
    section = registry.get(panel.page)
    section.panels = tuple(one for one in section.panels if one is not panel.panel)  # type: ignore[misc]


def _take_link(plugin: str, link: Any) -> None:
    if not isinstance(link, MenuLink):
        raise ImproperlyConfigured(f"register_portal_links: {link!r} is no MenuLink")
    if link.command:
        _ensure_commands(f"the link {link.title}", [link.command])
    _links.append(link)


def _ensure_commands(what: str, names: Iterable[str]) -> None:
    for name in names:
        if commands.find(name) is None:
            raise ImproperlyConfigured(f"{what} names the command {name!r}, which does not exist")


def _entries(request: HttpRequest) -> Iterable[Mapping[str, Any]]:
    caller = request.caller  # type: ignore[attr-defined]
    for link in _links:
        if not link.command or commands.allowed(caller, link.command):
            yield {
                "group": link.group,
                "title": link.title,
                "url": link.url,
                "icon": link.icon,
                "order": link.order,
            }
