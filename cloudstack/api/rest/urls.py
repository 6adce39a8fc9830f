"""Paths under ``/api/v1/``. Read when all apps are ready, so that every command is registered."""

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.routers import DefaultRouter

from cloudstack.api import registry
from cloudstack.api.http import request_id
from cloudstack.api.rest.errors import MEDIA_TYPE, NotFound, problem
from cloudstack.api.rest.routes import Route, derive
from cloudstack.api.rest.stream import StreamView
from cloudstack.api.rest.views import IndexView, RedocView, SchemaView, SwaggerView
from cloudstack.api.rest.viewsets import build
from cloudstack.framework.context import calling


class CommandRouter(DefaultRouter):
    """Paths without a trailing slash; the root lists the resources."""

    include_format_suffixes = False

    def __init__(self, table: dict[str, list[Route]]) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)
        self.APIRootView = type("IndexView", (IndexView,), {"table": table})
        for resource, routes in table.items():
            self.register(resource, build(resource, routes), basename=resource)


@csrf_exempt
def nowhere(request: HttpRequest) -> JsonResponse:
    """What no route takes is answered in the form of all other errors."""
    correlation = request_id(request)
    with calling(None, correlation):
        body = problem(NotFound(f"there is nothing at {request.path[:200]}"), path=request.path)
    response = JsonResponse(body, status=404, content_type=MEDIA_TYPE)
    response["X-Request-Id"] = correlation
    return response


def router() -> CommandRouter:
    """A router over all commands that are registered now."""
    return CommandRouter(derive(registry.all()))


def patterns() -> list[URLPattern | URLResolver]:
    """All paths of REST for the commands that are registered now."""
    return [
        path("schema", SchemaView.as_view(), name="schema"),
        path("docs", SwaggerView.as_view(url_name="schema"), name="docs"),
        path("redoc", RedocView.as_view(url_name="schema"), name="redoc"),
        path("stream", StreamView.as_view(), name="stream"),
        *router().urls,
        re_path(r"^.*$", nowhere),
    ]


urlpatterns = patterns()
