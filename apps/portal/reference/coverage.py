"""The page of the API's coverage: which of CloudStack's commands there are, and why the others are not.

``surface.json`` holds the names of CloudStack 4.22: groups → commands → parameters and response, responses → fields.
What is left out stands with its reason in ``left_out/*.toml``: commands, parameters and fields by names that may hold
the wildcards of shells, and ``[groups]`` for all commands of a group that no entry names.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from apps.portal.reference import markdown
from cloudstack.api import registry
from cloudstack.api.base import BaseCmd

HERE = Path(__file__).parent
INTRODUCTION = """\
Which commands of CloudStack 4.22 there are here, group by group, and what is left out with the reason. Numbers of
parameters and fields are of the commands that are there; what every command has (`jobid`, `jobstatus`, `customjobid`)
is not counted. What goes beyond CloudStack stands in [the API beyond CloudStack](explanation/api.md)."""
OURS = """\
Commands that CloudStack does not have under this name. They come from plugins, or serve what it lacks."""
GROUPS, COMMANDS, PARAMS, FIELDS = "groups", "commands", "params", "fields"


@dataclass
class Group:
    """One group of the catalogue as it stands here."""

    name: str
    there: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """Command → reason; empty where none is given."""
    params: int = 0
    lacking_params: dict[str, str] = field(default_factory=dict)
    fields: int = 0
    lacking_fields: dict[str, str] = field(default_factory=dict)


@cache
def reasons() -> dict[str, dict[str, str]]:
    """Kind → pattern → reason, from all files."""
    found: dict[str, dict[str, str]] = {GROUPS: {}, COMMANDS: {}, PARAMS: {}, FIELDS: {}}
    for file in sorted((HERE / "left_out").glob("*.toml")):
        for kind, entries in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[kind].update(entries)
    return found


@cache
def _folded(kind: str) -> list[tuple[str, str]]:
    return [(pattern.lower(), reason) for pattern, reason in reasons()[kind].items()]


def reason(kind: str, name: str) -> str:
    """Why ``name`` is left out; an exact entry goes before a pattern. Empty when nobody says."""
    exact = reasons()[kind].get(name)
    folded = name.lower()
    return exact or next((why for pattern, why in _folded(kind) if fnmatchcase(folded, pattern)), "")


@cache
def groups() -> list[Group]:
    """All groups, by name."""
    surface = json.loads((HERE / "surface.json").read_text(encoding="utf-8"))
    return [_group(name, commands, surface["responses"]) for name, commands in surface["groups"].items()]


def _group(name: str, commands: dict[str, list[str]], responses: dict[str, str]) -> Group:
    group = Group(name)
    for command, (params, response) in commands.items():
        cls = registry.find(command)
        if cls is None:
            group.missing[command] = reason(COMMANDS, command) or reasons()[GROUPS].get(name, "")
            continue
        group.there.append(command)
        have = {param.key for param in cls.params.values()}
        group.params += len(params.split())
        for param in params.split():
            if param.lower() not in have:
                group.lacking_params[f"{command}.{param}"] = reason(PARAMS, f"{command}.{param}")
        shown = {wire.lower() for wire in cls.response.fields()}
        fields = responses.get(response, "").split()
        group.fields += len(fields)
        for wire in fields:
            if wire.lower() not in shown:
                group.lacking_fields[f"{command}.{wire}"] = reason(FIELDS, f"{command}.{wire}")
    return group


def unused() -> list[str]:
    """Entries that explain nothing: what they speak of is there by now, or was never asked for."""
    lacking = {
        COMMANDS: [command for group in groups() for command in group.missing],
        PARAMS: [name for group in groups() for name in group.lacking_params],
        FIELDS: [name for group in groups() for name in group.lacking_fields],
    }
    found = [
        f"[{kind}] {pattern}"
        for kind, names in lacking.items()
        for pattern in reasons()[kind]
        if not any(fnmatchcase(name.lower(), pattern.lower()) for name in names)
    ]
    with_missing = {group.name for group in groups() if group.missing}
    return [*found, *(f"[{GROUPS}] {name}" for name in reasons()[GROUPS] if name not in with_missing)]


def page() -> str:
    """The whole page."""
    parts = [_summary()]
    for group in groups():
        parts.append(f"## {group.name}")
        parts.append(_there(group.there))
        parts += _left_out(group)
    parts += ["## Beyond CloudStack", OURS, _there([command.name for command in _own()])]
    return markdown.page("Coverage of the API", INTRODUCTION, *parts)


def _summary() -> str:
    rows = []
    for group in groups():
        rows.append(
            (
                f"[{group.name}](#{markdown.anchor(group.name)})",
                f"{len(group.there)} of {len(group.there) + len(group.missing)}",
                _share(group.params, len(group.lacking_params)),
                _share(group.fields, len(group.lacking_fields)),
            )
        )
    return markdown.table(("group", "commands", "parameters", "fields"), rows)


def _share(all_: int, lacking: int) -> str:
    return f"{all_ - lacking} of {all_}" if all_ else ""


def _there(names: list[str]) -> str:
    links = [f"[`{name}`](reference/commands.md#{markdown.anchor(name)})" for name in names]
    return ", ".join(links) + "." if links else ""


def _left_out(group: Group) -> Iterator[str]:
    rows = [("command", names, why) for why, names in _by_reason(group.missing)]
    rows += [("parameter", names, why) for why, names in _by_reason(group.lacking_params)]
    rows += [("field", names, why) for why, names in _by_reason(group.lacking_fields)]
    if rows:
        yield markdown.table(("left out", "names", "why"), rows)


def _by_reason(lacking: dict[str, str]) -> list[tuple[str, str]]:
    """Reason → names, in the order in which reasons first come; fields of many commands are told once."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, why in lacking.items():
        command, _, part = name.partition(".")
        found.setdefault(why, {}).setdefault(part or command, []).append(command)
    shown = []
    for why, parts in found.items():
        names = [
            markdown.code(part) if part == commands[0] or len(commands) > 1 else markdown.code(f"{commands[0]}.{part}")
            for part, commands in parts.items()
        ]
        shown.append((why, ", ".join(names)))
    return shown


def _own() -> list[type[BaseCmd]]:
    known = {command for group in groups() for command in (*group.there, *group.missing)}
    return [command for command in registry.all() if command.name not in known]
