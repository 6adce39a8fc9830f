"""The page of one setting: its value at each place, what became of it, and the forms that change it.

Every change goes through ``updateConfiguration`` and ``resetConfiguration``, also the one that puts a value back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.portal.pages.access import caller_allowed, list_url
from apps.portal.pages.settings import KINDS
from apps.portal.selectors.setting_scopes import SCOPES, objects_of_setting, scope_names
from apps.portal.services.setting_groups import group_of
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.registry import allowed
from cloudstack.framework.configuration import ConfigKey, Scope, registry
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.configuration.shown import HIDDEN, is_secret, shown, values_of
from cloudstack.framework.configuration.store import forced_by_plugin, reveal
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError

SHOWN_CHANGES = 20
UPDATE, RESET = "updateConfiguration", "resetConfiguration"


@dataclass
class Place:
    """Everything, or one object: what is set there, and what stands in its field."""

    uuid: str
    label: str
    own: str | None
    """The value that is set there, as it may be shown; None for none."""
    since: Any
    entered: str
    error: str = ""
    gone_url: str = ""
    """Where the value of an object that is gone can be removed."""


@dataclass(frozen=True)
class Told:
    """One line of the history; ``refusal`` says why the value before cannot be put back."""

    change: SettingChange
    where: str
    before: str
    after: str
    refusal: str


def one_setting(request: HttpRequest, name: str) -> HttpResponse:
    """Shows a setting and changes it, for everything or for one object of its scope; puts earlier values back."""
    caller = caller_allowed(request, "listConfigurations")
    key = registry.get(name)
    if key is None:
        raise Http404(f"no component declares a setting named {name}")
    word, error = request.GET.get("q", "").strip(), ""
    scope_uuid = request.POST.get("scope_uuid", "").strip()
    if request.method == "POST":
        try:
            _write(request, caller, key, scope_uuid)
        except CloudError as failure:
            error = failure.message
        else:
            return HttpResponseRedirect(_address(key, word))
    places, more = _places(caller, key, word, scope_uuid)
    stray = ""
    if error:
        hit = next((place for place in places if place.uuid == scope_uuid), None)
        if hit is not None and request.POST.get("do") == "save":
            hit.error, hit.entered = error, "" if key.secret else request.POST.get("value", "")
        else:
            stray = error
    forced = forced_by_plugin(key)
    context = {
        **admin.site.each_context(request),
        "title": key.name,
        "crumb": {"url": reverse("admin:cloud_settings"), "title": "Settings"},
        "key": key,
        "kind": KINDS[key.type],
        "group": " · ".join(group_of(key)),
        "value": shown(key, key.value()),
        "default": shown(key, key.initial),
        "forced": None if forced is None else shown(key, forced),
        "choices": key.choices or (("true", "false") if key.type is bool else ()),
        "places": places,
        "more": more,
        "word": word,
        "scope": SCOPES.get(key.scope),
        "stray": stray,
        "refusals": {
            "save": "" if allowed(caller, UPDATE) else f"your role does not admit {UPDATE}",
            "reset": "" if allowed(caller, RESET) else f"your role does not admit {RESET}",
        },
        "history": _history(caller, key),
        "history_url": list_url(request, SettingChange),
    }
    return TemplateResponse(request, "admin/cloud_setting.html", context, status=400 if error else 200)


def _address(key: ConfigKey, word: str) -> str:
    query = QueryDict(mutable=True)
    if word:
        query["q"] = word
    return reverse("admin:cloud_setting", args=[key.name]) + (f"?{query.urlencode()}" if word else "")


def _write(request: HttpRequest, caller: Caller, key: ConfigKey, scope_uuid: str) -> None:
    """What the form asks for. Raises ``CloudError``."""
    asked = request.POST.get("do")
    if asked == "restore":
        _put_back(request, caller, key)
        return
    if asked == "reset":
        _call(caller, RESET, key, scope_uuid)
        messages.success(request, f"{key.name} has gone back to what it was from the start.")
        return
    value = request.POST.get("value", "")
    _call(caller, UPDATE, key, scope_uuid, value=value)
    messages.success(request, f"{key.name} is set to {HIDDEN if key.secret else value.strip()}.")


def _put_back(request: HttpRequest, caller: Caller, key: ConfigKey) -> None:
    known = request.POST.get("change", "")
    change = SettingChange.objects.filter(name=key.name, pk=known if known.isdecimal() else 0).first()
    if change is None:
        raise Http404("the history has no such change of this setting")
    if is_secret(change):
        raise Http404("values of secret settings are not kept: there is nothing to put back")
    if change.before_set:
        _call(caller, UPDATE, key, change.scope_uuid, value=change.before)
        messages.success(request, f"{key.name} is {change.before} again.")
    else:
        _call(caller, RESET, key, change.scope_uuid)
        messages.success(request, f"{key.name} has no value of its own again.")


def _call(caller: Caller, command: str, key: ConfigKey, scope_uuid: str, **more: str) -> None:
    params: Mapping[str, str] = {"name": key.name, **more}
    if scope_uuid:
        if key.scope not in SCOPES:
            raise Http404("this setting has one value for everything")
        params = {**params, SCOPES[key.scope].parameter: scope_uuid}
    with calling(caller):
        dispatch(command, params, caller, door="admin")


def _places(caller: Caller, key: ConfigKey, word: str, wanted: str) -> tuple[list[Place], bool]:
    """Everything first, then the objects that have or may have a value of their own."""
    glob = ConfigValue.objects.filter(name=key.name, scope=str(Scope.GLOBAL)).first()
    places = [_place(key, "", "Everything", glob)]
    places[0].entered = "" if key.secret else key.text(key.value())
    listed = objects_of_setting(caller=caller, key=key, word=word, wanted=[wanted] if wanted else [])
    for one in listed.found:
        place = _place(key, one.uuid, one.name, one.own)
        if one.gone and one.own is not None:
            place.gone_url = reverse("admin:configuration_configvalue_change", args=[one.own.pk])
        places.append(place)
    return places, listed.more


def _place(key: ConfigKey, uuid: str, label: str, own: ConfigValue | None) -> Place:
    text = None if own is None else HIDDEN if key.secret else reveal(key, own.value)
    return Place(uuid, label, text, own.updated if own else None, "" if key.secret else text or "")


def _history(caller: Caller, key: ConfigKey) -> list[Told]:
    changes = list(SettingChange.objects.filter(name=key.name).order_by("-id")[:SHOWN_CHANGES])
    names = scope_names(caller=caller, pairs=[(one.scope, one.scope_uuid) for one in changes])
    wanted = {one.scope_uuid for one in changes}
    rows = ConfigValue.objects.filter(name=key.name, scope_uuid__in=wanted) if changes and not key.secret else ()
    stored = {(row.scope, row.scope_uuid): reveal(key, row.value) for row in rows}
    return [_told(caller, key, one, names, stored) for one in changes]


def _told(
    caller: Caller,
    key: ConfigKey,
    change: SettingChange,
    names: Mapping[tuple[str, str], str],
    stored: Mapping[tuple[str, str], str],
) -> Told:
    place = (change.scope, change.scope_uuid)
    name = names.get(place, "")
    where = "everything" if change.scope == Scope.GLOBAL else f"{change.scope} {name or change.scope_uuid}"
    command = UPDATE if change.before_set else RESET
    refusal = ""
    if is_secret(change):
        refusal = "values of secret settings are not kept"
    elif not allowed(caller, command):
        refusal = f"your role does not admit {command}"
    elif change.scope_uuid and not name:
        refusal = f"the {change.scope} is gone"
    elif stored.get(place) == (change.before if change.before_set else None):
        refusal = "it is like that now"
    return Told(change, where, *values_of(change), refusal)
