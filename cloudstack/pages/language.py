"""The language of the users' pages. The API and the admin speak English, whatever a browser would like."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from cloudstack.pages.policy import is_page


class PagesLanguageMiddleware(LocaleMiddleware):
    """Django's choice of a language (cookie, then browser) for the users' pages only."""

    def process_request(self, request: HttpRequest) -> None:
        if is_page(request):
            super().process_request(request)
        else:
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return super().process_response(request, response) if is_page(request) else response
