"""The page of responses: the fields of what commands answer."""

from collections.abc import Iterator

from apps.portal.reference import markdown
from apps.portal.reference.commands import roles_in_words
from cloudstack.api import registry
from cloudstack.api.fields import Children, Item, Loaded
from cloudstack.api.responses import Response

INTRODUCTION = """\
What commands answer. A field without a value is left out. Fields marked with *only …* are shown to these callers alone.
Dates are written like `2026-11-23T08:00:00+0000`."""


def page() -> str:
    return markdown.page("Responses", INTRODUCTION, *(_section(response) for response in shown()))


def shown() -> list[type[Response]]:
    """Every response that a command answers, and those inside others, by name."""
    found: set[type[Response]] = set()
    for command in registry.all():
        found.update(_with_inner(command.response))
    return sorted(found, key=lambda response: response.__name__)


def _with_inner(response: type[Response], depth: int = 4) -> Iterator[type[Response]]:
    yield response
    for item in response.fields().values():
        inner = _inner(item)
        if inner is not None and depth:
            yield from _with_inner(inner, depth - 1)


def _inner(item: Item) -> type[Response] | None:
    return item.response if isinstance(item, Children | Loaded) else None


def _section(response: type[Response]) -> str:
    rows = [_field(response, wire, item) for wire, item in response.fields().items()]
    under = f"Stands under the key `{response.object_name}`." if response.object_name else ""
    parts = [f"## {response.__name__}", under, markdown.table(("field", "type", "meaning"), rows)]
    return "\n\n".join(filter(None, parts))


def _field(response: type[Response], wire: str, item: Item) -> tuple[str, str, str]:
    inner = _inner(item)
    kind = str(response.type_of(item))
    if inner is not None:
        kind += f" of [{inner.__name__}](#{markdown.anchor(inner.__name__)})"
    meaning = [item.help]
    if item.roles is not None:
        meaning.append(f"only {roles_in_words(item.roles)}")
    return markdown.code(wire), kind, "; ".join(filter(None, meaning))
