"""The icon for pages that name none, such as those of the browsable API."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static


def favicon(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(static("cloudstack/icon.svg"))
