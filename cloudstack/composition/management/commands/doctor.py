"""``manage.py doctor``: is all well with this installation?"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cloudstack.framework import doctor


class Command(BaseCommand):
    """Ends with status 1 when something is not well."""

    help = "Looks at database, cache, broker, workers, clock and plugins, and says what is wrong and what would help."
    # What it is asked for may be the reason why other checks fail.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON for programs")
        parser.add_argument("--only", default="", metavar="plugin", help="ask this plugin's checks, and no others")
        parser.add_argument("--limit", type=float, default=doctor.LIMIT_S, help="seconds that each check gets")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(options["limit"], only=options["only"])
        if options["json"]:
            lines = [
                {"check": one.name, "plugin": one.plugin, "well": f.well, "text": f.text, "remedy": f.remedy}
                for one in found
                for f in one.findings
            ]
            self.stdout.write(json.dumps(lines))
        else:
            for one in found:
                for finding in one.findings:
                    self._say(one, finding)
        if not all(finding.well for one in found for finding in one.findings):
            raise SystemExit(1)

    def _say(self, one: doctor.Diagnosis, finding: doctor.Finding) -> None:
        mark = self.style.SUCCESS("well ") if finding.well else self.style.ERROR("wrong")
        name = one.name if one.plugin == "platform" else f"{one.plugin}: {one.name}"
        remedy = f" → {finding.remedy}" if finding.remedy and not finding.well else ""
        self.stdout.write(f"{mark}  {name:<12} {finding.text}{remedy}")
