"""Widgets and fields of the pages' forms: cards, boxes, pairs of key and value, one key of a map."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cloudstack.api.identifiers import BadValue
from cloudstack.api.params import Param
from cloudstack.api.params.arguments import Arguments
from cloudstack.framework.errors import CloudError

SPARE_PAIRS = 3
"""Empty rows for further pairs."""
MOST_PAIRS = 50


class Hinted(forms.widgets.ChoiceWidget):
    """Each option has a line about it."""

    hints: Mapping[str, Any] = {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        option["hint"] = self.hints.get(str(option["value"]), "")
        return option


class Cards(Hinted, forms.RadioSelect):
    """Options beside each other, each with a line about it."""

    template_name = "portal/widgets/cards.html"


class CommaBoxes(Hinted, forms.CheckboxSelectMultiple):
    """Several of a list, as one text with commas."""

    template_name = "portal/widgets/boxes.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        found = super().value_from_datadict(data, files, name) or ()
        return found if isinstance(found, str) else ",".join(found)

    def format_value(self, value: Any) -> list[str]:
        return [one for one in value.split(",") if one] if isinstance(value, str) else super().format_value(value)


class Pairs(forms.Widget):
    """Keys and values, a row each, with empty rows for more. Its value is a list of pairs."""

    template_name = "portal/widgets/pairs.html"
    use_fieldset = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        keys, values = _texts(data, f"{name}.key"), _texts(data, f"{name}.value")
        found = [(key.strip(), value) for key, value in zip(keys, values, strict=False)]
        return [(key, value) for key, value in found if key or value][:MOST_PAIRS]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}.key" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        pairs = list(value.items()) if isinstance(value, Mapping) else list(value or ())
        context["pairs"] = [*pairs, *[("", "")] * SPARE_PAIRS]
        return context

    def id_for_label(self, id_: str) -> str:
        return ""


def _texts(data: Any, name: str) -> list[str]:
    if hasattr(data, "getlist"):
        return [str(one) for one in data.getlist(name)]
    return [str(one) for one in data.get(name, ())]


class PairsField(forms.Field):
    """A parameter that is a map, filled in as pairs. Its value are the parameters of the wire."""

    widget = Pairs

    def __init__(self, param: Param[Any], **options: Any):
        super().__init__(**options)
        self.param = param

    def clean(self, value: Any) -> Mapping[str, str]:
        if not value:
            if self.required:
                raise forms.ValidationError(self.error_messages["required"], code="required")
            return {}
        if any(not key for key, _value in value):
            raise forms.ValidationError(_("Give each value a key."), code="invalid")
        wire = {}
        for place, (key, text) in enumerate(value):
            wire[f"{self.param.wire}[{place}].key"] = key
            wire[f"{self.param.wire}[{place}].value"] = text
        try:
            self.param.read(Arguments(wire))
        except BadValue as error:
            raise forms.ValidationError(str(error), code="invalid") from None
        except CloudError as error:
            raise forms.ValidationError(error.message, code="invalid") from None
        return wire


class PartField(forms.CharField):
    """The value of one key of a parameter that is a map."""

    def __init__(self, param: Param[Any], part: str, *, number: bool, **options: Any):
        super().__init__(**options, max_length=4096, widget=forms.NumberInput(attrs={"min": 1}) if number else None)
        self.param, self.part = param, part


def encoded(text: str) -> str:
    """Text as base64, as user data travels."""
    return base64.b64encode(text.replace("\r\n", "\n").encode()).decode()


def decoded(text: Any) -> str:
    """What :func:`encoded` made, as text again; empty where it is none."""
    try:
        return base64.b64decode(str(text or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
