"""Markdown as the reference pages need it."""

import re
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by manage.py write_reference from the code. Change the code, then run it again. -->"


def page(title: str, introduction: str, *parts: str) -> str:
    """A whole page; ``parts`` are separated by empty lines."""
    return "\n\n".join([f"# {title}", NOTICE, introduction, *(part for part in parts if part)]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, or nothing when there is no row."""
    lines = [_row([cell(value) for value in row]) for row in rows]
    if not lines:
        return ""
    return "\n".join([_row(columns), _row(["---"] * len(columns)), *lines])


def cell(value: object) -> str:
    """Text that stays inside its cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def title(text: str) -> str:
    """A heading of a name from the code."""
    return text.upper() if len(text) <= 3 else text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """One paragraph of a docstring, ``code`` in single backticks."""
    return " ".join(text.split()).replace("``", "`")


def anchor(heading: str) -> str:
    """How a link names a heading: as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
