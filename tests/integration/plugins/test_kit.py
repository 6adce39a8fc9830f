"""The test kit reaches plugins outside: an installed wheel by checkplugin, a project of its own by one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack.runtime.config import REPO
from tests.integration.plugins import wheel

TEST = """
import pytest
from cloudstack.testing.api import ApiError
from cloudstack_tea.models import Cup


def test_operators_pour_tea_whichever_worker_dies(client_of_role, tenants, faults):
    faults.crash_at("SteepStep")
    assert tenants.run(client_of_role("root").call("pourTea", name="Ann"))["jobstatus"] == 1
    assert Cup.objects.get().steeped


def test_others_do_not(client_of_role):
    for role in ("domain_admin", "user", "anonymous"):
        with pytest.raises(ApiError):
            client_of_role(role).call("pourTea", name="Ann")
"""


def run(folder: Path, path: list[Path], *words: str) -> str:
    """Run Python with ``path`` to look for modules in; what it said, which must end well."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "DJANGO_SETTINGS_MODULE": "cloudstack.settings.test",
        "CLOUDSTACK_DATA": str(folder / "data"),
    }
    for inherited in ("DATABASE_URL", "CLOUDSTACK_TEST_RUN", "PYTEST_XDIST_WORKER"):
        environment.pop(inherited, None)
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_plugin_of_a_project_of_its_own_is_tested_with_the_kit(tmp_path: Path) -> None:
    project, site = wheel.write(tmp_path / "tea"), tmp_path / "site"
    tests = project / "src" / "cloudstack_tea" / "tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    (tests / "test_tea.py").write_text(TEST)
    (project / "conftest.py").write_text('pytest_plugins = ["cloudstack.testing.fixtures"]\n')
    uv = [sys.executable, "-m", "uv", "--offline", "--no-cache"]
    subprocess.run([*uv, "build", "--wheel", "--out-dir", tmp_path / "dist", project], check=True, capture_output=True)
    [built] = (tmp_path / "dist").glob("*.whl")
    install = [*uv, "pip", "install", "--python", sys.executable, "--no-deps", "--target", site, built]
    subprocess.run(install, check=True, capture_output=True)

    said = run(tmp_path, [REPO, site], str(REPO / "manage.py"), "checkplugin", "tea", "--tests")
    assert "plugin tea is well" in said and "2 passed" in said
    own = run(project, [REPO, project / "src", site], "-m", "pytest", "-q", "--nomigrations", "src")
    assert "2 passed" in own
