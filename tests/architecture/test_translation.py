"""The second language is complete, and what is delivered is what stands in the text file."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack.runtime.config import REPO

CATALOGUE = REPO / "locale" / "de" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?[a-z]+[^>]*>")
RENEW = "CONTRIBUTING.md says how the catalogue is renewed"


def catalogue(path: Path = CATALOGUE) -> list:
    return list(pytest.importorskip("polib", reason="polib is in requirements/dev.txt").pofile(str(path)))


def texts(entry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_text_is_translated_with_its_placeholders() -> None:
    for entry in catalogue():
        assert all(texts(entry)) and "fuzzy" not in entry.flags, f"{entry.msgid!r} has no translation"
        marks = sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in texts(entry):
            assert sorted(PLACEHOLDER.findall(text)) == marks, f"{entry.msgid!r}: placeholders differ in {text!r}"


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in catalogue():
        if entry.msgid_plural:
            got = [compiled.ngettext(entry.msgid, entry.msgid_plural, n) for n in (1, 2)]
        else:
            got = [compiled.gettext(entry.msgid)]
        assert got == texts(entry), f"{entry.msgid!r} is compiled otherwise; {RENEW}"


def test_no_text_of_the_pages_is_missing_from_the_catalogue(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("there is no xgettext here: as root, bin/bootstrap --dev installs gettext")
    for folder in ("cloudstack", "apps", "plugins", "templates"):
        shutil.copytree(REPO / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "locale").mkdir()
    admin = Path(sys.executable).parent / "django-admin"
    plain = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([admin, "makemessages", "-l", "de", "-v0"], cwd=tmp_path, env=plain, check=True, timeout=120)
    wanted = {entry.msgid for entry in catalogue(tmp_path / CATALOGUE.relative_to(REPO))}
    missing = wanted - {entry.msgid for entry in catalogue()}
    assert missing == set(), RENEW
