"""The dashboard and the alert rules ask only for what is shown."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django_prometheus import middleware
from django_prometheus.cache import metrics as of_caches
from prometheus_client import REGISTRY

from cloudstack.plugin.metrics import families
from plugins.metrics.prometheus import own

FOLDER = Path(own.__file__).parent
BOARD = json.loads((FOLDER / "grafana" / "cloudstack.json").read_text())
RULES = FOLDER / "rules" / "cloudstack.rules.yml"
UNIT_TESTS = Path(__file__).parent / "alerts.yml"

_NAME = re.compile(r"\b((?:cloudstack|django)_[a-z0-9_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
_LABELS = re.compile(r"(?:by|on|ignoring|group_left)\s*\(([^)]*)\)")


def shown() -> dict[str, set[str]]:
    """Names that a scrape may have, and their labels."""
    middleware.Metrics.get_instance()
    assert of_caches.django_cache_get_total  # they are known from their import on
    found = {family.name: set(family.labels) for family in (*families(), *own.FAMILIES)}
    for metric in REGISTRY._names_to_collectors.items():
        name, collector = metric
        found[name] = {*getattr(collector, "_labelnames", ()), "le"}
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


def rules() -> Iterator[tuple[str, str]]:
    """Read without a library of YAML: an expression goes on while its lines are further in than ``expr``."""
    name, lines = "", None
    for line in RULES.read_text().splitlines():
        if match := re.match(r"\s+- alert: (\w+)", line):
            name = match[1]
        elif match := re.match(r"\s+expr: (.*)", line):
            lines = [match[1].removeprefix(">-")]
        elif lines is not None and line.startswith(" " * 10):
            lines.append(line.strip())
        elif lines is not None:
            yield name, " ".join(lines)
            lines = None


ALL = [*expressions(), *rules()]


def test_there_is_something_to_look_at() -> None:
    assert len(list(expressions())) > 30 and len(list(rules())) > 15


@pytest.mark.parametrize(("where", "expression"), ALL, ids=[where for where, _ in ALL])
def test_every_name_and_label_is_shown(where: str, expression: str) -> None:
    known = shown()
    labels = {"instance", "job"}
    asked = _NAME.findall(expression)
    assert asked or "up{" in expression
    for name, matchers in asked:
        assert name in known, f"{where}: nothing is called {name}"
        wrong = set(_MATCHER.findall(matchers)) - known[name] - {"instance", "job"}
        assert not wrong, f"{where}: {name} has no label {wrong}"
        labels |= known[name]
    for names in _LABELS.findall(expression):
        wrong = {name.strip() for name in names.split(",")} - labels
        assert not wrong, f"{where}: none of its names has the label {wrong}"


def test_panels_lie_beside_each_other_and_have_names() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["title"]
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def promtool(*arguments: str | Path) -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("there is no promtool here: as root, bin/bootstrap --dev installs prometheus")
    run = subprocess.run([program, *map(str, arguments)], text=True, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_prometheus_takes_the_rules() -> None:
    assert f"SUCCESS: {len(list(rules()))} rules found" in promtool("check", "rules", RULES)


def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m").replace("$zone", ".*")}
        for number, (_, expression) in enumerate(expressions())
    ]
    path = tmp_path / "dashboard.yml"
    # JSON is YAML.
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": records}]}))
    assert f"SUCCESS: {len(records)} rules found" in promtool("check", "rules", path)


def test_alerts_go_off_when_they_should(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yml"
    path.write_text(UNIT_TESTS.read_text().replace("RULES", str(RULES)))
    assert "SUCCESS" in promtool("test", "rules", path)
