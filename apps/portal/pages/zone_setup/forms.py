"""Fields of the set-up: made from the parameters of commands, with an operator's words on them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from cloudstack.api import registry
from cloudstack.api.params import Choice, Flag
from cloudstack.api.rest.forms import WireField, WireForm
from cloudstack.framework.errors import CloudError

Offer = tuple[str, str]


class Options(forms.Select):
    """A list in which what is not available stays visible: it cannot be chosen and says why."""

    def __init__(self, choices: Iterable[Offer], refused: Mapping[str, str] | None = None, **options: Any):
        self.refused = dict(refused or {})
        more = [(value, f"{value} – not available: {why}") for value, why in self.refused.items()]
        super().__init__(choices=[*choices, *more], **options)

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.refused:
            option["attrs"]["disabled"] = True
        return option


class ParameterField(WireField):
    """A parameter of ``command`` under an operator's label."""

    def __init__(
        self,
        command: str,
        wire: str,
        label: str,
        help: str = "",
        *,
        required: bool | None = None,
        initial: Any = None,
        choices: Sequence[Offer] | None = None,
        refused: Mapping[str, str] | None = None,
    ):
        params = {param.wire: param for param in registry.get(command).params.values()}
        param = params[wire]
        super().__init__(param, required=required)
        self.label, self.help_text, self.initial = label, help, initial
        if choices is not None:
            self.widget = Options(choices, refused)
        elif isinstance(param, Flag):
            self.widget = Options([("false", "no"), ("true", "yes")])
        elif isinstance(param, Choice):
            self.widget = Options([(one, one) for one in param.choices])
        self.widget.is_required = self.required


class SectionForm(WireForm):
    """The form of one section. Names of its fields are those of parameters, unless ``blames`` says otherwise."""

    blames: Mapping[str, str] = {}
    """Parameter that a command blames → the field that it was made from."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "cs-input")

    def wire(self, *leave: str) -> dict[str, str]:
        """What was filled in, as parameters; fields that are no parameters, and those of ``leave``, are left out."""
        found: dict[str, str] = {}
        for name, field in self.fields.items():
            if isinstance(field, WireField) and name not in leave:
                found.update(self.cleaned_data.get(name) or {})
        return found

    def text(self, name: str) -> str:
        """The value of one field as text, empty when nothing was filled in."""
        value = self.cleaned_data.get(name) or ""
        if isinstance(value, Mapping):
            return str(next(iter(value.values()), ""))
        return str(value)

    def answers(self) -> dict[str, str]:
        """What was typed, for keeping: without secrets, and without what cannot be told from an untouched field."""
        found = {}
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.PasswordInput):
                continue
            value = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            if isinstance(value, bool):
                found[name] = "on" if value else "off"
            elif value:
                found[name] = str(value)[:4096]
        return found

    def blame(self, error: CloudError) -> None:
        """Put what a command refused beside the field that it blames."""
        name = self.blames.get(error.parameter, error.parameter)
        said = error.message
        if error.remedy and said.startswith("Unable to execute API command"):
            said = error.remedy
        if name in self.fields and said.startswith(f"{error.parameter} "):
            said = f"{self.fields[name].label}{said.removeprefix(error.parameter)}"
        self.add_error(name if name in self.fields else None, said)


def initial_of(answers: Mapping[str, str]) -> dict[str, Any]:
    """Kept answers as a form takes them."""
    return {name: {"on": True, "off": False}.get(text, text) for name, text in answers.items()}
