"""The smallest plugin."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from cloudstack.plugin import hookimpl


def hook(name: str, function: Callable[..., Any]) -> Any:
    """A plugin with one hook."""
    return SimpleNamespace(**{name: hookimpl(function, specname=name)})
