"""Forms made from the inputs of an operation: the checks are the parameters' own, the words are a user's."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cloudstack.api import registry
from cloudstack.api.params import Flag, Param
from cloudstack.api.rest.forms import CommaSelect, WireField, is_for
from cloudstack.framework.errors import CloudError
from cloudstack.pages.access import project_of
from cloudstack.pages.options import Listed, Option
from cloudstack.pages.sections import Input, Operation

KEY = "idempotency"
TYPED = "typed"


class Cards(forms.RadioSelect):
    """Options beside each other, each with a line about it."""

    template_name = "portal/widgets/cards.html"
    hints: Mapping[str, Any] = {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        option["hint"] = self.hints.get(str(option["value"]), "")
        return option


class CommaBoxes(forms.CheckboxSelectMultiple):
    """Several of a list, as one text with commas."""

    template_name = "portal/widgets/boxes.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        found = super().value_from_datadict(data, files, name) or ()
        return found if isinstance(found, str) else ",".join(found)

    def format_value(self, value: Any) -> list[str]:
        return [one for one in value.split(",") if one] if isinstance(value, str) else super().format_value(value)


class OperationForm(forms.Form):
    """What a person fills in for one operation. ``params`` are the parameters of the wire that it says."""

    use_required_attribute = True
    groups: list[tuple[Any, list[str]]]

    def __init__(self, operation: Operation, request: HttpRequest, row: Mapping[str, Any], data: Any = None):
        self.operation, self.row = operation, row
        given = {one.wire: _initial(one, row) for one in operation.inputs}
        given = {name: value for name, value in given.items() if value is not None}
        given |= {name: value for name, value in request.GET.items() if name in {one.wire for one in operation.inputs}}
        super().__init__(data, initial=given, auto_id="id_%s")
        command = registry.get(operation.command)
        params = {param.wire: param for param in command.params.values()}
        self.inputs: dict[str, Input] = {}
        self.fields[KEY] = forms.CharField(
            widget=forms.HiddenInput, required=False, max_length=64, initial=lambda: uuid.uuid4().hex
        )
        for one in operation.inputs:
            param = params[one.wire]
            if is_for(param, request.caller):  # type: ignore[attr-defined]
                self.inputs[one.wire] = one
                self.fields[one.wire] = self._field(one, param, request, given)

    def _field(self, one: Input, param: Param[Any], request: HttpRequest, given: Mapping[str, Any]) -> forms.Field:
        field = WireField(param, required=one.required)
        field.label, field.help_text = one.label, one.help
        options = self._options(one, request, given)
        if options is not None:
            self._offer(field, one, options)
        elif isinstance(param, Flag):
            field.widget = forms.CheckboxInput()
            field.widget.value_from_datadict = _ticked  # type: ignore[method-assign]
            field.required = False
        elif one.rows:
            field.widget = forms.Textarea(attrs={"rows": one.rows, "maxlength": param_length(param)})
        if one.placeholder:
            field.widget.attrs["placeholder"] = str(one.placeholder)
        field.widget.is_required = field.required
        field.widget.attrs.update(field.widget_attrs(field.widget))
        return field

    def _options(self, one: Input, request: HttpRequest, given: Mapping[str, Any]) -> list[Option] | None:
        if one.options is None:
            return None
        if not isinstance(one.options, Listed):
            return list(one.options)
        known = {**given, **{name: self.data.get(name) for name in self.data}} if self.is_bound else given
        known = {**{f"row.{name}": value for name, value in self.row.items()}, **known}
        return one.options.options(request.caller, known, project_of(request))  # type: ignore[attr-defined]

    def _offer(self, field: WireField, one: Input, options: list[Option]) -> None:
        choices: list[tuple[str, Any]] = [(option.value, option.label) for option in options]
        if one.several:
            field.widget = CommaBoxes(choices=choices) if len(choices) <= 12 else CommaSelect(choices=choices)
            return
        if one.cards:
            widget = Cards(choices=choices if field.required else [("", one.unset or _("none")), *choices])
            widget.hints = {option.value: option.hint for option in options}
            field.widget = widget
        else:
            texts = [
                (option.value, f"{option.label} – {option.hint}" if option.hint else option.label) for option in options
            ]
            empty = _("choose") if field.required else one.unset or _("none")
            field.widget = forms.Select(choices=[("", empty), *texts])
        # One thing to choose is chosen.
        if field.required and len(options) == 1:
            field.initial = options[0].value
            self.initial.setdefault(one.wire, options[0].value)

    @property
    def key(self) -> str:
        return str(self.data.get(KEY, "")) if self.is_bound else ""

    def params(self) -> dict[str, str]:
        """The parameters of the wire; after ``is_valid``."""
        found: dict[str, str] = {}
        for name in self.inputs:
            value = self.cleaned_data.get(name)
            if isinstance(value, Mapping):
                found.update(value)
        return found

    def blame(self, error: CloudError) -> None:
        """Show an error of the command at the field of its parameter, or above all."""
        name = next((wire for wire in self.inputs if wire.lower() == error.parameter.lower()), None)
        text = error.message
        if name is None and error.remedy and error.remedy not in text:
            text = f"{text}. {error.remedy}"
        self.add_error(name, text)

    def sections(self) -> Iterator[dict[str, Any]]:
        """The fields in groups, the folded ones last in each."""
        groups: dict[str, dict[str, Any]] = {}
        for name, one in self.inputs.items():
            group = groups.setdefault(str(one.group), {"title": one.group, "fields": [], "folded": [], "open": False})
            bound = self[name]
            bound.input = one  # type: ignore[attr-defined]
            group["folded" if one.advanced else "fields"].append(bound)
            group["open"] = group["open"] or (one.advanced and bool(bound.errors))
        yield from groups.values()


def param_length(param: Param[Any]) -> int:
    return int(getattr(param, "max_length", 255) or 255)


def _initial(one: Input, row: Mapping[str, Any]) -> Any:
    return one.initial(row) if callable(one.initial) else one.initial


def _ticked(data: Any, files: Any, name: str) -> str:
    """A box says true or false; the parameter of one that is not ticked is sent, too."""
    return "true" if data.get(name) in ("true", "on", True) else "false"
