"""What ``OPTIONS`` tells of an address: its commands and their parameters, as OpenAPI has them."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

from cloudstack.api import authentication
from cloudstack.api.params import Param
from cloudstack.api.rest.forms import is_for


class CommandMetadata(BaseMetadata):
    """Names only what the caller may call and send."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        caller = view.caller
        methods: dict[str, Any] = {}
        for method, name in view.action_map.items():
            route = view.routes.get(name)
            # HEAD is what GET is.
            if route is None or method == "head" or not authentication.is_allowed(caller, route.command):
                continue
            params = [one for one in route.command.params.values() if one.wire != route.lookup and is_for(one, caller)]
            methods[method.upper()] = {
                "command": route.command.name,
                "description": route.command.documentation(),
                "parameters": {param.wire: described(param) for param in params},
            }
        return {"name": view.resource, "methods": methods}


def described(param: Param[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"type": param.type_name, "required": param.required, "help": param.help}
    if choices := getattr(param, "choices", None):
        body["choices"] = list(choices)
    if isinstance(param.default, str | int | float):
        body["default"] = param.default
    return body
