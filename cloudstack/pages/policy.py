"""The content security policy of the users' pages: nothing but this server's own files, no script in a page."""

from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.urls.exceptions import Resolver404

_DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
)


def policy(*, forms_to: Iterable[str] = ()) -> str:
    """The policy; ``forms_to`` are further origins to which the answer to a form may lead the browser."""
    return "; ".join((*_DIRECTIVES, " ".join(("form-action 'self'", *forms_to))))


POLICY = policy()
HEADER = "Content-Security-Policy"
NAMESPACE = "portal"


class PagesPolicyMiddleware:
    """Sends the policy with every page of the name space ``portal`` that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if HEADER not in response and is_page(request):
            response[HEADER] = POLICY
        return response


def is_page(request: HttpRequest) -> bool:
    """Whether the address is one of the users' pages."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return False
    return NAMESPACE in match.namespaces
