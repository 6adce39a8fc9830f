"""``manage.py startplugin``: the folder of a new plugin, with tests that pass."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.templates import TemplateCommand

from cloudstack import __version__

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "plugin_templates"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,23}")
"""The longest one still leaves room for the names of its indexes."""


EVERY = "_every"
"""The folder of what plugins of all kinds have alike."""
KINDS = {
    "features": "something that users own, with commands, pages and limits of sight",
    "hypervisors": "a driver of hosts that run machines",
    "images": "a driver of stores that keep images of templates",
    "metrics": "figures for whoever watches the cloud",
    "network": "an element that gives networks services",
    "notifications": "a way on which alerts reach people",
    "placement": "a preference for hosts",
    "storage": "a driver of pools that keep volumes",
}
"""Kind of plugin that there is a beginning for → what it gives. Each has a folder of templates."""


def kinds() -> list[str]:
    """Kinds of plugins that there is a beginning for."""
    return list(KINDS)


class Command(TemplateCommand):
    """Fills in the templates of a kind, as Django's ``startapp`` does."""

    help = (
        f"Makes the folder of a new plugin: {'; '.join(f'{kind}: {gives}' for kind, gives in KINDS.items())}. What is "
        "made works and passes its own tests; drivers keep machines, volumes or images as files in a folder until "
        "calls to a real system stand there. docs/how-to/write-a-plugin.md and test-a-plugin.md tell more."
    )
    rewrite_template_suffixes = ((".py-tpl", ".py"), (".toml-tpl", ".toml"))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="lower-case letters, digits and _, at most 24: names folder, label and tables")
        parser.add_argument("--kind", choices=kinds(), default="features", help="default: %(default)s")
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "plugins",
            help="holds <kind>/<name>/; one outside the project is named to the portal by CLOUDSTACK_PLUGINS_PATH "
            "(default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name, kind, folder = options.pop("name"), options["kind"], options["folder"]
        if not _NAME.fullmatch(name):
            raise CommandError(f"the name {name!r} must be 2 to 24 lower-case letters, digits and _, a letter first")
        target = folder / kind / name
        if target.exists():
            raise CommandError(f"{target} is there already")
        target.mkdir(parents=True)
        if folder == settings.BASE_DIR / "plugins" and not (package := target.parent / "__init__.py").exists():
            package.write_text(f'"""Plugins of the kind {kind}."""\n')
        options |= {
            "extensions": ["py", "toml"],
            "files": [],
            "package": f"plugins.{kind}.{name}",
            "channel": name.replace("_", "-"),
            "words": name.replace("_", " "),
            "platform": __version__,
        }
        for template in (EVERY, kind):
            super().handle("app", name, str(target), **options | {"template": str(TEMPLATES / template)})
        shown = target.relative_to(settings.BASE_DIR) if target.is_relative_to(settings.BASE_DIR) else target
        path = "" if target.is_relative_to(settings.BASE_DIR) else f"CLOUDSTACK_PLUGINS_PATH={folder} "
        self.stdout.write(f"made {shown}; next: {path}manage.py checkplugin {name} --tests")

    def validate_name(self, name: str, name_or_dir: str = "name") -> None:
        """Its package lies below ``plugins``: the name may be that of another module."""
