"""The page of states: transition tables as figures."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from apps.portal.reference import markdown

INTRODUCTION = """\
Drawn from the tables in the `states.py` of each app. A state changes only along an arrow, by one `UPDATE` that
names the old state. Boxes with a thick border are transitional: a live job owns whatever is in them."""
SUFFIX = "_TRANSITIONS"
Table = Mapping[tuple[str, str], str]


def page() -> str:
    return markdown.page("States", INTRODUCTION, *sections())


def sections() -> Iterator[str]:
    for config in apps.get_app_configs():
        if config.module is None or not module_has_submodule(config.module, "states"):
            continue
        module = import_module(f"{config.name}.states")
        for nouns, table in tables(module).items():
            transitional = getattr(module, f"{nouns[0]}_TRANSITIONAL", ())
            yield f"## {_title(nouns)}\n\n{figure(table, frozenset(map(str, transitional)))}"


def tables(module: ModuleType) -> dict[tuple[str, ...], Table]:
    """The transition tables of a module by what goes along them; several nouns may share one table."""
    found: dict[int, tuple[list[str], Table]] = {}
    for name, value in vars(module).items():
        if name.endswith(SUFFIX) and isinstance(value, dict):
            found.setdefault(id(value), ([], value))[0].append(name.removesuffix(SUFFIX))
    return {tuple(nouns): table for nouns, table in found.values()}


def figure(table: Table, transitional: frozenset[str] = frozenset()) -> str:
    """The table as a state diagram of Mermaid."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (old, event), new in table.items():
        arrows[str(old), str(new)].append(event)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {_id(old)} --> {_id(new)} : {', '.join(events)}" for (old, new), events in arrows.items()]
    shown = sorted({state for pair in arrows for state in pair if state in transitional})
    if shown:
        lines.append("    classDef transitional stroke-width:3px")
        lines.append(f"    class {','.join(map(_id, shown))} transitional")
    return "\n".join([*lines, "```"])


def _id(state: str) -> str:
    return re.sub(r"\W", "_", state)


def _title(nouns: tuple[str, ...]) -> str:
    text = " and ".join(noun.lower().replace("_", " ") for noun in nouns)
    return markdown.title(text)
