"""The page of hooks: what plugins may implement, with their exact arguments."""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from apps.portal.reference import markdown
from cloudstack.framework.plugins import hookspecs
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import API_VERSION

INTRODUCTION = f"""\
Functions that the `hooks.py` of a plugin may have, marked with `@hookimpl` of `cloudstack.plugin`. Names and arguments
are exact: a misspelt hook or an argument that is not listed here takes the plugin out, with a sentence that says so. A
function may leave arguments out that it does not need. This is version {API_VERSION} of the interface. Each has a page
with an example, grouped by [what one wants to do](../plugins/README.md); to begin with:
[write a plugin](../how-to/write-a-plugin.md)."""
EACH_PLACEMENT = frozenset({"register_host_filters", "register_host_weighers"})
KINDS = {
    "placement": "Asked of every plugin at start, and anew for each placement; the answers are joined.",
    "register": "Asked of every plugin at start; the answers are joined.",
    "choose": "Asked of each plugin in turn; the first answer that is not None counts.",
    "override": "Asked of each plugin in turn; the first answer that is not None counts.",
    "told": "Told to every plugin; the answer is not read, an error is logged and reaches nobody else.",
}


def page() -> str:
    return markdown.page("Hooks", INTRODUCTION, *(_subject(module) for module in hookspecs.ALL))


def specifications(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The hooks of one subject, in the order of their declaration."""
    for name, function in vars(module).items():
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            yield name, function


def signature(name: str, function: Callable[..., Any]) -> str:
    """The hook as a plugin writes it: ``job_finished(job_uuid, workflow, status)``."""
    return f"{name}({', '.join(inspect.signature(function).parameters)})"


def _subject(module: ModuleType) -> str:
    title = module.__name__.rpartition(".")[2]
    parts = [f"## {markdown.title(title)}", markdown.sentence(inspect.getdoc(module) or "")]
    for name, function in specifications(module):
        parts += [
            f"### {name}",
            f"```python\n@hookimpl\ndef {signature(name, function)}:\n```",
            markdown.sentence(inspect.getdoc(function) or ""),
            f"{_kind(name)} [How to use it, with an example](../plugins/{name}.md).",
        ]
    return "\n\n".join(parts)


def _kind(name: str) -> str:
    spec = getattr(pm.hook, name).spec
    verb = name.split("_")[0]
    if name in EACH_PLACEMENT:
        return KINDS["placement"]
    if spec is not None and spec.opts.get("firstresult"):
        return KINDS["choose"]
    return KINDS.get(verb, KINDS["told"])
