"""The second language is complete, and what is delivered is what stands in the text files: the core's and plugins'."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack.runtime.config import REPO

DE = Path("locale", "de", "LC_MESSAGES", "django.po")
PLUGINS = sorted(path.relative_to(REPO) for path in (REPO / "plugins").glob("*/*/locale/de"))
FOLDERS = {"the core": REPO, **{path.parts[2]: REPO / Path(*path.parts[:3]) for path in PLUGINS}}
"""Whose texts stand in a catalogue of their own. A plugin without one speaks English."""
SOURCES = ("cloudstack", "apps", "templates")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?[a-z]+[^>]*>")
RENEW = "CONTRIBUTING.md says how the catalogue is renewed"
every_catalogue = pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)


def catalogue(path: Path) -> list:
    return list(pytest.importorskip("polib", reason="polib is in requirements/dev.txt").pofile(str(path)))


def texts(entry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@every_catalogue
def test_every_text_is_translated_with_its_placeholders(folder: Path) -> None:
    for entry in catalogue(folder / DE):
        assert all(texts(entry)) and "fuzzy" not in entry.flags, f"{entry.msgid!r} has no translation"
        marks = sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in texts(entry):
            assert sorted(PLACEHOLDER.findall(text)) == marks, f"{entry.msgid!r}: placeholders differ in {text!r}"


@every_catalogue
def test_the_compiled_catalogue_is_that_of_the_text(folder: Path) -> None:
    with (folder / DE).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in catalogue(folder / DE):
        if entry.msgid_plural:
            got = [compiled.ngettext(entry.msgid, entry.msgid_plural, n) for n in (1, 2)]
        else:
            got = [compiled.gettext(entry.msgid)]
        assert got == texts(entry), f"{entry.msgid!r} is compiled otherwise; {RENEW}"


@every_catalogue
def test_no_text_of_the_pages_is_missing_from_the_catalogue(folder: Path, tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("there is no xgettext here: as root, bin/bootstrap --dev installs gettext")
    sources = SOURCES if folder == REPO else [path.name for path in folder.iterdir() if path.name not in DE.parts]
    for name in sources:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(folder / name, tmp_path / name)
    (tmp_path / "locale").mkdir()
    admin = Path(sys.executable).parent / "django-admin"
    plain = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([admin, "makemessages", "-l", "de", "-v0"], cwd=tmp_path, env=plain, check=True, timeout=120)
    wanted = {entry.msgid for entry in catalogue(tmp_path / DE)}
    missing = wanted - {entry.msgid for entry in catalogue(folder / DE)}
    assert missing == set(), RENEW
