"""Writes ``docs/reference`` from what the code declares."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.portal.reference import pages


class Command(BaseCommand):
    help = "Writes the pages of docs/reference from the code. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is out of date")
        parser.add_argument("--folder", type=Path, help="where to write (default: docs/reference)")

    def handle(self, *args: Any, check: bool, folder: Path | None, **options: Any) -> None:
        folder = folder or Path(settings.BASE_DIR) / "docs" / "reference"
        stale = {name: text for name, text in pages().items() if _read(folder / name) != text}
        if check and stale:
            raise CommandError(f"out of date: {', '.join(stale)}; run manage.py write_reference")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in stale.items():
            (folder / name).write_text(text, encoding="utf-8")
        self.stdout.write(f"wrote {', '.join(stale)}" if stale else "nothing to write")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
