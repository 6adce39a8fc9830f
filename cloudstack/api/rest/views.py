"""What all views of REST have in common, and those that belong to no resource."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import APIRootView

from cloudstack.api import authentication, guard
from cloudstack.api.addresses import client_address
from cloudstack.api.http import request_id
from cloudstack.api.rest.authentication import AUTHENTICATION, caller_behind
from cloudstack.api.rest.browsable import FormRenderer
from cloudstack.api.rest.errors import handle
from cloudstack.api.rest.rendering import FastJSONRenderer
from cloudstack.api.rest.routes import Route
from cloudstack.framework.context import Caller, calling, correlation_id


class Answering:
    """Mixed into views: every answer has the id of its request, every error is a problem."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with calling(None, request_id(request)):
            response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            response["X-Request-Id"] = correlation_id()
            return response

    def get_exception_handler(self) -> Callable[..., Response]:
        return handle


class IndexRenderer(FormRenderer):
    """The first page for people."""

    template = "rest/index.html"

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> dict[str, Any]:
        context = super().get_context(data, accepted_media_type, renderer_context)
        view, caller = context["view"], context["caller"]
        if caller is None or context["problem"]:
            return context
        return context | {"resources": view.resources_for(caller, data), "commands": view.commands_for(caller)}


class IndexView(Answering, APIRootView):
    """Where the resources are."""

    authentication_classes = AUTHENTICATION
    renderer_classes = (FastJSONRenderer, IndexRenderer)
    caller: Caller | None = None
    table: ClassVar[dict[str, list[Route]]] = {}
    """Resource → its routes."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.caller = caller_behind(request)
        guard.admit(self.caller, client_address(request._request))

    def resources_for(self, caller: Caller, data: dict[str, str]) -> list[tuple[str, str]]:
        """Name and address of those that the caller may list."""
        lists = {
            name: route.command
            for name, routes in self.table.items()
            for route in routes
            if route.method == "GET" and not route.action and not route.detail
        }
        return [
            (name, url)
            for name, url in data.items()
            if name in lists and authentication.is_allowed(caller, lists[name])
        ]

    def commands_for(self, caller: Caller) -> list[tuple[str, str, str]]:
        """Name, address and meaning of what has a place of its own beside the resources."""
        found = []
        for name, routes in self.table.items():
            if any(not route.action for route in routes):
                continue
            for route in routes:
                if not route.detail and authentication.is_allowed(caller, route.command):
                    url = reverse(f"{name}-{route.action}", request=self.request)
                    found.append((route.action, url, route.command.documentation()))
        return found


class SchemaView(Answering, SpectacularAPIView):
    """The OpenAPI document."""


class SwaggerView(Answering, SpectacularSwaggerView):
    """The OpenAPI document as pages on which calls can be tried."""


class RedocView(Answering, SpectacularRedocView):
    """The OpenAPI document as one page to read."""
