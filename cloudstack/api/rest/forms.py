"""Django's forms made from parameters: the filters of a list, and what a person fills in on the browsable API."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from cloudstack.api import authentication, registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.entities import entity_for, is_entity
from cloudstack.api.identifiers import BadValue
from cloudstack.api.params import (
    Choice,
    Date,
    Flag,
    Float,
    Int,
    ListOf,
    Map,
    MapList,
    Param,
    Ref,
    RefList,
    Secret,
)
from cloudstack.api.params.arguments import Arguments
from cloudstack.api.rest.serializers import wire_value
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError

MOST_OFFERED = 100
"""Objects that a form lets one choose from by name; where there are more, their UUID is written."""
LONG_TEXT = 1024
NAMES = ("name", "display_name", "username", "title", "address", "display_text")
"""Columns that say to a person which object is meant, the best first."""


class WireField(forms.Field):
    """Takes what the parameter takes. Its value are the parameters of the wire that say so."""

    def __init__(self, param: Param[Any], *, required: bool | None = None):
        super().__init__(
            required=param.required if required is None else required,
            label=param.wire,
            help_text=param.help,
            widget=widget_of(param),
        )
        self.param = param

    def clean(self, value: Any) -> Mapping[str, str]:
        if value in self.empty_values:
            if self.required:
                raise forms.ValidationError(self.error_messages["required"], code="required")
            return {}
        try:
            wire = wire_value(self.param, value)
            self.param.read(Arguments(wire))
        except BadValue as error:
            raise forms.ValidationError(str(error), code="invalid") from None
        except CloudError as error:
            raise forms.ValidationError(error.message, code="invalid") from None
        return wire

    def prepare_value(self, value: Any) -> Any:
        """A choice in the spelling of its option, whatever was sent; maps as JSON."""
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(self.param, MapList)):
            return orjson.dumps(value).decode()
        if isinstance(self.param, Choice) and isinstance(value, str):
            return next((one for one in self.param.choices if one.lower() == value.lower()), value)
        return value


class WireForm(forms.Form):
    """A form of parameters. Labels are the names that programs use too."""

    def offer(self, caller: Caller) -> None:
        """Let objects be chosen by name where the caller sees few enough of them."""
        table = listings()
        for name, field in self.fields.items():
            if isinstance(field, WireField) and isinstance(field.param, Ref | RefList):
                offers = offered(field.param, caller, table.get(field.param.model, ()))
                if offers is not None:
                    self._choose(name, field, offers)

    def _choose(self, name: str, field: WireField, offers: list[tuple[str, str]]) -> None:
        param = field.param
        more = [(text, text) for text in sorted(getattr(param, "also", ()))]
        known = {uuid for uuid, _ in offers}
        sent = self.data.get(self.add_prefix(name), "") if self.is_bound else self.initial.get(name, "")
        lost = [(one, one) for one in str(sent).split(",") if one and one not in known and (one, one) not in more]
        if isinstance(param, RefList):
            field.widget = CommaSelect(choices=[*offers, *lost], attrs={"size": min(max(len(offers), 2), 6)})
        else:
            field.widget = forms.Select(choices=[("", _unset(field.required)), *offers, *more, *lost])
        field.widget.is_required = field.required


class CommaSelect(forms.SelectMultiple):
    """Several of a list, as one text with commas."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return ",".join(super().value_from_datadict(data, files, name) or ())

    def format_value(self, value: Any) -> list[str]:
        return value.split(",") if isinstance(value, str) else super().format_value(value)


def form_class(params: Iterable[Param[Any]], name: str = "CommandForm") -> type[WireForm]:
    """Required parameters first, else as they are declared."""
    ordered = sorted(params, key=lambda param: not param.required)
    return type(name, (WireForm,), {param.wire: WireField(param) for param in ordered})


_forms: dict[tuple[type[BaseCmd], str], type[WireForm]] = {}


def form_of(command: type[BaseCmd], without: str = "") -> type[WireForm]:
    """The form of a command; ``without`` names the parameter that stands in the path."""
    key = (command, without)
    if key not in _forms:
        _forms[key] = form_class(param for param in command.params.values() if param.wire != without)
    return _forms[key]


def hide_from(form: forms.Form, caller: Caller) -> None:
    """Take away the parameters that are ignored when this caller sends them."""
    for name, field in list(form.fields.items()):
        if isinstance(field, WireField) and not is_for(field.param, caller):
            del form.fields[name]


def is_for(param: Param[Any], caller: Caller) -> bool:
    return param.roles is None or caller.role_type in param.roles


def widget_of(param: Param[Any]) -> forms.Widget:
    """How a value of the parameter is written by hand."""
    match param:
        case Flag():
            default = "" if param.default is None else f"not set ({str(param.default).lower()})"
            return forms.Select(choices=[("", default or _unset(param.required)), ("true", "true"), ("false", "false")])
        case Choice():
            return forms.Select(choices=[("", _unset(param.required)), *((one, one) for one in param.choices)])
        case Int():
            bounds: dict[str, Any] = {}
            if param.minimum != param.lowest:
                bounds["min"] = param.minimum
            if param.maximum != param.highest:
                bounds["max"] = param.maximum
            return forms.NumberInput(attrs=bounds)
        case Float():
            return forms.NumberInput(attrs={"step": "any"})
        case Secret():
            return forms.PasswordInput(attrs={"autocomplete": "new-password"})
        case Date():
            return forms.TextInput(attrs={"placeholder": "2026-11-23T08:00:00Z"})
        case Map():
            return forms.Textarea(attrs={"rows": 2, "placeholder": '{"key": "value"}'})
        case MapList():
            return forms.Textarea(attrs={"rows": 2, "placeholder": '[{"key": "value"}]'})
        case Ref() | RefList() | ListOf():
            return forms.TextInput(attrs={"spellcheck": "false"})
    if param.max_length > LONG_TEXT:
        return forms.Textarea(attrs={"rows": 3, "maxlength": param.max_length})
    return forms.TextInput(attrs={"maxlength": param.max_length})


def _unset(required: bool) -> str:
    return "choose" if required else "not set"


def offered(
    param: Ref[Any] | RefList, caller: Caller, listing: Iterable[type[BaseCmd]]
) -> list[tuple[str, str]] | None:
    """UUID and name of what the caller may give for ``param``; one statement. ``listing``: the commands that list it.

    None where there are too many to choose from, and where his role does not let him list them at all.
    """
    if not is_entity(param.model) or not any(authentication.is_allowed(caller, command) for command in listing):
        return None
    path = naming_column(param.model)
    rows = entity_for(param.model).scope(caller=caller, access=param.access).order_by(path, "pk")
    found = [(str(uuid), str(name or uuid)) for uuid, name in rows.values_list("uuid", path)[: MOST_OFFERED + 1]]
    if len(found) > MOST_OFFERED:
        return None
    names = [name for _, name in found]
    return [(uuid, name if names.count(name) == 1 else f"{name} – {uuid}") for uuid, name in found]


@cache
def naming_column(model: type[Model]) -> str:
    for name in NAMES:
        try:
            model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        return name
    return "uuid"


def listings() -> dict[type[Model], list[type[BaseCmd]]]:
    """Model → the commands that list it."""
    found: dict[type[Model], list[type[BaseCmd]]] = {}
    for command in registry.all():
        if command.is_list and command.response.model is not None:
            found.setdefault(command.response.model, []).append(command)
    return found
