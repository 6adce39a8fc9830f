"""Flower's pages about workers and queues, behind the portal's own login.

Flower listens on loopback and asks for a password that only the portal knows. What it is asked for comes from here: by
GET, from a root admin, for the pages that are listed, and it is started so that it changes nothing.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.contrib import admin
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from apps.portal.pages.access import unrestricted_caller
from cloudstack.theme.policy import HEADER

PATIENCE_S = 10.0
"""Flower itself waits a second for what workers say."""
LARGEST_PAGE = 8 * 1024 * 1024
CHUNK = 64 * 1024
OPEN = re.compile(
    r"|workers|worker/[^/]+|tasks|tasks/datatable|task/[^/]+|broker|api/workers|static/[\w.-]+(/[\w.-]+)*"
)
"""What may be read below the prefix; no address among them changes anything."""
TABLE = "tasks/datatable"
ASKED = {"Accept": "Accept", "If-None-Match": "If-None-Match", "If-Modified-Since": "If-Modified-Since"}
ANSWERED = ("Content-Type", "Content-Length", "ETag", "Last-Modified")
INLINE = tuple(f"\nvar autorefresh = {value};\n" for value in (1, 0))
"""The one script that stands in a page of Flower's; any other stays forbidden."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' "
        + " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in INLINE),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
BRAND = b'<ul class="app-nav navbar-nav">'


class FlowerAway(Exception):
    """Flower does not answer; the message says what was tried."""


def flower(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """Hand the request on to Flower and its answer back; GET and HEAD only, for root admins without restriction."""
    unrestricted_caller(request)
    reading = ("GET", "HEAD", "POST") if rest == TABLE else ("GET", "HEAD")
    if request.method not in reading:
        # Jobs are cancelled on their own pages; what workers are doing is not to be changed behind the jobs' backs.
        return HttpResponseNotAllowed(reading)
    if not OPEN.fullmatch(rest) or ".." in rest.split("/"):
        raise Http404(f"Flower has no page {rest}, or it is not handed on")
    try:
        return _handed_on(request)
    except FlowerAway as away:
        context = {
            **admin.site.each_context(request),
            "title": "Workers and queues",
            "configured": bool(settings.FLOWER_SECRET_URL),
            "why": str(away),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/cloud_flower.html", context, status=503, headers=headers)


@csrf_exempt
def flower_tasks(request: HttpRequest) -> HttpResponseBase:
    """The rows of the table of tasks: Flower's script asks for them by POST, because its questions are long.

    It is a reading all the same, and the one POST that is handed on; it carries no token of ours and needs none.
    """
    return flower(request, TABLE)


def _handed_on(request: HttpRequest) -> HttpResponseBase:
    connection, answer = _ask(request)
    kind = answer.getheader("Content-Type", "")
    location = answer.getheader("Location", "")
    if 300 <= answer.status < 400 and answer.status != 304:
        connection.close()
        # Flower leads to pages of its own only.
        return _dressed(HttpResponse(status=302, headers={"Location": _own(location)}), request)
    made: HttpResponseBase
    if kind.startswith("text/html"):
        try:
            page = answer.read(LARGEST_PAGE + 1)
        except (OSError, HTTPException) as error:
            raise FlowerAway(f"Flower broke off: {error}") from error
        finally:
            connection.close()
        if len(page) > LARGEST_PAGE:
            raise FlowerAway(f"Flower's page is longer than {LARGEST_PAGE} bytes")
        made = HttpResponse(page.replace(BRAND, BRAND + _way_back(), 1), status=answer.status, content_type=kind)
        return _dressed(made, request)
    if request.method == "HEAD":
        connection.close()
        made = HttpResponse(status=answer.status)
    else:
        made = StreamingHttpResponse(_chunks(connection, answer), status=answer.status)
    for name in ANSWERED:
        if (value := answer.getheader(name)) is not None:
            made[name] = value
    return _dressed(made, request)


def _ask(request: HttpRequest) -> tuple[HTTPConnection, HTTPResponse]:
    """Raises ``FlowerAway``. The path goes as it came, quoted anew; neither cookies nor passwords of the asker do."""
    address = urlsplit(settings.FLOWER_SECRET_URL)
    if address.scheme != "http" or not address.hostname:
        raise FlowerAway("no Flower is known to the portal")
    credentials = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
    headers = {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}", "Connection": "close"}
    headers |= {theirs: request.headers[ours] for ours, theirs in ASKED.items() if ours in request.headers}
    query = request.META.get("QUERY_STRING", "")
    # urlsplit would take a fragment or a scheme out of it; this goes into one line of a request.
    target = quote(request.path, safe="/@:~") + (f"?{quote(query, safe='=&%+;/?:@,~[]')}" if query else "")
    connection = HTTPConnection(address.hostname, address.port or 5555, timeout=PATIENCE_S)
    try:
        if request.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            connection.request("POST", target, body=request.body, headers=headers)
        else:
            connection.request("GET", target, headers=headers)
        return connection, connection.getresponse()
    except (OSError, HTTPException) as error:
        connection.close()
        raise FlowerAway(f"nobody answers on {address.hostname} port {address.port}: {error}") from error


def _chunks(connection: HTTPConnection, answer: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := answer.read(CHUNK):
            yield chunk
    finally:
        connection.close()


def _own(location: str) -> str:
    """Where Flower leads to, if that is one of its own pages; else its first one."""
    home = reverse("admin:cloud_flower")
    path = urlsplit(location)
    return f"{path.path}{'?' + path.query if path.query else ''}" if path.path.startswith(home) else home


def _way_back() -> bytes:
    jobs = reverse("admin:jobs_asyncjob_changelist")
    return f'<li class="nav-item"><a class="nav-link" href="{jobs}">← Jobs of the portal</a></li>'.encode()


def _dressed(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    response[HEADER] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    # Its files carry a fingerprint in their addresses; pages tell of this moment.
    fingerprinted = "/static/" in request.path and "v" in request.GET and response.status_code == 200
    response["Cache-Control"] = "private, max-age=86400" if fingerprinted else "no-store"
    return response
