"""All declared settings with their values, and the page that changes one through the commands of the API."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.models import Account, Domain
from apps.infrastructure.models import Cluster, Zone
from apps.portal.pages.access import caller_allowed
from apps.storage.models import ImageStore, StoragePool
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.configuration import ConfigKey, Scope, registry
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.store import reveal
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError

HIDDEN = "****"
KINDS = {int: "number", float: "decimal number", bool: "true or false", str: "text"}
SCOPES: dict[Scope, tuple[str, type[Model]]] = {
    Scope.ZONE: ("zoneid", Zone),
    Scope.CLUSTER: ("clusterid", Cluster),
    Scope.POOL: ("storageid", StoragePool),
    Scope.DOMAIN: ("domainid", Domain),
    Scope.ACCOUNT: ("accountid", Account),
    Scope.IMAGE_STORE: ("imagestoreuuid", ImageStore),
}
"""Scope → parameter of the commands, and the model of the objects."""
OFFERED_OBJECTS = 500


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


def all_settings(request: HttpRequest) -> HttpResponse:
    """Every declared key; ``q`` searches, ``category`` chooses, ``changed=1`` leaves out what has its default."""
    caller_allowed(request, "listConfigurations")
    word, category = request.GET.get("q", "").strip().lower(), request.GET.get("category", "")
    stored = list(ConfigValue.objects.values_list("name", "scope"))
    global_names = {name for name, scope in stored if scope == Scope.GLOBAL}
    exceptions = Counter(name for name, scope in stored if scope != Scope.GLOBAL)
    keys = registry.all_keys()
    rows = [
        Row(key, _shown(key, key.value()), _shown(key, key.initial), key.name in global_names, exceptions[key.name])
        for key in keys
        if (not word or word in key.name.lower() or word in key.description.lower())
        and (not category or key.category == category)
    ]
    only_changed = request.GET.get("changed") == "1"
    if only_changed:
        rows = [row for row in rows if row.changed or row.exceptions]
    context = {
        **admin.site.each_context(request),
        "title": "Settings",
        "rows": rows,
        "total": len(keys),
        "categories": sorted({key.category for key in keys}),
        "chosen": {"q": request.GET.get("q", ""), "category": category, "changed": only_changed},
    }
    return TemplateResponse(request, "admin/cloud_settings.html", context)


def one_setting(request: HttpRequest, name: str) -> HttpResponse:
    """Shows a setting and changes or resets it, for everything or for one object of its scope."""
    caller = caller_allowed(request, "listConfigurations")
    key = registry.get(name)
    if key is None:
        raise Http404(f"no component declares a setting named {name}")
    error = typed = ""
    scope_uuid = request.POST.get("scope_uuid", "").strip()
    if request.method == "POST":
        typed = request.POST.get("value", "")
        try:
            _write(request, caller, key, scope_uuid, typed)
        except CloudError as failure:
            error = failure.message
        else:
            return HttpResponseRedirect(reverse("admin:cloud_setting", args=[name]))
    objects = _objects(key)
    context = {
        **admin.site.each_context(request),
        "title": key.name,
        "crumb": {"url": reverse("admin:cloud_settings"), "title": "Settings"},
        "key": key,
        "kind": KINDS[key.type],
        "value": _shown(key, key.value()),
        "default": _shown(key, key.initial),
        "entered": ("" if key.secret else typed) if error else ("" if key.secret else key.text(key.value())),
        "error": error,
        "choices": key.choices or (("true", "false") if key.type is bool else ()),
        "objects": objects,
        "scope_uuid": scope_uuid,
        "stored": _stored(key, dict(objects)),
    }
    return TemplateResponse(request, "admin/cloud_setting.html", context, status=400 if error else 200)


def _write(request: HttpRequest, caller: Caller, key: ConfigKey, scope_uuid: str, value: str) -> None:
    params = {"name": key.name}
    if scope_uuid:
        if key.scope not in SCOPES:
            raise Http404("this setting has one value for everything")
        params[SCOPES[key.scope][0]] = scope_uuid
    with calling(caller):
        if request.POST.get("do") == "reset":
            dispatch("resetConfiguration", params, caller, door="admin")
            messages.success(request, f"{key.name} has gone back to what it was from the start.")
        else:
            dispatch("updateConfiguration", {**params, "value": value}, caller, door="admin")
            messages.success(request, f"{key.name} is set to {HIDDEN if key.secret else value.strip()}.")


def _shown(key: ConfigKey, value: Any) -> str:
    return HIDDEN if key.secret else key.text(value)


def _objects(key: ConfigKey) -> list[tuple[str, str]]:
    """UUID and name of the objects that may have a value of their own."""
    if key.scope not in SCOPES:
        return []
    model = SCOPES[key.scope][1]
    rows = model._default_manager.order_by("pk")[:OFFERED_OBJECTS]
    return [(str(row.uuid), str(row)) for row in rows]  # type: ignore[attr-defined]


def _stored(key: ConfigKey, names: dict[str, str]) -> list[dict[str, str]]:
    """Values that are set, the global one first."""
    rows = sorted(ConfigValue.objects.filter(name=key.name), key=lambda row: (row.scope != Scope.GLOBAL, row.scope))
    return [
        {
            "where": "everything"
            if row.scope == Scope.GLOBAL
            else f"{row.scope} {names.get(row.scope_uuid, '')}".strip(),
            "uuid": row.scope_uuid,
            "value": HIDDEN if key.secret else reveal(key, row.value),
            "updated": row.updated,
        }
        for row in rows
    ]
