"""Takes in the tables that plugins show on the pages of others' objects, the admin's and the users'."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from apps.accounts.admin.badges import badge
from apps.accounts.admin.panels import Panel, link_to_resource, register_panels
from cloudstack.api import registry as commands
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError
from cloudstack.framework.plugins.manager import pm
from cloudstack.pages.columns import Column, Kind
from cloudstack.pages.from_plugins import add_panel, drop_panel
from cloudstack.pages.sections import PanelOn

ROWS = 10
_panels: dict[str, list[PanelOn]] = {}


def register_plugin_panels() -> None:
    """Called when all commands are known."""
    _panels.clear()
    pm.take("register_object_panels", _take, _drop)
    register_panels(_on_page)


def _take(plugin: str, one: Any) -> None:
    if not isinstance(one, PanelOn):
        raise ImproperlyConfigured(f"register_object_panels: {one!r} is no PanelOn")
    if "." not in one.page:
        add_panel(one)
        return
    try:
        apps.get_model(one.page)
    except (LookupError, ValueError):
        raise ImproperlyConfigured(f"register_object_panels: there is no model {one.page!r}") from None
    if commands.find(one.panel.command) is None:
        raise ImproperlyConfigured(f"register_object_panels: there is no command {one.panel.command!r}")
    _panels.setdefault(one.page.lower(), []).append(one)


def _drop(one: PanelOn) -> None:
    if "." not in one.page:
        drop_panel(one)
    else:
        _panels[one.page.lower()].remove(one)


def _on_page(caller: Caller, obj: Any) -> list[Panel]:
    found = []
    for one in _panels.get(obj._meta.label_lower, ()):
        if commands.allowed(caller, one.panel.command) and (one.panel.suits is None or one.panel.suits(obj)):
            found.append(_filled(caller, obj, one))
    return found


def _filled(caller: Caller, obj: Any, one: PanelOn) -> Panel:
    """The panel as who looks at the page may see it; the first cell of a row leads to the object."""
    panel = one.panel
    shown = Panel(str(panel.title), [str(column.label) for column in panel.columns], empty=str(panel.empty or "None."))
    command = commands.get(panel.command)
    params = {"page": 1, "pagesize": ROWS, **panel.params(obj)}
    try:
        rows = dispatch(panel.command, params, caller, door="admin").rows or []
    except CloudError as error:
        shown.empty = error.message
        return shown
    kind = command.response.model.__name__ if command.response.model else ""
    for row in rows:
        cells = [_cell(column, row) for column in panel.columns]
        if kind and row.get("id") and cells:
            cells[0] = link_to_resource(kind, row["id"], str(cells[0]))
        shown.rows.append(cells)
    return shown


def _cell(column: Column, row: Any) -> Any:
    return badge(row.get(column.wire)) if column.kind is Kind.STATE else column.shown(row)
