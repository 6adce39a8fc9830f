"""What pages ask of commands: lists, one object, a plan, a refusal, the deed itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from cloudstack.api import registry
from cloudstack.api.dispatcher import Result, dispatch
from cloudstack.api.options import IDEMPOTENCY_KEY, PLAN, options_of
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter, UnsupportedCommand
from cloudstack.framework.errors import PermissionDenied as Refused
from cloudstack.pages.access import project_of
from cloudstack.pages.sections import Operation

DOOR = "portal"


def call(request: HttpRequest, command: str, params: Mapping[str, Any]) -> Result:
    """Call ``command`` for the reader and his project. Raises ``CloudError``."""
    given = {**in_project(request, command), **params}
    if not given.get("projectid", True):
        del given["projectid"]
    return dispatch(command, given, request.caller, door=DOOR)  # type: ignore[attr-defined]


def in_project(request: HttpRequest, command: str) -> dict[str, str]:
    """``projectid`` for commands that take it, when the session works for a project."""
    if not any(param.wire == "projectid" for param in registry.get(command).params.values()):
        return {}
    project = project_of(request)
    return {"projectid": project} if project else {}


def one(request: HttpRequest, command: str, params: Mapping[str, str] | Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The one object that a list answers; of several ways to ask for it the first that does.

    Raises ``Http404``: unknown and forbidden are told the same.
    """
    # Without the project: an object is found by its UUID, whichever of his projects it is in.
    for asked in [params] if isinstance(params, Mapping) else params:
        try:
            rows = dispatch(command, asked, request.caller, door=DOOR).rows or []  # type: ignore[attr-defined]
        except (InvalidParameter, Refused) as error:
            raise Http404(error.message) from None
        except UnsupportedCommand:
            raise PermissionDenied from None
        if len(rows) == 1:
            return rows[0]
    raise Http404("there is no such object, or it is not yours")


def plan_of(command: str, params: Mapping[str, Any], caller: Caller, *, door: str = DOOR) -> dict[str, Any]:
    """What the command would do, from ``plan=true``; nothing where no plan can be made. Raises what would refuse it."""
    if PLAN not in options_of(registry.get(command)):
        return {}
    return dict(dispatch(command, {**params, PLAN.wire: "true"}, caller, door=door).body["plan"])


def lacks(operation: Operation, given: Mapping[str, Any]) -> bool:
    """Whether something has yet to be filled in before the operation means anything."""
    required = {param.wire for param in registry.get(operation.command).params.values() if param.required}
    return any(
        one.required or (one.required is None and one.wire in required)
        for one in operation.inputs
        if one.wire not in given
    )


def failure_in(plan: Mapping[str, Any]) -> str:
    """Why one of the jobs of a plan would fail; empty when none would."""
    return next((str(job["fails"]["errortext"]) for job in plan.get("jobs", ()) if "fails" in job), "")


def refusal_of(command: str, params: Mapping[str, Any], caller: Caller, *, door: str = DOOR) -> str:
    """Why the command is not possible now; empty when it is."""
    try:
        return failure_in(plan_of(command, params, caller, door=door))
    except CloudError as error:
        return error.message


def keyed(command: str, params: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The parameters with a key that makes a call sent twice one call, where the command takes it."""
    if key and IDEMPOTENCY_KEY in options_of(registry.get(command)):
        return {**params, IDEMPOTENCY_KEY.wire: key}
    return dict(params)
