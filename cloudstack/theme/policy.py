"""The content security policy of the admin's pages.

No page of ours has a script in it, and none may. The theme's Alpine evaluates the expressions in its templates'
attributes, for which browsers want ``unsafe-eval``; it sets styles in attributes and the theme's colours stand in a
style element. Everything comes from this server, forms go to it, and no page stands in a frame.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
HEADER = "Content-Security-Policy"


class AdminPolicyMiddleware:
    """Sends the policy with every answer of the admin that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        try:
            ours = request.path.startswith(reverse("admin:index"))
        except NoReverseMatch:
            ours = False
        if ours and HEADER not in response:
            response[HEADER] = POLICY
        return response
