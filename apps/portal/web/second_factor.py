"""The second factor in the users' pages: at the sign-in, and in one's profile."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from apps.portal.pages.second_factor import SecondFactorPage
from cloudstack.pages.access import page
from cloudstack.pages.frame import frame


class PortalSecondFactorPage(SecondFactorPage):
    """In the clothes of the users' pages."""

    template, own, sign_in, home = "portal/second_factor.html", "portal:second-factor", "portal:sign-in", "portal:home"

    def frame(self, request: HttpRequest, signed_in: bool) -> dict[str, Any]:
        return frame(request) if signed_in else {}


_view = PortalSecondFactorPage()
_of_the_signed_in = page(_view)


def second_factor(request: HttpRequest) -> HttpResponse:
    """Whoever is signed in passes the same checks as on every other page."""
    return _of_the_signed_in(request) if request.user.is_authenticated else _view(request)
