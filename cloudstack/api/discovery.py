"""``listApis``: what the caller may call, described from the declarations."""

from typing import Any

from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.fields import BOOL, LIST, Children, Field, Loaded
from cloudstack.api.listing import Page
from cloudstack.api.options import options_of
from cloudstack.api.params import Param, RefList, Str
from cloudstack.api.responses import Response
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter


class ApiDiscoveryResponse(Response):
    """One command."""

    object_name = "api"

    api_name = Field(wire="name", help="name of the command")
    description = Field(help="what it does")
    since = Field(help="version that brought it")
    isasync = Field(type=BOOL, help="whether a job carries it out")
    related = Field(help="names of commands about the same kind of object")
    params = Field(type=LIST, help="its parameters")
    response = Field(type=LIST, help="the fields of its answer")


class ListApis(BaseCmd):
    """Lists the commands that the caller may use, with their parameters and answers."""

    before_second_factor = "always"
    response = ApiDiscoveryResponse
    object_name = "api"
    list_shaped = True
    since = "4.1.0"

    api = Str("name", help="name of one command")

    def execute(self) -> Page:
        if self.api is None:
            commands = [command for command in registry.all() if registry.allowed(self.caller, command)]
        else:
            command = registry.find(self.api)
            if command is None or not registry.allowed(self.caller, command):
                raise InvalidParameter(f"there is no command {self.api} that you may use", parameter="name")
            commands = [command]
        related = _related()
        rows = [describe(command, self.caller, related.get(command.response, ())) for command in commands]
        return Page(rows, len(rows))


def describe(command: type[BaseCmd], caller: Caller, related: Any = ()) -> dict[str, Any]:
    """The entry of one command as ``caller`` sees it."""
    entry = {
        "name": command.name,
        "description": command.documentation(),
        "isasync": command.is_async,
        "related": ",".join(name for name in related if name != command.name),
        "params": [
            describe_param(param)
            for param in command.params.values()
            if param.roles is None or caller.role_type in param.roles
        ]
        + [describe_param(param) for param in options_of(command)],
        "response": describe_fields(command.response, caller),
    }
    if command.since:
        entry["since"] = command.since
    return entry


def describe_param(param: Param[Any]) -> dict[str, Any]:
    entry = {
        "name": param.wire,
        "description": param.help,
        "type": "list" if isinstance(param, RefList) else param.type_name,
        "length": min(param.max_length, 2**31 - 1),
        "required": param.required,
    }
    if param.since:
        entry["since"] = param.since
    return entry


def describe_fields(response: type[Response], caller: Caller, depth: int = 3) -> list[dict[str, Any]]:
    """The fields that ``caller`` gets to see; objects inside objects down to ``depth``."""
    entries = []
    for wire, item in response.fields().items():
        if item.roles is not None and caller.role_type not in item.roles:
            continue
        entry: dict[str, Any] = {"name": wire, "description": item.help, "type": str(response.type_of(item))}
        inner = item.response if isinstance(item, Children | Loaded) else None
        if inner is not None and depth > 0:
            entry["response"] = describe_fields(inner, caller, depth - 1)
        if item.since:
            entry["since"] = item.since
        entries.append(entry)
    return entries


def _related() -> dict[type[Response], list[str]]:
    related: dict[type[Response], list[str]] = {}
    for command in registry.all():
        if command.object_name:
            related.setdefault(command.response, []).append(command.name)
    return related
