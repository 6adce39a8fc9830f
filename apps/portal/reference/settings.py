"""The page of operator settings."""

from collections import defaultdict

from apps.portal.reference import markdown
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.configuration.registry import all_keys

INTRODUCTION = f"""\
Settings that operators change while the cloud runs: `listConfigurations`, `updateConfiguration`, `resetConfiguration`.
Every process follows a change within {store.TRUST_S:g} seconds. A setting with another scope than *global* may have a
value of its own for one object of that kind; all others follow the global value. Variables of the environment are in
[environment.md](environment.md)."""
TYPE_NAMES = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def page() -> str:
    groups: dict[str, list[ConfigKey]] = defaultdict(list)
    for key in all_keys():
        groups[key.category].append(key)
    sections = (
        f"## {category}\n\n"
        + markdown.table(("setting", "type", "default", "scope", "meaning"), map(_row, groups[category]))
        for category in sorted(groups)
    )
    return markdown.page("Settings", INTRODUCTION, *sections)


def _row(key: ConfigKey) -> tuple[str, str, str, str, str]:
    default = "" if key.secret else markdown.code(key.text(key.default))
    scope = "" if key.scope == Scope.GLOBAL else str(key.scope)
    return markdown.code(key.name), _type(key), default, scope or "global", key.description


def _type(key: ConfigKey) -> str:
    if key.choices:
        return f"one of {', '.join(key.choices)}"
    bounds = [f"{word} {bound:g}" for word, bound in (("from", key.minimum), ("to", key.maximum)) if bound is not None]
    secret = ["secret"] if key.secret else []
    return " ".join([TYPE_NAMES[key.type], *bounds, *secret])
