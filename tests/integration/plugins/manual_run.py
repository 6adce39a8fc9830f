"""The process that has all plugins of the manual: migrations, the author's check, and their tests.

Called with a folder that holds ``plugins/`` and gets ``answer.json``.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Generator
from io import StringIO
from pathlib import Path

import django
import pytest


class Outcomes:
    """What became of the tests, by plugin."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.failed: dict[str, list[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        name = item.path.parent.parent.name
        if report.failed:
            self.failed.setdefault(name, []).append(f"{report.nodeid}\n{report.longreprtext}")
        elif report.when == "call" and report.passed:
            self.passed[name] += 1
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.setdefault("collection", []).append(f"{report.nodeid}\n{report.longreprtext}")


def main(folder: Path) -> None:
    guests = folder / "plugins"
    names = {path.parent.name: path.parent for path in sorted(guests.glob("*/*/plugin.toml"))}
    django.setup()

    from django.core.management import call_command

    from cloudstack.composition.plugin_checks import check_plugin
    from cloudstack.framework.plugins.manager import pm

    with_tables = [name for name, path in names.items() if (path / "models.py").exists() and pm.in_service(name)]
    if with_tables:
        call_command("makemigrations", *with_tables, stdout=StringIO())
    told = {
        name: {"hooks": pm.statuses[name].hooks, "complaints": [str(one) for one in check_plugin(name)]}
        for name in names
    }
    outcomes = Outcomes()
    root = Path.cwd()
    options = ["-q", "--nomigrations", "-c", "pyproject.toml", f"--rootdir={root}", "-p", "no:xdist"]
    options += ["-p", "cloudstack.testing.fixtures"]
    pytest.main([*options, *map(str, names.values())], plugins=[outcomes])
    for name, one in told.items():
        one |= {"passed": outcomes.passed[name], "failed": outcomes.failed.get(name, [])}
    answer = {"plugins": told, "collection": outcomes.failed.get("collection", [])}
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    # What pytest measures of the run that started this one is none of its business.
    for variable in [name for name in os.environ if name.startswith("PYTEST_")]:
        del os.environ[variable]
    main(Path(sys.argv[1]))
