"""Which sections there are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.pages.sections import Section

_sections: dict[str, Section] = {}


@dataclass(frozen=True)
class Part:
    """What another app adds to the page of an object: a template, which reads ``part.context``, and its files."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


_parts: dict[str, list[Callable[[Any, Mapping[str, Any]], Part | None]]] = {}


def register(cls: type[Section]) -> type[Section]:
    """Decorator: the section stands in the menu and has its pages. Raises ``ImproperlyConfigured`` for a taken slug."""
    if not cls.slug or not cls.lists:
        raise ImproperlyConfigured(f"{cls.__qualname__} needs a slug and the command that lists its objects")
    known = _sections.get(cls.slug)
    if known is not None and type(known).__qualname__ != cls.__qualname__:
        raise ImproperlyConfigured(f"{cls.__qualname__}: the slug {cls.slug} is taken by {type(known).__qualname__}")
    _sections[cls.slug] = cls()
    return cls


def unregister(cls: type[Section]) -> None:
    """Take the section away, with its place in the menu."""
    _sections.pop(cls.slug, None)


def sections() -> list[Section]:
    return list(_sections.values())


def get(slug: str) -> Section:
    return _sections[slug]


def known(slug: str) -> bool:
    return slug in _sections


def of_group() -> Iterator[tuple[str, list[Section]]]:
    """Title of each part of the menu with its sections, both in order."""
    groups: dict[str, list[Section]] = {}
    for section in sorted(_sections.values(), key=lambda one: one.order):
        if section.group:
            groups.setdefault(str(section.group), []).append(section)
    yield from groups.items()


def register_part(slug: str, part: Callable[[Any, Mapping[str, Any]], Part | None]) -> None:
    """Have the pages of the objects of section ``slug`` show what ``part(request, row)`` answers; None: nothing."""
    known = _parts.setdefault(slug, [])
    if part not in known:
        known.append(part)


def parts_of(section: Section, request: Any, row: Mapping[str, Any]) -> list[Part]:
    found = (part(request, row) for part in _parts.get(section.slug, ()))
    return [part for part in found if part is not None]
