"""Filters of lists: a FilterSet of django-filter for each reading command, made from its parameters.

The FilterSet reads and checks the query and gives the form of the browsable API. What it filters is no queryset but
the call: each filter adds its parameter. The rows are then found by the command itself, in the caller's scope, as
for every other door.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import django_filters
from django.db.models import Model
from django.utils.datastructures import MultiValueDict
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from cloudstack.api.base import BaseCmd
from cloudstack.api.options import options_of
from cloudstack.api.params import ListOf, Param, RefList
from cloudstack.api.rest.forms import WireField, WireForm, form_class, hide_from
from cloudstack.api.rest.pagination import AFTER
from cloudstack.api.rest.routes import Route
from cloudstack.framework.errors import InvalidParameter

RESERVED_QUERY = frozenset({"format"})
PAGING = frozenset({"page", "pagesize", AFTER})
"""Parameters that the links between pages set."""


@dataclass(frozen=True)
class Call:
    """A reading command with its parameters: stands where django-filter has a queryset."""

    command: type[BaseCmd]
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> type[Model] | None:
        return self.command.response.model

    def all(self) -> "Call":
        return self

    def having(self, params: Mapping[str, str]) -> "Call":
        return Call(self.command, {**self.params, **params}) if params else self


class ParamFilter(django_filters.Filter):  # type: ignore[misc]
    """The filter of one parameter."""

    def __init__(self, param: Param[Any]):
        super().__init__(field_name=param.wire, label=param.wire)
        self.param = param

    def __deepcopy__(self, memo: Any) -> "ParamFilter":
        return copy.copy(self)

    @property
    def field(self) -> WireField:
        return WireField(self.param)

    def filter(self, call: Call, value: Mapping[str, str]) -> Call:
        return call.having(value)


class CommandFilterSet(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of one command; ``command`` and ``form_type`` are set in the class that is made for it."""

    command: ClassVar[type[BaseCmd]]
    form_type: ClassVar[type[WireForm]]

    def __init__(self, data: Any = None, queryset: Any = None, *, request: Any = None, prefix: str | None = None):
        known = {param.key: param for param in self.command.params.values()}
        self.indexed: dict[str, str] = {}
        """Parts of maps, written ``tags[0].key``."""
        self.unknown: list[str] = []
        sent: MultiValueDict[str, str] = MultiValueDict()
        for name, values in data.lists() if data is not None else ():
            base, bracket, _ = name.partition("[")
            if base.lower() not in known or (bracket and not known[base.lower()].takes_map):
                if name not in RESERVED_QUERY | {option.wire for option in options_of(self.command)}:
                    self.unknown.append(name)
            elif bracket:
                self.indexed[name] = values[-1]
            else:
                param = known[name.lower()]
                many = isinstance(param, ListOf | RefList)
                sent[param.wire] = ",".join(values) if many else values[-1]
        super().__init__(sent, queryset, request=request, prefix=prefix)

    @property
    def form(self) -> WireForm:
        if not hasattr(self, "_form"):
            self._form = self.form_type(self.data, auto_id="filter_%s")
            if self.request is not None and (caller := getattr(self.request, "command_caller", None)):
                hide_from(self._form, caller)
        return self._form

    def filter_queryset(self, queryset: Call) -> Call:
        for name, value in self.form.cleaned_data.items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset.having(self.indexed)

    def mistake(self) -> InvalidParameter | None:
        """What is wrong with the query, if anything."""
        if self.unknown:
            name = self.unknown[0][:60]
            known = ", ".join(sorted(param.key for param in self.command.params.values()))
            return InvalidParameter(f"{self.command.name} has no parameter {name}; it has {known}", parameter=name)
        for name, errors in self.errors.as_data().items():
            param, error = self.filters[name].param, errors[0]
            if error.code == "required" and self.indexed:
                continue  # the command says whether the map is all that it needs
            text = str(error.message)
            if error.code == "required":
                return InvalidParameter(f"{self.command.name} needs the parameter {name}", parameter=name)
            shown = "****" if param.secret else str(self.data.get(name, ""))[:80]
            return InvalidParameter(
                f"{shown} is not possible for {name}: {text}", parameter=name, value=shown, remedy=text
            )
        return None


_made: dict[tuple[type[BaseCmd], str], type[CommandFilterSet]] = {}


def filterset_of(command: type[BaseCmd], without: str = "") -> type[CommandFilterSet]:
    """The FilterSet of a command; ``without`` names the parameter that stands in the path."""
    key = (command, without)
    if key not in _made:
        params = [param for param in command.params.values() if param.wire != without]
        members: dict[str, Any] = {param.wire: ParamFilter(param) for param in params}
        name = f"{command.name[0].upper()}{command.name[1:]}Filter"
        members |= {"command": command, "form_type": form_class(params, f"{name}Form")}
        _made[key] = type(name, (CommandFilterSet,), members)
    return _made[key]


class CommandFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """DRF's filter backend of all routes that read."""

    filterset_base = CommandFilterSet

    def get_filterset_class(self, view: Any, queryset: Any = None) -> type[CommandFilterSet] | None:
        route = view.route
        return filterset_of(route.command, route.lookup) if route is not None and route.method == "GET" else None

    def get_filterset_kwargs(self, request: Request, queryset: Any, view: Any) -> dict[str, Any]:
        request.command_caller = view.caller  # type: ignore[attr-defined]
        return {"data": request.query_params, "queryset": queryset, "request": request}

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if mistake := filterset.mistake():
            raise mistake
        return filterset.qs


def read_query(request: Request, route: Route) -> Call:
    """The query of a command that changes something. Raises ``InvalidParameter``, also for unknown names."""
    filterset = filterset_of(route.command, route.lookup)(request.query_params, Call(route.command), request=request)
    if mistake := filterset.mistake():
        raise mistake
    found: Call = filterset.qs
    return found
