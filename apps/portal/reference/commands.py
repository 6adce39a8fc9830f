"""The page of commands: who may call each, what it takes, where REST has it."""

from collections import defaultdict
from typing import Any

from apps.portal.reference import markdown
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd
from cloudstack.api.params import Choice, Param, Ref, RefList
from cloudstack.api.params.arguments import as_text
from cloudstack.api.responses import SuccessResponse
from cloudstack.api.rest.routes import Route, derive
from cloudstack.framework.context import RoleType
from cloudstack.framework.plugins.manager import pm

ROLE_NAMES = {
    RoleType.ADMIN: "root admins",
    RoleType.RESOURCE_ADMIN: "resource admins",
    RoleType.DOMAIN_ADMIN: "domain admins",
    RoleType.USER: "users",
}
INTRODUCTION = """\
Every command of `/client/api`. *By default* says who may call it where no rule of the caller's role decides. A
parameter of the type *uuid of …* names an object: what the caller may not see is answered like what does not exist; the
word in brackets is the access that is checked. Parameters marked with *only …* are ignored when others send them. Lists
also take `page` and `pagesize`; without them they give the first rows, as many as the setting `default.page.size` says.
The fields of the answers are in [responses.md](responses.md)."""
WITH_PLUGINS = "The pages of this reference were written with the plugins {names}."
PAGING = {"page", "pagesize"}


def page() -> str:
    routes = _routes()
    groups: dict[str, list[type[BaseCmd]]] = defaultdict(list)
    for command in registry.all():
        groups[owner(command)].append(command)
    parts = [f"{len(registry.all())} commands: " + ", ".join(_link(name) for name in sorted(groups)) + "."]
    parts.append(WITH_PLUGINS.format(names=", ".join(sorted(plugins()))))
    for name in sorted(groups):
        parts.append(f"## {markdown.title(name)}")
        parts += [_section(command, routes.get(command, [])) for command in groups[name]]
    return markdown.page("Commands", INTRODUCTION, *parts)


def plugins() -> list[str]:
    """Names of the plugins in service, which the pages of the reference tell of, too."""
    return [name for name in pm.statuses if pm.in_service(name)]


def owner(command: type[BaseCmd]) -> str:
    """The app or plugin that declares the command."""
    parts = command.__module__.split(".")
    if parts[0] == "plugins":
        return f"plugin {parts[2]}"
    return parts[1] if parts[0] in ("apps", "cloudstack") else f"plugin {parts[0]}"


def roles_in_words(roles: frozenset[RoleType]) -> str:
    if roles == frozenset(RoleType):
        return "everyone"
    return ", ".join(ROLE_NAMES[role] for role in sorted(roles))


def _link(name: str) -> str:
    return f"[{name}](#{markdown.anchor(name)})"


def _routes() -> dict[type[BaseCmd], list[Route]]:
    found: dict[type[BaseCmd], list[Route]] = defaultdict(list)
    for routes in derive(registry.all()).values():
        for route in routes:
            found[route.command].append(route)
    return found


def _section(command: type[BaseCmd], routes: list[Route]) -> str:
    facts = ["Without credentials" if command.anonymous else f"By default: {roles_in_words(command.roles)}"]
    if command.is_async:
        facts.append("asynchronous: answers a job")
    if command.event_type:
        facts.append(f"event [`{command.event_type}`](events.md)")
    lines = [f"### {command.name}", "", command.documentation(), "", "; ".join(facts) + "."]
    lines += [f"`{_path(route)}`" for route in routes]
    if not issubclass(command.response, SuccessResponse):
        name = command.response.__name__
        lines.append(f"Answers [{name}](responses.md#{markdown.anchor(name)}).")
    text = "  \n".join(lines[4:])
    parameters = markdown.table(
        ("parameter", "type", "meaning"),
        (_parameter(param) for param in command.params.values() if not (command.is_list and param.wire in PAGING)),
    )
    return "\n\n".join(filter(None, ["\n".join(lines[:3]), text, parameters]))


def _path(route: Route) -> str:
    parts = ["/api/v1", route.resource]
    if route.detail:
        parts.append("{uuid}")
    if route.action:
        parts.append(route.action)
    return f"{route.method} {'/'.join(parts)}"


def _parameter(param: Param[Any]) -> tuple[str, str, str]:
    name = f"**`{param.wire}`**" if param.required else f"`{param.wire}`"
    meaning = [param.help]
    if isinstance(param, Choice):
        meaning.append(f"one of {', '.join(param.choices)}")
    if param.required:
        meaning.append("required")
    if param.default not in (None, "", [], {}, False):
        meaning.append(f"default {as_text(param.default)}")
    if param.roles is not None:
        meaning.append(f"only {roles_in_words(param.roles)}")
    return name, _type(param), "; ".join(filter(None, meaning))


def _type(param: Param[Any]) -> str:
    if isinstance(param, Ref | RefList):
        kind = param.model._meta.verbose_name
        return f"{'uuids' if isinstance(param, RefList) else 'uuid'} of {kind} ({param.access.name.lower()})"
    return param.type_name
