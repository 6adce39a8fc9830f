"""Serializers made from declarations: forms of the browsable API, and schemas of OpenAPI.

They describe; they do not decide. What a client sends is written as the wire has it and goes through the
dispatcher like every other call.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cloudstack.api.base import BaseCmd
from cloudstack.api.dates import parse_date
from cloudstack.api.fields import Children, FieldType, Item, Loaded
from cloudstack.api.jobs import AsyncJobResponse
from cloudstack.api.params import (
    Choice,
    Date,
    Flag,
    Float,
    Int,
    ListOf,
    Long,
    Map,
    MapList,
    Param,
    Ref,
    RefList,
    Secret,
    Str,
    Uuid,
)
from cloudstack.api.planning import PlanResponse
from cloudstack.api.responses import Response
from cloudstack.api.rest.job_results import RESULT, RESULT_HELP
from cloudstack.api.rest.routes import Route
from cloudstack.framework.errors import InvalidParameter

Serializer = type[serializers.Serializer[Any]]
Field = serializers.Field[Any, Any, Any, Any]
EMPTY: Any = ""
"""What an empty list looks like in a line of text; the field's own ``[]`` would be sent back as a member."""
TEXT_LINE: Any = {"base_template": "input.html"}
# Lists begin as "" in forms: written out, an empty list would be sent back as the text "[]".
TEXT_AREA: Any = {"base_template": "textarea.html", "rows": 3}


@extend_schema_field({"type": "boolean"})
class FlagField(serializers.ChoiceField):
    """In forms a flag has three values: what is not sent is left to the command."""


_made: dict[tuple[Any, ...], Serializer] = {}


def _once(key: tuple[Any, ...], name: str, fields: Mapping[str, Any], text: str = "") -> Serializer:
    made: Serializer = type(name, (serializers.Serializer,), {**fields, "__doc__": text})
    return _made.setdefault(key, made)


def request_serializer(command: type[BaseCmd], without: str = "") -> Serializer:
    """The body of a call of ``command``; ``without`` names the parameter that stands in the path."""
    key = ("request", command, without)
    if key in _made:
        return _made[key]
    fields = {param.wire: _request_field(param) for param in command.params.values() if param.wire != without}
    name = f"{command.name[0].upper()}{command.name[1:]}Request"
    return _once(key, name, fields, command.documentation())


def _request_field(param: Param[Any]) -> Field:
    options: dict[str, Any] = {"required": param.required, "help_text": param.help}
    match param:
        case Flag():
            return FlagField(choices=["true", "false"], allow_blank=not param.required, **options)
        case Int() | Long():
            bounds: dict[str, Any] = {"min_value": param.minimum, "max_value": param.maximum}
            return serializers.IntegerField(allow_null=not param.required, **bounds, **options)
        case Float():
            return serializers.FloatField(allow_null=not param.required, **options)
        case Date():
            return serializers.DateTimeField(allow_null=not param.required, **options)
        case Choice():
            return serializers.ChoiceField(choices=list(param.choices), allow_blank=not param.required, **options)
        case Secret():
            style: Any = {"input_type": "password"}
            return serializers.CharField(write_only=True, style=style, max_length=param.max_length, **options)
        case RefList():
            return serializers.ListField(child=serializers.UUIDField(), initial=EMPTY, style=TEXT_LINE, **options)
        case ListOf():
            item = _request_field(_item(param))
            return serializers.ListField(child=item, initial=EMPTY, style=TEXT_LINE, **options)
        case MapList():
            child = serializers.DictField(child=serializers.CharField())
            return serializers.ListField(child=child, style=TEXT_AREA, **options)
        case Map():
            return serializers.DictField(child=serializers.CharField(), style=TEXT_AREA, **options)
        case Ref() | Uuid() if not param.also:
            return serializers.UUIDField(allow_null=not param.required, **options)
        case Str() if param.max_length > 1024:
            return serializers.CharField(
                allow_blank=not param.required, max_length=param.max_length, style=TEXT_AREA, **options
            )
    return serializers.CharField(allow_blank=not param.required, max_length=param.max_length, **options)


def _item(param: ListOf) -> Param[Any]:
    item = param.item
    item.required, item.help = True, item.help
    return item


_names: dict[str, type[Response]] = {}


def response_serializer(response: type[Response]) -> Serializer:
    """An object as ``response`` shows it. Fields are optional: what is not set or not for the caller is left out."""
    key = ("response", response)
    if key in _made:
        return _made[key]
    fields = {wire: _response_field(response, item) for wire, item in response.fields().items()}
    if response is AsyncJobResponse:
        fields[RESULT] = serializers.URLField(read_only=True, help_text=RESULT_HELP)
    name = response.__name__.removesuffix("Response") or response.__name__
    while _names.setdefault(name, response) is not response:
        name += "_"
    return _once(key, name, fields, (response.__doc__ or "").strip())


def _response_field(response: type[Response], item: Item) -> Field:
    options: dict[str, Any] = {"read_only": True, "help_text": item.help}
    inner = item.response if isinstance(item, Children | Loaded) else None
    kind = response.type_of(item)
    if inner is not None and inner is not response:
        many = kind is FieldType.LIST
        return response_serializer(inner)(many=many, **options)
    match kind:
        case FieldType.INT | FieldType.LONG:
            return serializers.IntegerField(**options)
        case FieldType.FLOAT:
            return serializers.FloatField(**options)
        case FieldType.BOOL:
            return serializers.BooleanField(**options)
        case FieldType.DATE:
            return serializers.DateTimeField(**options)
        case FieldType.UUID:
            return serializers.UUIDField(**options)
        case FieldType.MAP | FieldType.OBJECT:
            return serializers.DictField(**options)
        case FieldType.LIST:
            return serializers.ListField(**options)
    return serializers.CharField(**options)


class JobReference(serializers.Serializer[Any]):
    """The job that carries out what was asked for."""

    jobid = serializers.UUIDField(read_only=True)
    job = serializers.URLField(read_only=True, help_text="where the job and, once it has ended, its result are")
    id = serializers.UUIDField(read_only=True, required=False, help_text="the object that is being created")


class Problem(serializers.Serializer[Any]):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField(help_text="kind of the problem, as a URI")
    title = serializers.CharField(help_text="the kind in words")
    status = serializers.IntegerField(help_text="HTTP status")
    detail = serializers.CharField(help_text="what was wrong this time, and what would be right")
    instance = serializers.CharField(help_text="path of the request")
    code = serializers.IntegerField(help_text="error code of the command API")
    cscode = serializers.IntegerField(help_text="finer code of the command API")
    parameter = serializers.CharField(required=False, help_text="the parameter that is to blame")
    value = serializers.CharField(required=False, help_text="what was sent for it")
    remedy = serializers.CharField(required=False, help_text="what would be right")
    objects = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="id and description of the objects that it speaks of"
    )
    requestid = serializers.CharField(help_text="under which the request is logged")


def page_serializer(response: type[Response]) -> Serializer:
    """A page of a list."""
    key = ("page", response)
    if key in _made:
        return _made[key]
    inner = response_serializer(response)
    fields = {
        "count": serializers.IntegerField(read_only=True, help_text="objects on all pages"),
        "next": serializers.URLField(read_only=True, allow_null=True),
        "previous": serializers.URLField(read_only=True, allow_null=True),
        "results": inner(many=True, read_only=True),
    }
    return _once(key, f"{inner.__name__}Page", fields)


def plan_serializer() -> Serializer:
    """What ``plan=true`` answers."""
    key = ("plan",)
    return _made.get(key) or _once(key, "PlanAnswer", {"plan": response_serializer(PlanResponse)(read_only=True)})


def to_wire(route: Route, data: Any) -> dict[str, str]:
    """The body of a request as wire parameters. Raises ``InvalidParameter`` for what the command does not know."""
    if not isinstance(data, Mapping):
        raise InvalidParameter("the body is an object of parameters and their values")
    known = {param.key: param for param in route.command.params.values() if param.wire != route.lookup}
    from_form = isinstance(data, QueryDict)
    wire: dict[str, str] = {}
    for name in data:
        value = data[name]
        param = known.get(str(name).lower())
        if param is None:
            if from_form:
                continue  # the form's own fields, such as the CSRF token
            shown, names = str(name)[:60], ", ".join(param.wire for param in known.values())
            raise InvalidParameter(f"{route.command.name} has no parameter {shown}; it has {names}", parameter=shown)
        if isinstance(data, QueryDict) and isinstance(param, ListOf | RefList):
            # Several of a list arrive one by one.
            value = ",".join(data.getlist(name))
        if value is None or (from_form and value == ""):
            continue
        wire.update(wire_value(param, value))
    return wire


def wire_value(param: Param[Any], value: Any) -> Mapping[str, str]:
    """One value of a body or a query as wire parameters. Raises ``InvalidParameter``."""
    if isinstance(param, Map | MapList):
        return _wire_map(param, value)
    if isinstance(param, ListOf | RefList):
        if isinstance(value, str):
            return {param.wire: value}
        if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
            raise InvalidParameter(f"{param.wire} is a list", parameter=param.wire)
        for item in value:
            if isinstance(item, str) and "," in item:
                raise InvalidParameter(f"an item of {param.wire} cannot hold a comma", parameter=param.wire)
        return param.to_wire(value)
    if isinstance(value, dict | list):
        raise InvalidParameter(f"{param.wire} is a single value", parameter=param.wire)
    if isinstance(param, Flag):
        if str(value).lower() not in ("true", "false"):
            raise InvalidParameter(f"{param.wire} is true or false, not {str(value)[:60]}", parameter=param.wire)
        return {param.wire: str(value).lower()}
    if isinstance(value, bool):
        return {param.wire: str(value).lower()}
    if isinstance(param, Date):
        return {param.wire: _date(value)}
    return {param.wire: str(value)}


def _wire_map(param: Param[Any], value: Any) -> Mapping[str, str]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise InvalidParameter(
                f'{param.wire} is written as JSON: {{"key": "value"}}', parameter=param.wire
            ) from None
    rows = value if isinstance(param, MapList) else [value]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        shape = "a list of objects" if isinstance(param, MapList) else "an object of texts"
        raise InvalidParameter(f"{param.wire} is {shape}", parameter=param.wire)
    for row in rows:
        if any(isinstance(text, dict | list) for text in row.values()):
            raise InvalidParameter(f"{param.wire} holds texts, no further objects", parameter=param.wire)
    return param.to_wire(value)


def _date(value: Any) -> str:
    """What a browser's form sends (``2026-11-23T08:00``) becomes a date of the wire."""
    text = str(value)
    try:
        return parse_date(text).isoformat() if len(text) == 16 else text
    except ValueError:
        return text
