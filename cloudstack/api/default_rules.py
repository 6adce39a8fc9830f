"""Rules over plugins' own commands for default roles; see the hook ``register_role_rules``."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.api import registry
from cloudstack.framework.plugins.manager import pm

HOOK = "register_role_rules"


@dataclass(frozen=True, kw_only=True)
class RoleRule:
    """``role`` is the name of a role that came with the installation, ``rule`` names commands (``list*``)."""

    role: str
    rule: str
    allow: bool = True


_rules: list[tuple[str, RoleRule, frozenset[str]]] = []
_version = 0


def register_plugin_rules() -> None:
    """Take in what plugins give, after their commands: a rule is about the plugin's own ones only."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, rule: Any) -> None:
    if not isinstance(rule, RoleRule):
        raise ImproperlyConfigured(f"{HOOK}: {rule!r} is no RoleRule")
    pattern = registry.compile_rule(rule.rule)
    own = frozenset(name for name in registry.given_by(plugin) if pattern.fullmatch(name))
    if not own:
        raise ImproperlyConfigured(f"{HOOK}: {rule.rule!r} names no command of the plugin")
    _change()
    _rules.append((plugin, rule, own))


def _drop(rule: RoleRule) -> None:
    _change()
    _rules[:] = [entry for entry in _rules if entry[1] is not rule]


def _change() -> None:
    global _version
    _version += 1


def version() -> int:
    """Another number whenever the rules have changed: for caches of what they come to."""
    return _version


def verdict(role: str, command: str) -> bool | None:
    """What plugins say of ``command`` for the default role of that name; None: nothing."""
    for _, rule, own in _rules:
        if rule.role == role and command in own:
            return rule.allow
    return None
