"""``manage.py checkplugin``: what the author of a plugin should mend."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cloudstack.composition.plugin_checks import check_plugin


class Command(BaseCommand):
    """Ends with status 1 when there is something to mend."""

    help = (
        "Looks at a plugin's manifest, imports, hooks, migrations, commands, admin pages and tests, and whether each "
        "driver is put through the suite of its kind. docs/how-to/test-a-plugin.md tells of suites and fixtures."
    )
    # A plugin that fails Django's checks is to be told so in words.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", metavar="name", help="the plugin's name")
        parser.add_argument(
            "--tests", action="store_true", help="also run its tests, in a database made from the models as they are"
        )
        parser.add_argument(
            "--also",
            action="append",
            type=Path,
            default=[],
            metavar="PATH",
            help="a file or folder with tests of it outside its own folder; may be given again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if missing := [path for path in options["also"] if not path.exists()]:
            raise CommandError(f"--also: there is no {missing[0]}")
        well = True
        for name in options["names"]:
            try:
                found = check_plugin(name, options["also"])
            except LookupError as error:
                raise CommandError(error.args[0]) from None
            for complaint in found:
                self.stderr.write(f"plugin {name}: {complaint}")
            if not found:
                self.stdout.write(f"plugin {name} is well")
            well = well and not found
        if not well or (options["tests"] and not _tests_pass(options["names"], options["also"])):
            raise SystemExit(1)


def _tests_pass(names: list[str], further: list[Path]) -> bool:
    folders = [*(apps.get_app_config(name).path for name in names), *(str(path.resolve()) for path in further)]
    root = settings.BASE_DIR
    command = [sys.executable, "-m", "pytest", "-q", "--nomigrations", "-c", "pyproject.toml", f"--rootdir={root}"]
    command += ["-p", "cloudstack.testing.fixtures"]
    # Tests have settings of their own.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run([*command, *folders], cwd=root, env=environment, check=False).returncode == 0
