"""The plugins of this repository are well by what is asked of any author."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.integration.plugins.surroundings import answer, installation, run
from tests.support.about_plugins import REPO

WORK = """
import django, json
django.setup()
from cloudstack.composition.plugin_checks import check_plugin
from tests.support.about_plugins import ABOUT, REPO, TESTS

found = {}
for manifest in REPO.glob("plugins/*/*/plugin.toml"):
    folder = manifest.parent.relative_to(REPO / "plugins").as_posix()
    elsewhere = [TESTS / place for place, about in ABOUT.items() if about == folder]
    found[folder] = [str(one) for one in check_plugin(manifest.parent.name, elsewhere)]
print(json.dumps(found))
"""


@pytest.mark.django_db
def test_checkplugin_finds_nothing(tmp_path: Path, django_db_setup: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the copy of the database is one of SQLite's")
    found = answer(run(WORK, installation(tmp_path)))
    folders = {path.parent.relative_to(REPO / "plugins").as_posix() for path in REPO.glob("plugins/*/*/plugin.toml")}
    assert found.keys() == folders != set()
    assert {folder: complaints for folder, complaints in found.items() if complaints} == {}
