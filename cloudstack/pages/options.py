"""What a field offers to choose from: objects that a command lists for the reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from cloudstack.api import authentication, registry
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError

MOST_OPTIONS = 500
"""More than these are no choice for a person; the rest is found by writing its UUID."""


@dataclass(frozen=True)
class Option:
    """One thing to choose: what is sent, what is read, and a line about it."""

    value: str
    label: Any
    hint: Any = ""


def choices(of: type[models.TextChoices]) -> tuple[Option, ...]:
    """The values of a field's choices, under their labels."""
    return tuple(Option(value, label) for value, label in of.choices)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Objects listed by ``command``. ``params``: fixed ones; ``takes``: parameter → field of the form that gives it.

    ``label`` and ``hint`` make the texts from a row of the answer.
    """

    command: str
    params: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    value: str = "id"
    label: Callable[[Mapping[str, Any]], Any] = lambda row: row.get("displayname") or row.get("name") or row["id"]
    hint: Callable[[Mapping[str, Any]], Any] = lambda row: ""
    suits: Callable[[Mapping[str, Any]], bool] = lambda row: True

    def options(self, caller: Caller, given: Mapping[str, Any], project: str = "") -> list[Option]:
        """What ``caller`` may choose; nothing when his role does not let him list it. ``given``: fields so far."""
        # Declarations are read before Django's models are.
        from cloudstack.api.dispatcher import dispatch

        command = registry.get(self.command)
        if not authentication.is_allowed(caller, command):
            return []
        params = {**self.params, **{wire: str(given[name]) for wire, name in self.takes.items() if given.get(name)}}
        wires = {param.wire for param in command.params.values()}
        if project and "projectid" in wires:
            params.setdefault("projectid", project)
        if "pagesize" in wires:
            params |= {"page": "1", "pagesize": str(MOST_OPTIONS)}
        try:
            rows = dispatch(self.command, params, caller, door="portal").rows or []
        except CloudError:
            # What the fields so far say is wrong is said at them.
            return []
        return [Option(str(row[self.value]), self.label(row), self.hint(row)) for row in rows if self.suits(row)]
