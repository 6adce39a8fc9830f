"""The folder of any plugin may be taken away: the platform starts, and tests know what they skip."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.about_plugins import REPO

pytestmark = pytest.mark.slow

FOLDERS = sorted(str(path.parent.relative_to(REPO / "plugins")) for path in REPO.glob("plugins/*/*/plugin.toml"))
PARTS = (
    "apps",
    "bin",
    "cloudstack",
    "docs",
    "lab",
    "plugins",
    "tests",
    "templates",
    "static",
    "locale",
    "manage.py",
    "pyproject.toml",
)
STARTS = """
import django
django.setup()
from django.core.management import call_command
from cloudstack.framework.plugins.manager import pm
call_command("check")
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
call_command("migrate", plan=True, verbosity=0)
assert not [name for name, status in pm.statuses.items() if not status.enabled], pm.statuses
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project once more, of hard links where the file system lets them."""
    root = tmp_path_factory.mktemp("apart") / "tree"
    for part in PARTS:
        if (REPO / part).is_dir():
            shutil.copytree(REPO / part, root / part, copy_function=_link, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            _link(str(REPO / part), str(root / part))
    return root


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def without(tree: Path, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs Python in the tree while a plugin's folder is away."""

    def run(folder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "data").mkdir(exist_ok=True)
        away = shutil.move(tree / "plugins" / folder, tmp_path / "away")
        try:
            return subprocess.run(
                [sys.executable, *arguments],
                cwd=tree,
                env=_surroundings(tmp_path / "data"),
                capture_output=True,
                text=True,
                check=False,
                timeout=180,
            )
        finally:
            shutil.move(away, tree / "plugins" / folder)

    return run


def _surroundings(data: Path) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "cloudstack.settings.dev",
        "CLOUDSTACK_DATA": str(data),
        "REDIS_URL": os.environ["REDIS_URL"],
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_platform_starts_without_it(
    without: Callable[..., "subprocess.CompletedProcess[str]"], folder: str
) -> None:
    done = without(folder, "-c", STARTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_that_need_it_are_skipped_by_name(without: Callable[..., "subprocess.CompletedProcess[str]"]) -> None:
    folder = "hypervisors/simulator"
    done = without(folder, "-m", "pytest", "--collect-only", "-q", "tests/unit")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    collected = done.stdout.splitlines()
    assert any(line.endswith(f"::needs plugin {folder}") or f"{folder} and" in line for line in collected)
    assert any(line.startswith("tests/unit/api/test_routes.py::test_") for line in collected)
