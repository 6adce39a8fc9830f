"""The OpenAPI document, from the same declarations."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
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
        if self.route.retrieve:
            return f"{self.get_summary()}, as {self.route.command.name} does."
        return self.route.command.documentation()

    def get_summary(self) -> str:
        if self.route.retrieve:
            return f"Shows one of {self.route.resource} by its id"
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
            found.append(header(IDEMPOTENCY_HEADER, text))
        return found + self._headers()

    def _headers(self) -> list[OpenApiParameter]:
        """Headers beside the parameters, those of answers too."""
        view: Any = self.view
        route, codes = self.route, list(self._good())
        tagged = any(one.retrieve for one in view.routes.values())
        found = []
        if route.retrieve:
            found += [
                header("If-None-Match", "entity tags that the caller knows: then the answer is 304"),
                header("ETag", "tag of the object as it is now", [200, 304]),
            ]
        elif route.detail and route.method != "GET" and tagged:
            found.append(header("If-Match", "entity tag of the object as it was read; 412 if it is another"))
        if 202 in codes:
            found.append(header("Location", "where the job is", [202]))
        elif 201 in codes and tagged:
            found.append(header("Location", "where the object is read", [201]))
        if route.command.is_list and not route.retrieve:
            found.append(header("Link", "the pages before and behind (RFC 8288), where there are any", [200]))
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
            good.setdefault(200, OpenApiResponse(plan_serializer(), description="With plan=true: what would be done."))
        if self.route.retrieve:
            good[304] = OpenApiResponse(description="It is as the header If-None-Match says.")
        problem = OpenApiResponse(Problem, description="It was not done.", examples=[PROBLEM])
        return {**good, ("default", PROBLEM_TYPE): problem}

    def _good(self) -> dict[Any, Any]:
        route, command = self.route, self.route.command
        if command.is_async:
            return {202: OpenApiResponse(JobReference, description="Accepted: a job does it.", examples=[JOB])}
        if issubclass(command.response, SuccessResponse):
            if route.method == "DELETE":
                return {204: OpenApiResponse(description="It is gone.")}
            return {200: OpenApiResponse(response_serializer(SuccessResponse), description="It is done.")}
        if command.is_list and not route.retrieve:
            return {200: OpenApiResponse(page_serializer(command.response), description="A page of the list.")}
        serializer = response_serializer(command.response)
        if is_creation(route):
            return {201: OpenApiResponse(serializer, description="What was made.")}
        many = is_array(route)
        text = "The objects." if many else "The object."
        return {200: OpenApiResponse(serializer(many=True) if many else serializer, description=text)}


JOB = OpenApiExample(
    "A job",
    value={
        "jobid": "3f1c2f0e-4d53-4f0e-9d2e-6a1d6a2f4c11",
        "job": "https://cloud.example.org/api/v1/jobs/3f1c2f0e-4d53-4f0e-9d2e-6a1d6a2f4c11",
    },
    response_only=True,
    status_codes=["202"],
)
PROBLEM = OpenApiExample(
    "A parameter is missing",
    value={
        "type": "urn:cloudstack:problem:invalid-parameter",
        "title": "A parameter has a value that is not possible.",
        "status": 400,
        "detail": "Unable to execute API command createzone due to missing parameter name",
        "instance": "/api/v1/zones",
        "code": 431,
        "cscode": 4350,
        "requestid": "e1c47ccfc2354398b424ac40bcca47c6",
        "parameter": "name",
        "remedy": "name (string): name of the zone",
    },
    response_only=True,
)


def header(name: str, text: str, answers: list[int] | None = None) -> OpenApiParameter:
    """A header of requests, or of the answers with these codes."""
    codes: Any = answers or False
    return OpenApiParameter(name, _TYPES["string"], OpenApiParameter.HEADER, description=text, response=codes)


def with_tags(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Name the tags once at the top, as tools that make pages and clients want it."""
    used = {
        tag
        for methods in result["paths"].values()
        for operation in methods.values()
        for tag in operation.get("tags", ())
    }
    result["tags"] = [{"name": tag} for tag in sorted(used)]
    return result


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
