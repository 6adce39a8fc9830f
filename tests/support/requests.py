"""Values for the parameters of any command, made from their declarations."""

from typing import Any

from cloudstack.api.base import BaseCmd
from cloudstack.api.params import Choice, Date, Flag, Float, Int, Param, Ref, RefList, Uuid

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The UUID of nothing."""


def needed(command: type[BaseCmd]) -> dict[str, str]:
    """Something for each parameter that has to be there."""
    return {param.wire: plausible(param) for param in command.params.values() if param.required}


def plausible(param: Param[Any]) -> str:
    """A value that the parameter takes, so far as its declaration says; references name nothing that there is."""
    match param:
        case Ref() | RefList() | Uuid():
            return NOBODY
        case Choice():
            return param.choices[0]
        case Int():
            return str(max(1, param.minimum))
        case Float():
            return "1"
        case Flag():
            return "false"
        case Date():
            return "2026-11-23"
    return "x"
