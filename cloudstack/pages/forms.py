"""Forms made from the inputs of an operation: the checks are the parameters' own, the words are a user's."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cloudstack.api import registry
from cloudstack.api.params import Flag, Param
from cloudstack.api.rest.forms import CommaSelect, WireField, is_for
from cloudstack.framework.errors import CloudError
from cloudstack.pages.access import project_of
from cloudstack.pages.fields import Cards, CommaBoxes, PairsField, PartField
from cloudstack.pages.options import Listed, Option
from cloudstack.pages.sections import OF, Input, Operation

KEY = "idempotency"
MOST_BOXES = 12
MOST_CARDS = 60
"""Beyond these a menu is easier to look through."""
TYPED = "typed"


class OperationForm(forms.Form):
    """What a person fills in for one operation. ``params`` are the parameters of the wire that it says."""

    use_required_attribute = True

    def __init__(
        self, operation: Operation, request: HttpRequest, row: Mapping[str, Any], data: Any = None, draft: Any = None
    ):
        """``data``: what is to be checked; ``draft``: what is filled in so far, shown as it is."""
        self.operation, self.row = operation, row
        given = {one.name: _initial(one, row) for one in operation.inputs}
        given = {name: value for name, value in given.items() if value is not None}
        given |= {name: value for name, value in request.GET.items() if name in {one.name for one in operation.inputs}}
        super().__init__(data, initial=given, auto_id="id_%s")
        command = registry.get(operation.command)
        params = {param.wire: param for param in command.params.values()}
        self.inputs: dict[str, Input] = {}
        kept = draft.get(KEY, "") if draft is not None else ""
        self.fields[KEY] = forms.CharField(
            widget=forms.HiddenInput, required=False, max_length=64, initial=kept[:64] or (lambda: uuid.uuid4().hex)
        )
        for one in operation.inputs:
            param = params[one.wire]
            if is_for(param, request.caller) and (one.offered is None or one.offered()):  # type: ignore[attr-defined]
                self.inputs[one.name] = one
                self.fields[one.name] = self._field(one, param, request, draft)

    def _field(self, one: Input, param: Param[Any], request: HttpRequest, draft: Any) -> forms.Field:
        field = _plain_field(one, param)
        field.label, field.help_text = one.label, one.help
        options = self._options(one, request)
        if options is not None:
            self._offer(field, one, options)
        elif isinstance(param, Flag):
            field.widget = forms.CheckboxInput(check_test=lambda value: value in (True, "true"))
            field.widget.value_from_datadict = _ticked  # type: ignore[method-assign]
            field.required = False
        elif one.rows:
            field.widget = forms.Textarea(attrs={"rows": one.rows, "maxlength": param_length(param)})
        if one.placeholder:
            field.widget.attrs["placeholder"] = str(one.placeholder)
        if one.reloads:
            field.widget.attrs |= reloading(request.path)
        field.widget.is_required = field.required
        field.widget.attrs.update(field.widget_attrs(field.widget))
        if draft is not None and not field.widget.value_omitted_from_data(draft, {}, one.name):
            self.initial[one.name] = field.widget.value_from_datadict(draft, {}, one.name)
        self._take_first(field, one, options or ())
        return field

    def _options(self, one: Input, request: HttpRequest) -> list[Option] | None:
        if one.options is None:
            return None
        known: dict[str, Any] = {f"row.{name}": value for name, value in self.row.items()}
        known |= {name: self.data.get(name) for name in self.data} if self.is_bound else self.initial
        sources = [one.options] if isinstance(one.options, Listed) else one.options
        found: list[Option] = []
        for source in sources:
            if isinstance(source, Listed):
                caller = request.caller  # type: ignore[attr-defined]
                found += source.options(caller, known, self._project(request))
            else:
                found.append(source)
        return found

    def _project(self, request: HttpRequest) -> str:
        """What is chosen for an object is its owner's, whatever project the session works for."""
        if not self.row:
            return project_of(request)
        return str((self.row.get(OF) or self.row).get("projectid", ""))

    def _offer(self, field: forms.Field, one: Input, options: list[Option]) -> None:
        choices: list[tuple[str, Any]] = [(option.value, option.label) for option in options]
        hints = {option.value: option.hint for option in options}
        if one.several:
            boxes = len(choices) <= MOST_BOXES
            field.widget = CommaBoxes(choices=choices) if boxes else CommaSelect(choices=choices)
            field.widget.hints = hints
        elif one.cards and len(choices) <= MOST_CARDS:
            field.widget = Cards(choices=choices if field.required else [("", one.unset or _("none")), *choices])
            field.widget.hints = hints
        else:
            texts = [
                (option.value, f"{option.label} – {option.hint}" if option.hint else option.label) for option in options
            ]
            empty = _("choose") if field.required else one.unset or _("none")
            field.widget = forms.Select(choices=[("", empty), *texts])
        field.nothing = one.nothing if not options else ""  # type: ignore[attr-defined]

    def _take_first(self, field: forms.Field, one: Input, options: Sequence[Option]) -> None:
        """One thing to choose is chosen; what is chosen and is not offered any more is chosen no longer."""
        values = [option.value for option in options]
        if one.options is None or one.several or not values or self.is_bound:
            return
        if self.initial.get(one.name) not in values and ((field.required and len(values) == 1) or one.first):
            self.initial[one.name] = values[0]

    @property
    def key(self) -> str:
        return str(self.data.get(KEY, "")) if self.is_bound else ""

    @property
    def reloads(self) -> bool:
        return any(one.reloads for one in self.inputs.values())

    def params(self) -> dict[str, str]:
        """The parameters of the wire; after ``is_valid``."""
        found: dict[str, str] = {}
        for name, one in self.inputs.items():
            value = self.cleaned_data.get(name)
            if self.operation.changes_only and not self._changed(name):
                continue
            if self.operation.changes_only and value == {} and not one.part:
                found[one.wire] = ""
            elif one.part and value:
                place = sum(1 for key in found if key.startswith(f"{one.wire}[") and key.endswith("].key"))
                found[f"{one.wire}[{place}].key"] = one.part
                found[f"{one.wire}[{place}].value"] = str(value)
            elif isinstance(value, Mapping):
                sent = one.sent
                found.update({wire: sent(text) for wire, text in value.items()} if sent else value)
        return found

    def _changed(self, name: str) -> bool:
        before, now = self.initial.get(name), self[name].data
        texts = [str(one).lower() if isinstance(one, bool) else str(one or "") for one in (before, now)]
        return texts[0] != texts[1]

    def blame(self, error: CloudError) -> None:
        """Show an error of the command at the field of its parameter, or above all."""
        about = [name for name, one in self.inputs.items() if one.wire.lower() == error.parameter.lower()]
        name = next((name for name in about if self.inputs[name].part in error.message), about[0] if about else None)
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


def _plain_field(one: Input, param: Param[Any]) -> forms.Field:
    if one.part:
        return PartField(param, one.part, number=one.number, required=bool(one.required))
    if one.pairs:
        return PairsField(param, required=param.required if one.required is None else one.required)
    return WireField(param, required=one.required)


def reloading(path: str) -> dict[str, str]:
    """What has a script fetch the form's fields anew when one of them changes."""
    return {
        "hx-post": path,
        "hx-trigger": "change",
        "hx-include": "closest form",
        "hx-vals": '{"go": "offer"}',
        "hx-target": "#fields",
        "hx-select": "#fields",
        "hx-swap": "outerHTML",
    }


def param_length(param: Param[Any]) -> int:
    return int(getattr(param, "max_length", 255) or 255)


def _initial(one: Input, row: Mapping[str, Any]) -> Any:
    return one.initial(row) if callable(one.initial) else one.initial


def _ticked(data: Any, files: Any, name: str) -> str:
    """A box says true or false; the parameter of one that is not ticked is sent, too."""
    return "true" if data.get(name) in ("true", "on", True) else "false"
