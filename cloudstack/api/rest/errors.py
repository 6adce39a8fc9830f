"""Errors of REST: problem details (RFC 9457) with HTTP's own status codes."""

import re
from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from cloudstack.api.errors import presentable, problem_of
from cloudstack.api.rest.browsable import FormRenderer
from cloudstack.api.rest.rendering import FastJSONRenderer
from cloudstack.framework.context import correlation_id
from cloudstack.framework.errors import (
    BadRequest,
    CloudError,
    InternalError,
    MethodNotAllowed,
    PermissionDenied,
    RequestLimitExceeded,
    RequestTooLarge,
    Unauthorized,
)

MEDIA_TYPE = "application/problem+json"
STATUS = {
    400: 400,
    401: 401,
    405: 405,
    413: 413,
    429: 429,
    430: 400,
    431: 400,
    432: 403,
    503: 503,
    511: 403,
    530: 500,
    531: 403,
    533: 503,
    534: 502,
    535: 409,
    536: 409,
    537: 409,
}
"""Code of the command API → HTTP status."""


class NotFound(CloudError):
    """There is nothing at this address, or nothing that you may see."""

    code, cs_code = 404, 4350


class NotAcceptable(BadRequest):
    """The answer is not to be had in any of the forms that the request accepts."""

    code = 406


class UnsupportedMediaType(BadRequest):
    """The body of the request has a form that the API does not read."""

    code = 415


class MalformedBody(BadRequest):
    """The body of the request is not what its media type says."""


class PreconditionFailed(CloudError):
    """The object is not as the request says that it is."""

    code, cs_code = 412, 4350


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler of all routes."""
    view, request = context["view"], context["request"]
    command = getattr(getattr(view, "route", None), "command", None)
    shown = presentable(
        _from_framework(error), caller=getattr(view, "caller", None), command=command.name if command else ""
    )
    headers = {}
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = header
    if isinstance(shown, RequestLimitExceeded):
        headers["Retry-After"] = str(shown.retry_after_s)
    body = problem(shown, path=request.path)
    response = Response(body, status=body["status"], headers=headers, exception=True)
    if _for_people(view, request):
        return response
    # Whatever was asked for, an error is JSON: no other form has a place for it.
    request.accepted_renderer, request.accepted_media_type = FastJSONRenderer(), FastJSONRenderer.media_type
    response.content_type = MEDIA_TYPE
    return response


def _for_people(view: Any, request: Any) -> bool:
    """Whether the answer is read in a browser: then it is a page, also where no page was to be had."""
    wanted = getattr(getattr(request, "accepted_renderer", None), "media_type", "")
    if wanted == FormRenderer.media_type and not isinstance(request.accepted_renderer, FormRenderer):
        request.accepted_renderer = FormRenderer()
    return bool(wanted == FormRenderer.media_type)


def problem(error: CloudError, *, path: str) -> dict[str, Any]:
    """The body of an answer about ``error``."""
    kind = type(error).__name__
    body = {
        "type": "urn:cloudstack:problem:" + re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower(),
        "title": (type(error).__doc__ or kind).strip().splitlines()[0],
        "status": STATUS.get(error.code, error.code if 400 <= error.code < 500 else 500),
        "detail": error.message,
        "instance": path,
        "code": error.code,
        "cscode": error.cs_code,
        "requestid": correlation_id(),
    }
    body |= problem_of(error)
    if error.uuids:
        body["objects"] = [{"id": uuid, "description": text} for uuid, text in error.uuids]
    return body


def _from_framework(error: Exception) -> Exception:
    match error:
        case Http404() | exceptions.NotFound():
            return NotFound()
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Unauthorized(str(error.detail))
        case exceptions.PermissionDenied():
            return PermissionDenied(str(error.detail))
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed(str(error.detail), remedy="the header Allow names the methods of this address")
        case exceptions.Throttled():
            return RequestLimitExceeded(str(error.detail), retry_after_s=int(getattr(error, "wait", None) or 1))
        case exceptions.UnsupportedMediaType():
            return UnsupportedMediaType(str(error.detail), remedy="send application/json")
        case exceptions.NotAcceptable():
            return NotAcceptable(str(error.detail), remedy="accept application/json or text/html")
        case exceptions.ParseError():
            return MalformedBody(str(error.detail), remedy="send an object: the names of parameters and their values")
        case exceptions.APIException() if error.status_code == 413:
            return RequestTooLarge(str(error.detail))
        case exceptions.APIException() if error.status_code < 500:
            return BadRequest(str(error.detail))
        case exceptions.APIException():
            return InternalError(str(error.detail))
    return error
