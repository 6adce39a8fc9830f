"""What REST adds to a job that has ended: moments inside its result, and where the object stands that it was about."""

from typing import Any

from django.urls import NoReverseMatch
from rest_framework.request import Request
from rest_framework.reverse import reverse

from cloudstack.api import registry
from cloudstack.api.rest.moments import in_rfc3339
from cloudstack.api.rest.routes import page_of

RESULT = "result"
RESULT_HELP = "where the object is read that the job was about, once it has succeeded and if the object is still there"


def complete(body: dict[str, Any], request: Request) -> None:
    """Complete the body of ``AsyncJobResponse`` in place."""
    command = registry.find(str(body.get("cmd", "")))
    shown = body.get("jobresult")
    if command is None or not isinstance(shown, dict):
        return
    inner = shown.get(command.object_name)
    if not isinstance(inner, dict):
        return
    in_rfc3339(command.response, inner)
    resource = page_of(command.response.model)
    # Of what is gone the result still tells; its address would be a dead link.
    if resource and inner.get("id") and not is_gone(inner):
        try:
            body[RESULT] = reverse(f"{resource}-detail", kwargs={"uuid": inner["id"]}, request=request)
        except NoReverseMatch:
            return


def is_gone(inner: dict[str, Any]) -> bool:
    return bool(inner.get("removed")) or inner.get("state") in ("Expunging", "Expunged", "Destroyed")
