"""Viewsets made from routes: each method dispatches one command for the authenticated caller."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import orjson
from django.db import transaction
from django.db.models import Model
from django.utils.http import parse_etags, quote_etag
from rest_framework import viewsets
from rest_framework.decorators import action as extra_action
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from cloudstack.api import guard
from cloudstack.api.addresses import client_address
from cloudstack.api.dispatcher import Result
from cloudstack.api.dispatcher import dispatch as run_command
from cloudstack.api.http import IDEMPOTENCY_HEADER
from cloudstack.api.jobs import AsyncJobResponse
from cloudstack.api.options import IDEMPOTENCY_KEY, options_of
from cloudstack.api.params import Ref
from cloudstack.api.responses import SuccessResponse
from cloudstack.api.rest.authentication import AUTHENTICATION, caller_behind
from cloudstack.api.rest.browsable import FormRenderer
from cloudstack.api.rest.errors import NotFound, PreconditionFailed
from cloudstack.api.rest.filters import Call, CommandFilterBackend, read_query
from cloudstack.api.rest.job_results import complete
from cloudstack.api.rest.metadata import CommandMetadata
from cloudstack.api.rest.moments import in_rfc3339
from cloudstack.api.rest.pagination import CommandPagination
from cloudstack.api.rest.parsers import PARSERS
from cloudstack.api.rest.rendering import FastJSONRenderer
from cloudstack.api.rest.routes import Route, is_array, is_creation
from cloudstack.api.rest.schema import CommandSchema
from cloudstack.api.rest.serializers import request_serializer, to_wire
from cloudstack.api.rest.views import Answering
from cloudstack.framework.context import Caller, calling, correlation_id
from cloudstack.framework.errors import CloudError, InvalidParameter


def etag_of(body: dict[str, Any]) -> str:
    """A strong entity tag of an object as its reader sees it."""
    return quote_etag(hashlib.sha256(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)).hexdigest()[:32])


class ResourceViewSet(Answering, viewsets.ViewSet):
    """One resource. ``routes``: name of the method → route."""

    routes: ClassVar[dict[str, Route]] = {}
    resource: ClassVar[str] = ""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    parser_classes = PARSERS
    renderer_classes = (FastJSONRenderer, FormRenderer)
    filter_backends = (CommandFilterBackend,)
    metadata_class = CommandMetadata
    pagination_class = CommandPagination
    schema = CommandSchema()
    lookup_field = "uuid"
    lookup_value_converter = "str"

    caller: Caller | None = None
    paginator: CommandPagination | None = None

    @property
    def route(self) -> Route | None:
        return self.routes.get(getattr(self, "action", None) or "")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.caller = caller_behind(request)
        guard.admit(self.caller, client_address(request._request))

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """An action is only sent. Whoever opens its address in a browser gets the form to send."""
        if request.method == "GET" and request.accepted_renderer.format == FormRenderer.format:
            return Response({})
        raise MethodNotAllowed(str(request.method))

    def reverse_root(self) -> str:
        return reverse("api-root", request=self.request)

    def get_view_name(self) -> str:
        route = self.route
        return route.command.name if route else self.resource

    def get_view_description(self, html: bool = False) -> str:
        route = self.route
        return route.command.documentation() if route else ""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Serializer[Any]:
        """The form of the browsable API."""
        route = self.route
        cls: type[Serializer[Any]] = request_serializer(route.command, route.lookup) if route else Serializer
        return cls(*args, **kwargs)

    def perform(self, request: Request, uuid: str | None = None) -> Response:
        """Carry out the command of the current route."""
        route, caller = self.route, self.caller
        if route is None or caller is None:
            raise NotFound
        with calling(caller, correlation_id()):
            params = {**self.called_with(request, route), **self.parameters(request, route)}
            if route.detail:
                params[route.lookup] = str(uuid)
            provided = partial(self.as_seen, request, route, uuid)
            try:
                result = run_command(route.command.name, params, caller, door="rest", provided=provided)
            except InvalidParameter as error:
                if route.detail and error.parameter == route.lookup:
                    raise NotFound(error.message, parameter=error.parameter) from None
                raise
            return self.respond(request, route, result)

    def parameters(self, request: Request, route: Route) -> dict[str, str]:
        """What the command gets: the query of a GET, or of a DELETE without a body; else the body."""
        if route.method == "DELETE" and not request.data:
            return dict(read_query(request, route).params)
        if route.method != "GET":
            return to_wire(route, request.data)
        call = Call(route.command)
        for backend in self.filter_backends:
            call = backend().filter_queryset(request, call, self)
        if not is_page(route):
            return dict(call.params)
        self.paginator = CommandPagination()
        return {**call.params, **self.paginator.wire(request)}

    def called_with(self, request: Request, route: Route) -> dict[str, str]:
        """What any changing command takes beside its parameters: in the query or, for the key, as a header."""
        wires = [param.wire for param in options_of(route.command)]
        sent = {wire: str(request.query_params[wire]) for wire in wires if wire in request.query_params}
        key = request.headers.get(IDEMPOTENCY_HEADER)
        return {IDEMPOTENCY_KEY.wire: key, **sent} if key is not None else sent

    def retrieved(self, request: Request, body: dict[str, Any]) -> Response:
        """One object with its tag; 304 for whoever knows it as it is."""
        tag = etag_of(body)
        # Compared weakly: caches on the way may have taken the tag for a weak one.
        known = [one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))]
        if tag in known or known == ["*"]:
            return Response(status=304, headers={"ETag": tag})
        return Response(body, headers={"ETag": tag})

    @contextmanager
    def as_seen(self, request: Request, route: Route, uuid: str | None) -> Iterator[None]:
        """``If-Match``: the object is as the caller has seen it, and its row is locked while the command changes it.

        Raises ``PreconditionFailed``.
        """
        wanted = request.headers.get("If-Match")
        lookup = next((one for one in self.routes.values() if one.retrieve), None)
        if wanted is None or not route.detail or route.method == "GET" or lookup is None or self.caller is None:
            yield
            return
        with transaction.atomic():
            if (model := _model_of(route)) is not None:
                model._base_manager.select_for_update().filter(uuid=uuid).values_list("pk").first()
            rows = run_command(lookup.command.name, {"id": str(uuid)}, self.caller, door="rest").rows or []
            tag = etag_of(in_rfc3339(lookup.command.response, rows[0])) if rows else ""
            if not rows or (wanted.strip() != "*" and tag not in parse_etags(wanted)):
                raise PreconditionFailed(f"{route.resource} {uuid} is not as If-Match says; read it again")
            yield

    def respond(self, request: Request, route: Route, result: Result) -> Response:
        headers = {"Idempotency-Replayed": "true"} if result.replayed else {}
        if result.planned:
            return Response(result.body)
        for row in result.rows or ():
            in_rfc3339(result.command.response, row)
        if result.job_uuid:
            url = reverse("jobs-detail", kwargs={"uuid": result.job_uuid}, request=request)
            headers |= {"Location": url, "Link": f'<{url}>; rel="monitor"'}
            return Response({**result.body, "job": url}, status=202, headers=headers)
        if route.retrieve:
            if not result.rows:
                raise NotFound(f"there is nothing with this id in {route.resource}, or nothing that you may see")
            return self.retrieved(request, result.rows[0])
        answer = self._answer(request, route, result)
        if answer.status_code == 201 and (url := self._address_of(answer.data)):
            answer["Location"] = url
        for name, text in headers.items():
            answer[name] = text
        return answer

    def _address_of(self, body: Any) -> str:
        """Where the object of an answer is read."""
        uuid = body.get("id") if isinstance(body, dict) else None
        if not uuid or not any(route.retrieve for route in self.routes.values()):
            return ""
        return str(self.reverse_action("detail", kwargs={"uuid": uuid}))

    def _answer(self, request: Request, route: Route, result: Result) -> Response:
        if result.rows is not None:
            if self.paginator is not None:
                return self.paginator.respond(request, result)
            if is_array(route) or result.command.is_list:
                return Response(result.rows)
            return Response(result.rows[0], status=201 if is_creation(route) else 200)
        cls = result.command
        if issubclass(cls.response, SuccessResponse):
            if not result.body.get("success"):
                raise CloudError(result.body.get("displaytext") or f"{cls.name} was not carried out")
            return Response(status=204) if route.method == "DELETE" else Response(result.body)
        body = in_rfc3339(cls.response, result.body if cls.bare else result.body[cls.object_name])
        if cls.response is AsyncJobResponse:
            complete(body, request)
        return Response(body, status=201 if is_creation(route) else 200)


def _model_of(route: Route) -> type[Model] | None:
    """What the route's command changes, where its parameter says so."""
    for param in route.command.params.values():
        if param.wire == route.lookup and isinstance(param, Ref):
            return param.model
    return None


def is_page(route: Route) -> bool:
    """Whether the answer is a page of a list."""
    return route.command.is_list and route.method == "GET" and not route.retrieve


_METHOD_NAMES = {
    ("GET", False): "list",
    ("GET", True): "retrieve",
    ("POST", False): "create",
    ("PATCH", True): "partial_update",
    ("DELETE", True): "destroy",
}


def build(resource: str, routes: list[Route]) -> type[ResourceViewSet]:
    """The viewset of one resource."""
    table: dict[str, Route] = {}
    members: dict[str, Any] = {"routes": table, "resource": resource}
    for route in sorted(routes, key=lambda route: (route.action, route.method)):
        name = _METHOD_NAMES.get((route.method, route.detail)) if not route.action else None
        if name is None:
            action = route.action or route.command.name
            name = f"do_{action.replace('-', '_')}_{'one' if route.detail else 'all'}_{route.method.lower()}"
            methods: Any = [route.method.lower()]
            decorate = extra_action(detail=route.detail, methods=methods, url_path=action, url_name=action)
            members[name] = decorate(_handler(name))
        else:
            members[name] = _handler(name)
        table[name] = route
    title = "".join(part.capitalize() for part in resource.split("-"))
    return type(f"{title}ViewSet", (ResourceViewSet,), members)


def _handler(name: str) -> Callable[..., Response]:
    def handler(self: ResourceViewSet, request: Request, uuid: str | None = None, **kwargs: Any) -> Response:
        return self.perform(request, uuid)

    handler.__name__ = name
    return handler
