"""``/metrics`` for Prometheus: for root admins who are logged in, and for whoever has the token of the settings."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters of this portal's web processes; 401 for strangers, without a word about what would be here."""
    if not (_has_token(request) or _is_staff(request)):
        refusal = HttpResponse(
            "metrics need the bearer token or a staff session\n", status=401, content_type="text/plain"
        )
        refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    response: HttpResponse = ExportToDjangoView(request)
    response["Cache-Control"] = "no-store"
    return response


def _has_token(request: HttpRequest) -> bool:
    """An empty token in the settings opens nothing."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted: str = settings.METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and constant_time_compare(given.strip(), wanted)


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)
