"""One way in for all doors: role check → cast → require → resolve → execute → render."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from cloudstack.api import access_checks, authentication, planning, registry
from cloudstack.api.base import BaseAsyncCmd, BaseCmd
from cloudstack.api.idempotency import once, recall
from cloudstack.api.listing import Page
from cloudstack.api.metrics import counting
from cloudstack.api.options import CUSTOM_JOB_ID, IDEMPOTENCY_KEY, PLAN, option
from cloudstack.api.params import MISSING, BadValue, Param
from cloudstack.api.params.arguments import Arguments
from cloudstack.api.planning import PlanResponse
from cloudstack.api.responses import SuccessResponse
from cloudstack.framework.context import Caller, entering, executing
from cloudstack.framework.errors import BadRequest, CloudError, InvalidParameter, UnsupportedCommand
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.nodes.service import ensure_accepting
from cloudstack.framework.transactions import again_after_deadlock

UNBEGUN = BadRequest.cs_code
"""``cserrorcode`` of a refusal before the command begins; clients tell it from what the command itself refuses."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command answered."""

    command: type[BaseCmd]
    body: dict[str, Any]
    """What stands under the envelope."""
    rows: list[dict[str, Any]] | None = None
    """The objects of an answer in list shape."""
    count: int = 0
    """All objects of the list, whatever the page."""
    job_uuid: str = ""
    planned: bool = False
    """Whether the body says what would be done; nothing was."""
    replayed: bool = False
    """Whether it was carried out by an earlier call with the same idempotency key."""


def dispatch(
    command_name: str,
    raw_params: Mapping[str, Any],
    caller: Caller | None,
    *,
    door: str = "api",
    provided: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Result:
    """Run one command for ``caller`` (None: an anonymous command, by nobody).

    ``raw_params``: wire names → text (values of other types are written as text first). ``door`` is
    ``api``, ``rest`` or ``admin``. ``provided`` is entered around the execution, and not for a call that is only
    answered again: it raises what stands in the way. Raises the errors of :mod:`cloudstack.framework.errors`.
    """
    cls = registry.get(command_name)
    if not cls.anonymous and (caller is None or not authentication.is_allowed(caller, cls)):
        user = caller.user_uuid if caller is not None else ""
        raise UnsupportedCommand(
            f"The API [{cls.name}] does not exist or is not available for the account for user id [{user}]."
        )
    if caller is not None:
        caller = authentication.acting(caller, cls)
    arguments = _arguments(raw_params)
    with counting(cls.name, door):
        try:
            with entering(door):
                return again_after_deadlock(lambda: _carry_out(cls, arguments, caller, provided))
        except CloudError as error:
            explain(error, cls, arguments)
            raise


def _carry_out(
    cls: type[BaseCmd],
    arguments: Arguments,
    caller: Caller | None,
    provided: Callable[[], AbstractContextManager[None]],
) -> Result:
    """Do, or only plan, what was asked for."""
    planned = caller is not None and option(PLAN, cls, arguments)
    key = option(IDEMPOTENCY_KEY, cls, arguments) if not planned else None
    if key is not None and caller is not None and (known := recall(key, cls, arguments, caller)) is not None:
        return known
    command = bind(cls, arguments, caller)
    access_checks.ensure_allowed(command, caller)
    if planned and caller is not None:
        with provided():
            return Result(cls, {PlanResponse.object_name: planning.plan(command, caller)}, planned=True)

    if cls.is_async:
        ensure_accepting(cls.name)

    def execute() -> Result:
        with provided(), executing(cls.info, job_uuid=_job_uuid(cls, arguments)):
            return answer(command, command.execute())

    return execute() if key is None or caller is None else once(key, cls, arguments, caller, execute)


def _job_uuid(cls: type[BaseCmd], arguments: Arguments) -> str:
    """The UUID that the caller chose for the job. Raises ``InvalidParameter`` when another job has it."""
    wanted = option(CUSTOM_JOB_ID, cls, arguments) if cls.is_async else None
    if wanted and AsyncJob.objects.filter(uuid=wanted).exists():
        raise InvalidParameter(
            f"customjobid {wanted} is taken", parameter=CUSTOM_JOB_ID.wire, remedy="choose a random UUID"
        )
    return wanted or ""


def explain(error: CloudError, cls: type[BaseCmd], arguments: Arguments) -> None:
    """Add to an error that blames a parameter what was sent for it and what would be right."""
    param = next((one for one in cls.params.values() if one.key == error.parameter.lower()), None)
    if param is None:
        return
    error.value = error.value or param.shown(arguments)
    error.remedy = error.remedy or f"{param.wire} ({param.type_name}): {param.help}"


def _arguments(raw_params: Mapping[str, Any]) -> Arguments:
    try:
        return Arguments(raw_params)
    except InvalidParameter as error:
        error.cs_code = UNBEGUN
        raise


def bind(cls: type[BaseCmd], raw_params: Mapping[str, Any] | Arguments, caller: Caller | None) -> BaseCmd:
    """The command with all its parameters cast, checked and resolved. Only anonymous commands go without a caller."""
    try:
        return _bound(cls, raw_params if isinstance(raw_params, Arguments) else _arguments(raw_params), caller)
    except InvalidParameter as error:
        error.cs_code = UNBEGUN
        raise


def _bound(cls: type[BaseCmd], arguments: Arguments, caller: Caller | None) -> BaseCmd:
    values: dict[str, Any] = {}
    given: list[Param[Any]] = []
    for attr, param in cls.params.items():
        value: Any = MISSING
        if param.roles is None or (caller is not None and caller.role_type in param.roles):
            try:
                value = param.read(arguments)
            except BadValue as error:
                raise InvalidParameter(
                    f"Unable to execute API command {cls.name.lower()} due to invalid value "
                    f"{param.shown(arguments)} for parameter {param.wire}: {error}",
                    parameter=param.wire,
                    value=param.shown(arguments),
                    remedy=str(error),
                ) from None
        if value is MISSING:
            values[attr] = param.default
        else:
            values[attr] = value
            given.append(param)
    for attr, param in cls.params.items():
        if param.required and (values[attr] is None or values[attr] == "" or values[attr] == []):
            raise InvalidParameter(
                f"Unable to execute API command {cls.name.lower()} due to missing parameter {param.wire}",
                parameter=param.wire,
            )
    for param in given:
        values[param.attr] = param.resolve(values[param.attr], caller=caller)
    return cls(caller, values, {param.attr for param in given})


def answer(command: BaseCmd, value: Any) -> Result:
    """What ``execute`` returned, as the protocol shapes it."""
    cls = type(command)
    if isinstance(value, Page):
        return _listed(cls, value.rows, value.count)
    if isinstance(command, BaseAsyncCmd):
        return _submitted(command, value)
    if cls.list_shaped:
        rows = _rendered(command, value)
        return _listed(cls, rows, len(rows))
    if issubclass(cls.response, SuccessResponse):
        return Result(cls, success(value))
    if isinstance(value, Model):
        value = cls.response.render_one(value, caller=command.caller, omit=command.omitted())
    return Result(cls, value if cls.bare else {cls.object_name: value})


def success(value: Any = None) -> dict[str, Any]:
    """The body of ``SuccessResponse``: nothing or True, False, a remark, or a finished dictionary."""
    if isinstance(value, dict):
        return {"success": True, **value}
    if isinstance(value, str) and value:
        return {"success": True, "displaytext": value}
    return {"success": value is not False}


def _listed(cls: type[BaseCmd], rows: list[dict[str, Any]], count: int) -> Result:
    body = {**({"count": count} if count else {}), **({cls.object_name: rows} if rows else {})}
    return Result(cls, body, rows=rows, count=count)


def _submitted(command: BaseAsyncCmd, value: Any) -> Result:
    instance, job = value if command.creates else (None, value)
    body = {"jobid": str(job.uuid)}
    if instance is not None:
        body = {"id": str(instance.uuid), **body}
    return Result(type(command), body, job_uuid=str(job.uuid))


def _rendered(command: BaseCmd, value: Any) -> list[dict[str, Any]]:
    response, caller, omit = command.response, command.caller, command.omitted()
    if isinstance(value, QuerySet):
        return response.render(value, caller=caller, omit=omit)
    items: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
    return [response.render_one(item, caller=caller, omit=omit) if isinstance(item, Model) else item for item in items]
