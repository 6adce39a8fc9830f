"""A plugin is begun with one command, checked with another, and told what is wrong with it."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cloudstack.framework.plugins.management.commands.startplugin import EVERY, TEMPLATES, kinds
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
        said = StringIO()
        call_command("startplugin", f"my_{kind}", kind=kind, folder=folder, stdout=said)
        assert f"CLOUDSTACK_PLUGINS_PATH={folder} manage.py checkplugin my_{kind} --tests" in said.getvalue()
    return folder


@pytest.mark.slow
def test_what_is_begun_is_well_and_passes_its_own_tests(folder: Path) -> None:
    status, said = manage(folder, "checkplugin", *(f"my_{kind}" for kind in kinds()), "--tests")
    assert status == 0, said
    assert {f"plugin my_{kind} is well" for kind in kinds()} <= set(said.splitlines())
    passed = re.search(r"(\d+) passed", said)
    assert passed and int(passed[1]) > 90, "the suites of the kinds of drivers among them"


def test_every_kind_has_its_templates_and_they_are_short() -> None:
    assert sorted(kinds()) == sorted(path.name for path in TEMPLATES.iterdir() if path.name != EVERY)
    for kind in kinds():
        lines = sum(len(path.read_text().splitlines()) for path in (TEMPLATES / kind).rglob("*-tpl"))
        assert lines < 300, kind


MORE_MODELS = """

class Hidden(models.Model):
    pass


class Line(models.Model):
    of = models.ForeignKey(MyFeatures, on_delete=models.CASCADE)
"""
ADMIN = """
from django.contrib import admin

from cloudstack.plugin.admin import CloudAdmin, CloudInline
from plugins.features.my_features.models import Line, MyFeatures


class Lines(CloudInline):
    model = Line


@admin.register(MyFeatures)
class MyFeaturesAdmin(CloudAdmin):
    inlines = [Lines]
    commands = (("updateConfiguration", "Set"),)
"""


def test_what_is_wrong_is_told_at_its_place(folder: Path) -> None:
    broken = folder / "features" / "my_features"
    models, service = broken / "models.py", broken / "service.py"
    models.write_text(models.read_text().replace("max_length=255", "max_length=100") + MORE_MODELS)
    service.write_text(service.read_text() + "\nimport apps.compute.models\nfrom cloudstack import api\n")
    (broken / "tests" / "test_my_features.py").unlink()
    (broken / "admin.py").write_text(ADMIN)
    for kind in ("images", "network"):
        test = folder / kind / f"my_{kind}" / "tests" / f"test_my_{kind}.py"
        test.write_text("def test_nothing() -> None:\n    pass\n")
    status, said = manage(folder, "checkplugin", "my_features", "my_images", "my_network")
    assert status == 1
    for words in (
        "my_features: service.py:25: imports apps.compute.models; a plugin may import cloudstack.plugin",
        "my_features: service.py:26: imports cloudstack.api",
        "my_features: migrations: do not say what the models say",
        "my_features: Hidden: has no page in the admin",
        "my_features: MyFeaturesAdmin: has a button 'Set' that sends updateConfiguration no name, value, which it",
        "my_features: tests: there is no test of it",
        "my_images: register_image_store_drivers: its driver is not tried: no class in tests/ is made from Image",
        "my_network: register_network_elements: its driver is not tried: no class in tests/ is made from Network",
    ):
        assert words in said
    assert "is well" not in said
    assert "Line: has no page" not in said, "it stands in an inline"
    assert "RuntimeWarning" not in said, "that there is no database yet is none of the author's business"


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
    with pytest.raises(CommandError, match=re.escape(wrong)):
        call_command(*words, *more)
    assert not (folder / "features" / "My-Plugin").exists()
