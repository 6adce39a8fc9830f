"""Isolation is in the query: whoever asks is a required argument of every service and of every selector of a door."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
# Method: why nobody calls it on his own behalf.
EXEMPT = {
    "LimitManager.reserve": "counts inside the transaction of a service that has checked its caller",
    "LimitManager.release": "counts inside the transaction of a service or a job",
    "LimitManager.adjust": "counts inside the transaction of a service or a job",
    "LimitManager.count": "the owner pays, whoever calls",
    "LimitManager.hold": "the owners pay, whoever calls",
    "LimitManager.ensure_room": "the owner pays, whoever calls",
    "PowerSyncManager.report": "a hypervisor reports, not a caller",
    "PowerSyncManager.report_host": "a hypervisor reports, not a caller",
    "PowerSyncManager.report_hosts": "a hypervisor reports, not a caller",
    "SshKeyPairManager.named": "takes the owner, whom the command has resolved for its caller",
    "ApiKeyManager.remove_all": "follows the removal of a user, which was checked",
    "TokenManager.remove_all": "follows the removal of a user, which was checked",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(body: list[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def required_keywords(function: Function) -> set[str]:
    arguments = function.args
    return {
        argument.arg
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }


def modules(kind: str) -> list[Path]:
    """Modules of the ``services`` or ``selectors`` of all apps."""
    found = [path for path in (REPO / "apps").rglob("*.py") if kind in path.parts or path.stem == kind]
    assert found
    return found


def without_caller(tree: ast.Module) -> Iterator[str]:
    """Methods of managers that nobody need say who calls."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or not node.name.endswith("Manager"):
            continue
        for method in public_functions(node.body):
            internal = method.name.endswith("_for_job") or method.name in {"__init__"}
            if not internal and "caller" not in required_keywords(method):
                yield f"{node.name}.{method.name}"


def test_every_method_of_a_manager_asks_who_calls() -> None:
    guilty = {
        name: str(path.relative_to(REPO))
        for path in modules("services")
        for name in without_caller(ast.parse(path.read_text()))
    }
    assert {name: place for name, place in guilty.items() if name not in EXEMPT} == {}
    assert set(EXEMPT) - set(guilty) == set(), "no longer needed"


def unscoped(tree: ast.Module) -> Iterator[str]:
    for function in public_functions(tree.body):
        if function.name.endswith("_visible_to") and "caller" not in required_keywords(function):
            yield function.name
        if function.name.endswith("_for_job") and "caller" in required_keywords(function):
            yield function.name


def test_scoped_selectors_take_the_caller_and_those_of_jobs_do_not() -> None:
    guilty = [
        f"{path.relative_to(REPO)}: {name}"
        for path in modules("selectors")
        for name in unscoped(ast.parse(path.read_text()))
    ]
    assert guilty == []


def test_no_door_uses_a_selector_of_jobs() -> None:
    """Only workflows, and what they call, read without asking who is there."""
    doors = [
        path
        for kind in ("commands", "responses", "web", "admin")
        for path in (REPO / "apps").rglob("*.py")
        if kind in path.relative_to(REPO).parts
    ]
    guilty = [
        f"{path.relative_to(REPO)}:{node.lineno}"
        for path in doors
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and any(name.name.endswith("_for_job") for name in node.names)
    ]
    assert guilty == []


def test_the_search_finds_what_it_looks_for() -> None:
    source = "class XManager:\n def a(self, *, caller): ...\n def b(self, *, caller=None): ...\n def _c(self): ...\n"
    assert list(without_caller(ast.parse(source))) == ["XManager.b"]
    assert list(unscoped(ast.parse("def vms_visible_to(): ...\ndef vm_for_job(*, caller): ..."))) == [
        "vms_visible_to",
        "vm_for_job",
    ]
