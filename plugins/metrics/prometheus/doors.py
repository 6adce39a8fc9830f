"""Where Prometheus reads. Both doors only read: counters of processes, and texts that lie ready in the cache."""

import gzip
from collections.abc import Callable
from functools import wraps
from itertools import chain

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from cloudstack.plugin.metrics import collectors
from cloudstack.plugin.web import client_address, within
from plugins.metrics.prometheus import own, snapshots, text
from plugins.metrics.prometheus.config import ALLOWED, ENABLED, TOKEN

Door = Callable[[HttpRequest], HttpResponseBase]


def _guarded(door: Door) -> Door:
    @require_safe
    @wraps(door)
    def guard(request: HttpRequest) -> HttpResponseBase:
        if not ENABLED.value():
            return HttpResponse("prometheus.exporter.enable is false\n", status=404, content_type="text/plain")
        if not may_read(request):
            refusal = HttpResponse(
                "metrics need the bearer token, an address of prometheus.exporter.allowed.ips or a staff session\n",
                status=401,
                content_type="text/plain",
            )
            refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refusal
        response = door(request)
        response["Cache-Control"] = "no-store"
        return response

    return guard


@_guarded
def application(request: HttpRequest) -> HttpResponseBase:
    """Counters of the web processes of this machine."""
    response: HttpResponse = ExportToDjangoView(request)
    return response


@_guarded
def cloud(request: HttpRequest) -> HttpResponseBase:
    """Figures of the cloud as they were read last, and the counters of all processes; the same on every machine."""
    readings = snapshots.readings()
    fresh = "".join((*own.of_itself(readings), *own.of_counters()))
    members = snapshots.texts([one for one in collectors() if one.name in readings])
    packed = chain((gzip.compress(fresh.encode(), 1),), members)
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return StreamingHttpResponse(text.unpacked(packed), content_type=text.CONTENT_TYPE)
    response = StreamingHttpResponse(packed, content_type=text.CONTENT_TYPE)
    response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    return response


def may_read(request: HttpRequest) -> bool:
    """By token, by address, or as an administrator who is logged in."""
    return _has_token(request) or _has_address(request) or _is_staff(request)


def _has_token(request: HttpRequest) -> bool:
    """An empty token in the settings opens nothing."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = str(TOKEN.value())
    return bool(wanted) and scheme.lower() == "bearer" and constant_time_compare(given.strip(), wanted)


def _has_address(request: HttpRequest) -> bool:
    return within(client_address(request), ALLOWED.value())


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)
