"""A plugin is begun with one command, checked with another, and told what is wrong with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack.framework.plugins.management.commands.startplugin import kinds
from cloudstack.runtime.config import REPO

pytestmark = pytest.mark.xdist_group("authoring")


def manage(folder: Path, *words: str) -> tuple[int, str]:
    """Status and words of ``manage.py``, which knows the plugins in ``folder``."""
    environment = os.environ | {"CLOUDSTACK_PLUGINS_PATH": str(folder), "CLOUDSTACK_DATA": str(folder / "data")}
    environment.pop("DATABASE_URL", None)
    environment["DJANGO_SETTINGS_MODULE"] = "cloudstack.settings.test"
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outside the project: a new plugin of each kind."""
    folder = tmp_path_factory.mktemp("outside")
    for kind in kinds():
        status, said = manage(folder, "startplugin", f"my_{kind}", "--kind", kind, "--folder", str(folder))
        assert status == 0 and f"checkplugin my_{kind} --tests" in said, said
    return folder


def test_what_is_begun_is_well_and_passes_its_own_tests(folder: Path) -> None:
    status, said = manage(folder, "checkplugin", *(f"my_{kind}" for kind in kinds()), "--tests")
    assert status == 0, said
    assert {f"plugin my_{kind} is well" for kind in kinds()} <= set(said.splitlines())
    assert "6 passed" in said


def test_what_is_wrong_is_told_at_its_place(folder: Path) -> None:
    broken = folder / "features" / "my_features"
    models, service = broken / "models.py", broken / "service.py"
    models.write_text(models.read_text().replace("max_length=255", "max_length=100"))
    service.write_text(service.read_text() + "\nimport apps.compute.models\nfrom cloudstack import api\n")
    (broken / "tests" / "test_my_features.py").unlink()
    (broken / "admin.py").unlink()
    status, said = manage(folder, "checkplugin", "my_features")
    assert status == 1
    for words in (
        "my_features: service.py:25: imports apps.compute.models; a plugin may import cloudstack.plugin",
        "my_features: service.py:26: imports cloudstack.api",
        "my_features: migrations: do not say what the models say",
        "my_features: MyFeatures: has no page in the admin",
        "my_features: tests: there is no test of it",
    ):
        assert words in said
    assert "is well" not in said


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("startplugin", "My-Plugin"), "2 to 24 lower-case letters"),
        (("startplugin", "my_features"), "is there already"),
        (("startplugin", "x1", "--kind", "tea"), "invalid choice: 'tea' (choose from"),
        (("checkplugin", "nobody"), "there is no plugin 'nobody'; there are"),
    ],
    ids=["name", "twice", "kind", "unknown"],
)
def test_bad_words_are_refused(folder: Path, words: tuple[str, ...], wrong: str) -> None:
    more = ("--folder", str(folder)) if words[0] == "startplugin" else ()
    status, said = manage(folder, *words, *more)
    assert status != 0 and wrong in said
    assert not (folder / "features" / "My-Plugin").exists()
