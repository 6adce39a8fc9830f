"""Hook specifications are the promise to plugin authors: each says what it is for and what comes back."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from cloudstack.framework.plugins import hookspecs

PREFIXES = ("register_", "choose_", "filter_", "override_")


def specifications() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (name, function)
        for module in hookspecs.ALL
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    ]


def test_there_are_specifications_and_no_name_twice() -> None:
    names = [name for name, _ in specifications()]
    assert names and len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "function"), specifications(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_specification_says_what_it_is_for(name: str, function: Callable[..., Any]) -> None:
    text = inspect.getdoc(function) or ""
    assert len(text) > 30 and text.rstrip().endswith("."), f"{name} needs a sentence about meaning and answer"


@pytest.mark.parametrize(
    ("name", "function"), specifications(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_specification_is_named_after_its_kind(name: str, function: Callable[..., Any]) -> None:
    last = name.rsplit("_", 1)[-1]
    assert name.startswith(PREFIXES) or last.endswith("ed"), (
        f"{name}: register_…, choose_…, filter_… or …_<past participle>"
    )


@pytest.mark.parametrize(
    ("name", "function"), specifications(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_specification_takes_named_arguments_only(name: str, function: Callable[..., Any]) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
