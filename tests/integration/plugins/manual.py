"""Reads the manual of plugins: the files that its examples are made of."""

import re
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
PAGES = REPO / "docs" / "plugins"
INDEX = PAGES / "README.md"
BEGINNING = REPO / "docs" / "how-to" / "write-a-plugin.md"
"""Where an author begins: it has an example, too."""
ADMIN = REPO / "docs" / "how-to" / "write-admin-pages.md"
"""What an author may do in ``admin.py``, which no hook is about."""
BLOCK = re.compile(r"^```(?:python|toml)\n# (\w+/\w+/[\w/.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block that begins with the place of its file below the folder of plugins: ``# features/lumps/hooks.py``."""
FIRST = "features/example"
"""The plugin in the index whose files every example has where its page shows none of its own."""


@cache
def files_of(page: Path) -> dict[str, str]:
    """Path below the folder of plugins → text. Blocks of one file stand together, in the order of the page."""
    found: dict[str, str] = {}
    for path, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        found[path] = f"{found[path]}\n\n{text}" if path in found else text
    return found


def pages() -> dict[str, Path]:
    """Name of a hook → its page."""
    return {path.stem: path for path in sorted(PAGES.glob("*.md")) if path != INDEX}


def name_of(page: Path) -> str:
    """Name of the plugin that the page makes."""
    return plugin_of(page).split("/")[1]


def plugin_of(page: Path) -> str:
    """``features/lumps``: kind and name of the one plugin that the page makes."""
    found = {"/".join(path.split("/")[:2]) for path in files_of(page)}
    assert len(found) == 1, f"{page.name} makes {', '.join(sorted(found)) or 'no plugin'}; it must make one"
    return found.pop()


def write(folder: Path, page: Path) -> None:
    """Write the plugin of ``page`` into ``folder``, as a reader would who begins with the files in the index."""
    place, own = plugin_of(page), files_of(page)
    kind, name = place.split("/")
    files = {
        path.replace(FIRST, place): text.replace("features", kind).replace("example", name)
        for path, text in files_of(INDEX).items()
    }
    files |= {f"{place}/tests/__init__.py": "", **own}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
