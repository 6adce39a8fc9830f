"""What commands can be called with beside their own parameters."""

from typing import Any

from cloudstack.api.base import BaseCmd
from cloudstack.api.identifiers import BadValue
from cloudstack.api.params import MISSING, Flag, Param, Str, Uuid
from cloudstack.api.params.arguments import Arguments
from cloudstack.framework.errors import InvalidParameter


def _declared(name: str, param: Param[Any]) -> Param[Any]:
    param.__set_name__(BaseCmd, name)
    return param


PLAN = _declared(
    "plan",
    Flag(help="true: changes nothing and answers what the command would do, step by step, and what it would cost"),
)
IDEMPOTENCY_KEY = _declared(
    "idempotencykey",
    Str(help="a text of your own, another one for each call: a call that is repeated with it is answered, not redone"),
)
CUSTOM_JOB_ID = _declared("customjobid", Uuid(help="UUID that the job is to have"))


def options_of(command: type[BaseCmd]) -> list[Param[Any]]:
    """Those that the command understands and that documents name; none for one that changes nothing."""
    if not command.changes or command.anonymous:
        return []
    return [param for param in (PLAN, IDEMPOTENCY_KEY) if not _hidden(param, command)]


def option(param: Param[Any], command: type[BaseCmd], arguments: Arguments) -> Any:
    """The value that was sent for an option; None where the command does not understand it or it was not sent.

    Raises ``InvalidParameter``.
    """
    if not command.changes or command.anonymous or _hidden(param, command):
        return None
    try:
        value = param.read(arguments)
    except BadValue as error:
        raise InvalidParameter(
            f"Unable to execute API command {command.name.lower()} due to invalid value {param.shown(arguments)} for "
            f"parameter {param.wire}: {error}",
            parameter=param.wire,
            value=param.shown(arguments),
            remedy=str(error),
        ) from None
    return None if value is MISSING or value == "" else value


def _hidden(param: Param[Any], command: type[BaseCmd]) -> bool:
    """Whether a parameter of the command's own has the name."""
    return any(own.key == param.key for own in command.params.values())
