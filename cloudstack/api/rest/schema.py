"""The OpenAPI document, from the same declarations."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.serializers import ListSerializer

from cloudstack.api.fields import FieldType
from cloudstack.api.http import IDEMPOTENCY_HEADER
from cloudstack.api.options import IDEMPOTENCY_KEY, PLAN, options_of
from cloudstack.api.params import Map, MapList, Param
from cloudstack.api.responses import SuccessResponse
from cloudstack.api.rest.errors import MEDIA_TYPE as PROBLEM_TYPE
from cloudstack.api.rest.routes import Route, is_array, is_creation
from cloudstack.api.rest.serializers import (
    JobReference,
    Problem,
    page_serializer,
    plan_serializer,
    request_serializer,
    response_serializer,
)

_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "date": {"type": "string", "format": "date-time"},
    "list": {"type": "array", "items": {"type": "string"}},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
}


class CommandSchema(AutoSchema):
    """Describes a route by its command instead of guessing from the view."""

    @property
    def route(self) -> Route:
        view: Any = self.view
        route: Route = view.routes[view.action]
        return route

    def get_operation_id(self) -> str:
        return self.route.operation

    def get_description(self) -> str:  # type: ignore[override]  # as AutoSchema itself has it
        return self.route.command.documentation()

    def get_summary(self) -> str:
        return self.route.command.documentation().split(". ")[0].rstrip(".")

    def get_tags(self) -> list[str]:
        return [self.route.resource]

    def _is_list_view(self, serializer: Any = None) -> bool:
        # Pages are described by serializers of their own.
        return isinstance(serializer, ListSerializer)

    def _get_paginator(self) -> Any:
        # Pages are described by serializers of their own; a plain array stands for itself.
        return None

    def get_override_parameters(self) -> list[Any]:
        route = self.route
        found = []
        if route.detail:
            text = "UUID of the object" if route.lookup == "id" else f"fills {route.lookup}"
            found.append(OpenApiParameter("uuid", _TYPES["uuid"], OpenApiParameter.PATH, description=text))
        if route.method == "GET" and not route.retrieve:
            found += [
                query_parameter(param)
                for param in route.command.params.values()
                if param.wire != route.lookup and not isinstance(param, Map | MapList)
            ]
        options = options_of(route.command)
        found += [query_parameter(param) for param in options]
        if options:
            text = f"the same as {IDEMPOTENCY_KEY.wire}"
            found.append(
                OpenApiParameter(IDEMPOTENCY_HEADER, _TYPES["string"], OpenApiParameter.HEADER, description=text)
            )
        return found

    def get_request_serializer(self) -> Any:
        route = self.route
        if route.method not in ("POST", "PATCH"):
            return None
        serializer = request_serializer(route.command, route.lookup)
        return serializer if serializer._declared_fields else None

    def get_response_serializers(self) -> Any:
        good = self._good()
        if PLAN in options_of(self.route.command):
            # Where the command itself answers 200, plan=true answers PlanAnswer in its place.
            good.setdefault(200, plan_serializer())
        if self.route.retrieve:
            good[304] = OpenApiResponse(description="It is as the header If-None-Match says.")
        return {**good, ("default", PROBLEM_TYPE): Problem}

    def _good(self) -> dict[Any, Any]:
        route, command = self.route, self.route.command
        if command.is_async:
            return {202: JobReference}
        if issubclass(command.response, SuccessResponse):
            return {204: None} if route.method == "DELETE" else {200: response_serializer(SuccessResponse)}
        if command.is_list and not route.retrieve:
            return {200: page_serializer(command.response)}
        serializer = response_serializer(command.response)
        return {201 if is_creation(route) else 200: serializer(many=True) if is_array(route) else serializer}


def query_parameter(param: Param[Any]) -> OpenApiParameter:
    schema: dict[str, Any] = dict(_TYPES.get(param.type_name, _TYPES["string"]))
    choices = getattr(param, "choices", None)
    if choices:
        schema["enum"] = list(choices)
    if param.default is not None and isinstance(param.default, str | int | float | bool):
        schema["default"] = param.default
    return OpenApiParameter(
        param.wire,
        schema,
        OpenApiParameter.QUERY,
        required=param.required,
        description=param.help,
        style="form" if param.type_name == FieldType.LIST else None,
        explode=False if param.type_name == FieldType.LIST else None,
    )
