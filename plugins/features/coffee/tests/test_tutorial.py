"""The tutorial that builds this plugin shows its files word for word, and leaves none of their lines out."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
TUTORIAL = FOLDER.parent.parent.parent / "docs" / "tutorials" / "coffee.md"
BLOCK = re.compile(r"^`coffee/(\S+)`\n\n```(?:python|toml)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
FILES = sorted([path.name for path in FOLDER.glob("*.py")] + ["plugin.toml"])


def blocks() -> list[tuple[str, str]]:
    """File and text of each block of the tutorial that names one."""
    found = BLOCK.findall(TUTORIAL.read_text())
    assert len(found) > len(FILES)
    assert len(found) == len(re.findall(r"^```(?:python|toml)$", TUTORIAL.read_text(), re.MULTILINE))
    return found


def test_every_block_stands_in_the_file_that_it_names() -> None:
    strange = [text for name, text in blocks() if f"\n{text}\n" not in f"\n{(FOLDER / name).read_text()}"]
    assert strange == [], "docs/tutorials/coffee.md says otherwise"


@pytest.mark.parametrize("name", FILES)
def test_every_line_of_a_file_stands_in_the_tutorial(name: str) -> None:
    shown = {line for block, text in blocks() if block == name for line in text.splitlines()}
    missing = [line for line in (FOLDER / name).read_text().splitlines() if line and line not in shown]
    assert missing == [], f"docs/tutorials/coffee.md leaves lines of {name} out"


def test_it_is_small_enough_to_be_read_at_once() -> None:
    assert sum(len((FOLDER / name).read_text().splitlines()) for name in FILES if name.endswith(".py")) < 400
