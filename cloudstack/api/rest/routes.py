"""From the names of commands to REST routes.

``listZones`` → ``GET /zones`` and ``GET /zones/{uuid}``; ``createZone`` → ``POST /zones``; ``updateZone`` →
``PATCH /zones/{uuid}``; ``deleteZone`` → ``DELETE /zones/{uuid}``; ``startVirtualMachine`` →
``POST /virtual-machines/{uuid}/start``. What fits no resource is ``POST /commands/<name>``. A command says
otherwise with ``rest = Rest(...)``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Model

from cloudstack.api import registry
from cloudstack.api.base import READING, BaseCmd
from cloudstack.api.params import Ref, Str, Uuid

_WORD = re.compile(r"[A-Z]+s?(?=[A-Z][a-z]|$)|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
CREATING = ("create", "deploy", "add", "register")
"""Verbs of the command behind ``POST`` on a resource, the best first."""
DELETING = ("delete", "destroy", "remove")
_LINKS = ("To", "From", "For", "In", "On", "Of", "With", "By")
FALLBACK = "commands"


@dataclass(frozen=True)
class Route:
    """Where a command stands."""

    command: type[BaseCmd]
    resource: str
    method: str
    action: str = ""
    """Last path segment; empty for the resource itself."""
    detail: bool = False
    """Whether the path holds a UUID."""
    lookup: str = ""
    """Wire name of the parameter that the UUID fills."""
    retrieve: bool = False
    """Whether one object is taken out of a list."""

    @property
    def operation(self) -> str:
        """Name of the operation in OpenAPI: the command's, as it stands in ``listApis``."""
        return f"{self.command.name}ById" if self.retrieve else self.command.name


def is_creation(route: Route) -> bool:
    return route.method == "POST" and not route.action


def is_array(route: Route) -> bool:
    """Whether a command that is no list answers several objects; what makes one answers that one."""
    command = route.command
    return command.list_shaped and not command.is_list and not command.name.startswith(CREATING)


def words(name: str) -> list[str]:
    """``createSSHKeyPair`` → create, SSH, Key, Pair."""
    return _WORD.findall(name)


def kebab(parts: Iterable[str]) -> str:
    return "-".join(part.lower() for part in parts)


def singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def derive(commands: Iterable[type[BaseCmd]]) -> dict[str, list[Route]]:
    """Resource → its routes. No two routes share method and path."""
    commands = [command for command in commands if not command.anonymous]
    lists = {
        tuple(words(command.name)[1:]): command
        for command in commands
        if command.list_shaped and command.name.startswith("list") and command.rest is None
    }
    nouns: dict[tuple[str, ...], type[BaseCmd]] = {}
    for plural, command in lists.items():
        nouns[plural] = nouns[(*plural[:-1], singular(plural[-1]))] = command
    routes = [route for command in commands for route in _routes_of(command, nouns)]
    return _without_collisions(routes)


def page_of(model: type[Model] | None) -> str:
    """The resource on which one object of ``model`` is read by its id; empty where there is none."""
    return _pages(tuple(registry.all())).get(model, "") if model is not None else ""


@lru_cache(maxsize=2)
def _pages(commands: tuple[type[BaseCmd], ...]) -> dict[type[Model] | None, str]:
    """Model → resource; of several the one with the shortest name."""
    found = [route for routes in derive(commands).values() for route in routes if route.retrieve]
    found.sort(key=lambda route: (len(route.resource), route.resource), reverse=True)
    return {route.command.response.model: route.resource for route in found}


def _routes_of(command: type[BaseCmd], nouns: dict[tuple[str, ...], type[BaseCmd]]) -> list[Route]:
    rest = command.rest
    if rest is not None:
        detail = rest.detail if rest.detail is not None else _has(command, rest.lookup)
        if command.is_list and not rest.action:
            return _list_routes(command, rest.resource)
        lookup = rest.lookup if detail else ""
        return [Route(command, rest.resource, rest.method, rest.action, detail, lookup)]
    verb, *noun = words(command.name)
    if command.list_shaped and verb == "list":
        return _list_routes(command, kebab(noun))
    reading = verb in READING and not command.changes
    found = _resource_of(tuple(noun), nouns)
    if found is None:
        if reading and verb == "list":
            return [Route(command, kebab(noun), "GET")]
        return [Route(command, FALLBACK, "GET" if reading else "POST", command.name)]
    listing, rest_of_name = found
    resource = kebab(words(listing.name)[1:])
    lookup = lookup_of(command, listing)
    shown = rest_of_name if verb in ("get", "find", "query") and rest_of_name else [verb, *rest_of_name]
    action = kebab(shown)
    if not rest_of_name:
        if verb in CREATING:
            return [Route(command, resource, "POST", "", False)]
        if verb == "update" and lookup:
            return [Route(command, resource, "PATCH", "", True, lookup)]
        if verb in DELETING and lookup:
            return [Route(command, resource, "DELETE", "", True, lookup)]
    return [Route(command, resource, "GET" if reading else "POST", action, bool(lookup), lookup)]


def _list_routes(command: type[BaseCmd], resource: str) -> list[Route]:
    routes = [Route(command, resource, "GET")]
    if command.is_list and _has(command, "id"):
        routes.append(Route(command, resource, "GET", "", True, "id", retrieve=True))
    return routes


def lookup_of(command: type[BaseCmd], listing: type[BaseCmd]) -> str:
    """The parameter that names the object itself: ``id``, or the required reference to the listed model."""
    if _has(command, "id"):
        return "id"
    model = listing.response.model
    for param in command.params.values():
        if isinstance(param, Ref) and param.required and param.model is model:
            return param.wire
    return ""


def _has(command: type[BaseCmd], wire: str) -> bool:
    return any(isinstance(param, Ref | Uuid | Str) and param.key == wire.lower() for param in command.params.values())


def _resource_of(
    noun: tuple[str, ...], nouns: dict[tuple[str, ...], type[BaseCmd]]
) -> tuple[type[BaseCmd], list[str]] | None:
    """The longest resource name at the end or the start of the noun, and the words beside it."""
    for length in range(len(noun), 0, -1):
        if noun[-length:] in nouns:
            left = list(noun[:-length])
            while left and left[-1] in _LINKS:
                left.pop()
            return nouns[noun[-length:]], left
        if noun[:length] in nouns:
            return nouns[noun[:length]], list(noun[length:])
    return None


def _without_collisions(routes: list[Route]) -> dict[str, list[Route]]:
    """Of commands that want one place the best verb keeps it; the others become actions named after their verb."""
    places: dict[tuple[str, str, str, bool], list[Route]] = defaultdict(list)
    for route in routes:
        places[(route.resource, route.method, route.action, route.detail)].append(route)
    result: dict[str, list[Route]] = defaultdict(list)
    for place in places.values():
        keeper, *others = sorted(place, key=_rank)
        result[keeper.resource].append(keeper)
        for route in others:
            action = words(route.command.name)[0]
            taken = (route.resource, "POST", action, route.detail) in places
            if taken or route.retrieve:
                moved = Route(route.command, FALLBACK, "POST", route.command.name)
            else:
                moved = Route(route.command, route.resource, "POST", action, route.detail, route.lookup)
            result[moved.resource].append(moved)
    return dict(sorted(result.items()))


def _rank(route: Route) -> tuple[int, int, str]:
    verb = words(route.command.name)[0]
    order = CREATING if route.method == "POST" else DELETING
    # A command that says where it stands goes before those whose place is derived.
    return (0 if route.command.rest else 1, order.index(verb) if verb in order else len(order), route.command.name)
