"""All commands by name. Subclasses of ``BaseCmd`` come here by themselves when their module is imported."""

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.api import authentication
from cloudstack.framework.errors import UnsupportedCommand
from cloudstack.framework.plugins.manager import pm, within

if TYPE_CHECKING:
    from cloudstack.api.base import BaseCmd
    from cloudstack.framework.context import Caller

_commands: dict[str, "type[BaseCmd]"] = {}
_givers: dict[str, str] = {}
"""Command → the plugin that gives it."""


def register(command: "type[BaseCmd]") -> None:
    """Add a command. Raises ``ImproperlyConfigured`` when another class has the name."""
    known = _commands.get(command.name)
    if known is not None and (known.__module__, known.__qualname__) != (command.__module__, command.__qualname__):
        raise ImproperlyConfigured(
            f"the command {command.name} is declared by {known.__module__} and by {command.__module__}"
        )
    _commands[command.name] = command


def unregister(command: "type[BaseCmd]") -> None:
    """Take a command away: a plugin that is found broken, or a test that is over."""
    if _commands.get(command.name) is command:
        del _commands[command.name]


def get(name: str) -> "type[BaseCmd]":
    """Names are case-sensitive. Raises ``UnsupportedCommand``."""
    try:
        return _commands[name]
    except KeyError:
        shown = name if len(name) <= 80 else f"{name[:77]}..."
        raise UnsupportedCommand(
            f"The given command: {shown} does not exist or is not available for user; listApis names those that are"
        ) from None


def find(name: str) -> "type[BaseCmd] | None":
    return _commands.get(name)


def all() -> "list[type[BaseCmd]]":
    """Every command, by name."""
    return [_commands[name] for name in sorted(_commands)]


def compile_rule(rule: str) -> re.Pattern[str]:
    """``list*`` → a pattern over whole names, whatever their case."""
    return re.compile(r"\w*".join(re.escape(part) for part in rule.split("*")), re.IGNORECASE)


def allowed(caller: "Caller", command: "str | type[BaseCmd]") -> bool:
    """Whether the caller's role admits the command."""
    cls = find(command) if isinstance(command, str) else command
    return cls is not None and (cls.anonymous or authentication.is_allowed(caller, cls))


def register_plugin_commands() -> None:
    """Take in what plugins give by the hook ``register_api_commands``; one that gives no command is taken out."""
    pm.take("register_api_commands", _register_of_plugin, unregister)


def _register_of_plugin(plugin: str, command: Any) -> None:
    from cloudstack.api.base import BaseCmd

    if not (isinstance(command, type) and issubclass(command, BaseCmd) and not command.abstract):
        raise ImproperlyConfigured(f"register_api_commands: {command!r} is no command")
    register(command)
    _givers[command.name] = plugin


def given_by(plugin: str) -> list[str]:
    """Names of the commands of ``plugin``."""
    return sorted(name for name, giver in _givers.items() if giver == plugin and name in _commands)


def _forget(package: str) -> None:
    for name in [name for name, command in _commands.items() if within(command.__module__, package)]:
        del _commands[name]


pm.when_out(_forget)
