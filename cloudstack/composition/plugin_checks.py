"""What can be told of a plugin without using it: its manifest, imports, hooks, tables, commands, pages and tests."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import AppConfig, apps
from django.contrib import admin
from django.core.management import call_command

from cloudstack.api import registry
from cloudstack.framework.errors import CloudError
from cloudstack.framework.plugins.manager import PluginStatus, pm, within

if TYPE_CHECKING:
    from apps.accounts.admin.base import CloudAdmin

_INSIDE = ("cloudstack", "apps", "lab", "plugins")
_OPEN = ("cloudstack.plugin", "cloudstack.contracts")
_OPEN_TO_TESTS = (*_OPEN, "cloudstack.testing")
_SUITES = {
    "register_hypervisor_drivers": "HypervisorConformance",
    "register_storage_drivers": "PrimaryStorageConformance",
    "register_image_store_drivers": "ImageStoreConformance",
    "register_network_elements": "NetworkElementConformance",
    "register_host_agents": "HostAgentConformance",
    "register_host_discoveries": "HostDiscoveryConformance",
}
"""Hook that gives drivers → the suite that a test of the plugin must subclass."""


@dataclass(frozen=True)
class Complaint:
    """Something that the author should mend. ``place``: a file, a hook, a command or a model."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def check_plugin(name: str, further_tests: Iterable[Path] = ()) -> list[Complaint]:
    """All that is wrong with a plugin; empty when nothing is. Raises ``LookupError`` when none has the name.

    ``further_tests``: files and folders with tests of it beside its own folder.
    """
    if name not in pm.statuses:
        raise LookupError(f"there is no plugin {name!r}; there are {', '.join(sorted(pm.statuses)) or 'none'}")
    status = pm.statuses[name]
    if not status.enabled:
        return [Complaint("it is out of service", f"{status.state}: {status.error}")]
    config = apps.get_app_config(name)
    return [
        *_manifest(status),
        *_imports(config),
        *_hooks(status),
        *_migrations(config),
        *_commands(name),
        *_models(config),
        *_tests(status, [Path(config.path) / "tests", *further_tests]),
    ]


def _manifest(status: PluginStatus) -> Iterator[Complaint]:
    for key in ("version", "description"):
        if not getattr(status, key):
            yield Complaint("plugin.toml", f"says no {key}; operators see it on the page of plugins")


def _imports(config: AppConfig) -> Iterator[Complaint]:
    root = Path(config.path)
    for path in sorted(root.rglob("*.py")):
        place = str(path.relative_to(root))
        is_test = path.relative_to(root).parts[0] == "tests"
        if is_test and path.name == "bench.py":
            continue  # a part of bin/bench measures the platform itself
        allowed = (*(_OPEN_TO_TESTS if is_test else _OPEN), config.name)
        try:
            found = list(imports_of(path))
        except (SyntaxError, UnicodeDecodeError) as error:
            yield Complaint(place, f"cannot be read: {error}")
            continue
        for module, line in found:
            if module.split(".")[0] in _INSIDE and not any(within(module, one) for one in allowed):
                yield Complaint(f"{place}:{line}", f"imports {module}; a plugin may import {', '.join(allowed)}")


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """What a Python file imports, also inside functions and for types only, with the line of each.

    Raises ``SyntaxError`` and ``UnicodeDecodeError``.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, node.lineno) for one in node.names)


def _hooks(status: PluginStatus) -> Iterator[Complaint]:
    if not status.hooks:
        yield Complaint("hooks.py", "gives nothing: there is no function with @hookimpl and no gives(…)")


def _migrations(config: AppConfig) -> Iterator[Complaint]:
    if not list(config.get_models()):
        return
    said = StringIO()
    try:
        with warnings.catch_warnings():
            # Of a database that cannot be asked: models and migrations are compared without one.
            warnings.filterwarnings("ignore", "Got an error checking a consistent migration history", RuntimeWarning)
            call_command("makemigrations", config.label, check=True, dry_run=True, stdout=said, stderr=said)
    except SystemExit:
        lines = " ".join(said.getvalue().split())
        yield Complaint("migrations", f"do not say what the models say; run makemigrations {config.label}: {lines}")


def _commands(name: str) -> Iterator[Complaint]:
    for command in registry.given_by(name):
        declared = registry.get(command)
        if not (declared.__doc__ or "").strip():
            yield Complaint(command, "has no docstring; it is its text in the reference and in listApis")


def _models(config: AppConfig) -> Iterator[Complaint]:
    # Not above: who reads a file's imports needs no apps that are ready.
    from apps.accounts.admin.base import CloudAdmin

    inlined = {inline.model for page in admin.site._registry.values() for inline in page.inlines}
    for model in config.get_models():
        page = admin.site._registry.get(model)
        if page is None and model not in inlined:
            yield Complaint(model.__name__, "has no page in the admin, nor an inline: operators cannot see its rows")
        elif isinstance(page, CloudAdmin):
            yield from _buttons(page)


def _buttons(page: "CloudAdmin") -> Iterator[Complaint]:
    """Buttons that can only fail: their command requires what nobody gives it."""
    place = type(page).__name__
    for button in page.all_commands():
        if button.call is not None:
            continue
        try:
            params = registry.get(button.command).params.values()
        except CloudError:
            yield Complaint(place, f"has a button {button.label!r} for {button.command}, which is no command")
            continue
        asks = button.questions
        if button.params is not None or any(ask.fills is not None for ask in asks):
            continue  # what they give is known for an object only
        given = {button.parameter, *button.fixed, *(ask.parameter for ask in asks)}
        lacks = [one.wire for one in params if one.required and one.wire not in given]
        if lacks:
            yield Complaint(
                place,
                f"has a button {button.label!r} that sends {button.command} no {', '.join(lacks)}, which it requires; "
                "give it by fixed, params, or ask (AdminCommand)",
            )


def _tests(status: PluginStatus, places: Iterable[Path]) -> Iterator[Complaint]:
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.glob("**/test_*.py")))]
    texts = [path.read_text(encoding="utf-8") for path in files]
    if not any(re.search(r"^\s*def test_|^class \w+\(.*Conformance\b", text, re.M) for text in texts):
        yield Complaint("tests", "there is no test of it in the folder tests/")
    for hook in sorted(_SUITES.keys() & set(status.hooks)):
        suite = _SUITES[hook]
        if not any(re.search(rf"class \w+\(.*\b{suite}\b", text) for text in texts):
            yield Complaint(hook, f"its driver is not tried: no class in tests/ is made from {suite}")
