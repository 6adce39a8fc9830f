"""The short way to write a hook that registers things."""

from collections.abc import Callable
from typing import Any

from cloudstack.framework.plugins.markers import hookimpl


def gives(*things: Any) -> Callable[[], list[Any]]:
    """A hook that registers ``things``: ``register_api_commands = gives(CreateCoffee, ListCoffees)``.

    For plugins whose parts may be imported at start; write a function where that is to wait until it is asked.
    """

    def hook() -> list[Any]:
        return list(things)

    implementation: Callable[[], list[Any]] = hookimpl(hook)
    return implementation
