"""The list of all declared settings with their values."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.portal.pages.access import caller_allowed, list_url
from apps.portal.services.setting_groups import GROUPS, group_of
from cloudstack.framework.configuration import ConfigKey, Scope, registry
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.configuration.shown import shown

KINDS = {int: "whole number", float: "number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class Row:
    """One setting as the list shows it."""

    key: ConfigKey
    value: str
    default: str
    changed: bool
    exceptions: int
    """How many zones, clusters… have a value of their own."""

    @property
    def words(self) -> list[str]:
        """The name in parts between which a line may end."""
        return self.key.name.split(".")

    @property
    def kind(self) -> str:
        return "one of " + ", ".join(self.key.choices) if self.key.choices else KINDS[self.key.type]


def all_settings(request: HttpRequest) -> HttpResponse:
    """Every declared key by group; ``q`` searches names, descriptions and values, ``group`` and ``scope`` choose.

    ``changed=1`` leaves out what has its default everywhere.
    """
    caller_allowed(request, "listConfigurations")
    word, group, scope = (request.GET.get(name, "").strip() for name in ("q", "group", "scope"))
    only_changed = request.GET.get("changed") == "1"
    rows = [
        row
        for row in rows_of(registry.all_keys())
        if (not word or _speaks_of(row, word.lower()))
        and (not group or group_of(row.key)[0] == group)
        and (not scope or row.key.scope == scope)
        and (not only_changed or row.changed or row.exceptions)
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Settings",
        "groups": _grouped(rows),
        "shown": len(rows),
        "total": len(registry.all_keys()),
        "all_groups": [one.name for one in GROUPS],
        "scopes": [str(one) for one in Scope],
        "history_url": list_url(request, SettingChange),
        "chosen": {"q": word, "group": group, "scope": scope, "changed": only_changed},
    }
    return TemplateResponse(request, "admin/cloud_settings.html", context)


def rows_of(keys: Iterable[ConfigKey]) -> list[Row]:
    """Settings with their values; one statement beside the one that reads those."""
    stored = list(ConfigValue.objects.values_list("name", "scope"))
    global_names = {name for name, scope in stored if scope == Scope.GLOBAL}
    exceptions = Counter(name for name, scope in stored if scope != Scope.GLOBAL)
    return [
        Row(key, shown(key, key.value()), shown(key, key.initial), key.name in global_names, exceptions[key.name])
        for key in keys
    ]


def _speaks_of(row: Row, word: str) -> bool:
    places = (row.key.name, row.key.description, "" if row.key.secret else row.value)
    return any(word in place.lower() for place in places)


def _grouped(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """The rows under their headings, in the order in which clients show them."""
    found: dict[tuple[str, str], list[Row]] = {(one.name, sub): [] for one in GROUPS for sub in one.subgroups}
    for row in rows:
        found.setdefault(group_of(row.key), []).append(row)
    return [(f"{group} · {sub}", listed) for (group, sub), listed in found.items() if listed]
