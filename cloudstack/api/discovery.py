"""``listApis``: what the caller may call, described from the declarations."""

from collections import defaultdict
from typing import Any

from cloudstack.api import authentication, registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.fields import BOOL, LIST, Children, Field, Loaded
from cloudstack.api.listing import Page
from cloudstack.api.options import options_of
from cloudstack.api.params import Param, Ref, RefList, Str, Uuid
from cloudstack.api.responses import Response
from cloudstack.api.since import since
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
    project = Uuid("projectid", help="UUID of a project: only what your role in it allows as well")

    def execute(self) -> Page:
        in_project = authentication.get().allowed_in_project(self.caller, self.project) if self.project else None

        def admits(command: type[BaseCmd]) -> bool:
            return registry.allowed(self.caller, command) and (in_project is None or in_project(command))

        if self.api is None:
            commands = [command for command in registry.all() if admits(command)]
        else:
            command = registry.find(self.api)
            if command is None or not admits(command):
                raise InvalidParameter(f"there is no command {self.api} that you may use", parameter="name")
            commands = [command]
        neighbours = Neighbours()
        rows = [describe(command, self.caller, neighbours) for command in commands]
        return Page(rows, len(rows))


class Neighbours:
    """Which commands speak of the same things: found once for a whole list."""

    def __init__(self) -> None:
        self.by_response: dict[type[Response], list[str]] = defaultdict(list)
        self.by_model: dict[Any, list[str]] = defaultdict(list)
        for command in registry.all():
            if command.object_name:
                self.by_response[command.response].append(command.name)
                if command.response.model is not None:
                    self.by_model[command.response.model].append(command.name)


def describe(command: type[BaseCmd], caller: Caller, neighbours: Neighbours | None = None) -> dict[str, Any]:
    """The entry of one command as ``caller`` sees it."""
    neighbours = neighbours or Neighbours()
    entry = {
        "name": command.name,
        "description": command.documentation(),
        "isasync": command.is_async,
        "related": ",".join(name for name in neighbours.by_response.get(command.response, ()) if name != command.name),
        "params": [
            describe_param(param, command, neighbours)
            for param in command.params.values()
            if param.roles is None or caller.role_type in param.roles
        ]
        + [describe_param(param, command, neighbours) for param in options_of(command)],
        "response": describe_fields(command.response, caller),
    }
    if brought_by := command.since or since(command.name):
        entry["since"] = brought_by
    return entry


def describe_param(param: Param[Any], command: type[BaseCmd], neighbours: Neighbours) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": param.wire,
        "description": param.help,
        "type": "list" if isinstance(param, RefList) else param.type_name,
        "length": min(param.max_length, 2**31 - 1),
        "required": param.required,
    }
    if brought_by := param.since or since(command.name, param.wire):
        entry["since"] = brought_by
    if isinstance(param, Ref | RefList):
        # There a client finds the UUIDs that it may send.
        entry["related"] = ",".join(neighbours.by_model.get(param.model, ()))
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
