"""Services name workflows instead of importing them; here every name is checked."""

import ast
import re
from pathlib import Path

from cloudstack.framework.jobs import registry
from cloudstack.framework.jobs.steps import Workflow

REPO = Path(__file__).resolve().parent.parent.parent
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}")


def dispatched_names(source: str) -> set[str]:
    """The workflow names that a module hands to ``dispatch`` or to a method that ends in ``dispatch``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if not called.endswith("dispatch") or not node.args:
            continue
        first = node.args[0]
        # A name chosen by condition counts with both its values.
        choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
        for choice in choices:
            if isinstance(choice, ast.Constant) and isinstance(choice.value, str) and NAME.fullmatch(choice.value):
                found.add(choice.value)
    return found


def used_names() -> dict[str, str]:
    places = [path for part in ("apps", "plugins") for path in (REPO / part).rglob("*.py") if "tests" not in path.parts]
    return {name: str(path.relative_to(REPO)) for path in places for name in dispatched_names(path.read_text())}


def test_every_dispatched_workflow_exists() -> None:
    used = used_names()
    assert used
    assert {name: place for name, place in used.items() if name not in registry.names()} == {}


def test_every_workflow_is_named_app_noun_verb() -> None:
    assert [name for name in registry.names() if not NAME.fullmatch(name)] == []


def test_every_workflow_does_something_and_its_steps_have_titles() -> None:
    for name in sorted(registry.names()):
        steps = registry.get(name).steps
        # A change of the database alone has no step, only a last word.
        last_words = (registry.get(name).on_succeeded, registry.get(name).load)
        assert steps or last_words != (Workflow.on_succeeded, Workflow.load), name
        assert [step.__name__ for step in steps if not getattr(step, "title", "")] == [], name


def test_the_search_finds_names() -> None:
    source = 'dispatch("a.b.c", x=1)\nself._dispatch("a.b.d" if y else "a.b.e")\nother("a.b.f")\ndispatch("no name")'
    assert dispatched_names(source) == {"a.b.c", "a.b.d", "a.b.e"}
