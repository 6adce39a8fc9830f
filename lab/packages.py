"""Which Debian packages the lab needs, read from the repository's one list (requirements/apt.txt)."""

from __future__ import annotations

import subprocess
from pathlib import Path

LIST = Path(__file__).resolve().parent.parent / "requirements" / "apt.txt"


def wanted(*groups: str) -> list[str]:
    """Packages of `groups` in the order of the list."""
    rows = (line.split("#")[0].split() for line in LIST.read_text().splitlines())
    return [row[1] for row in rows if len(row) > 1 and row[0] in groups]


def missing(*groups: str) -> list[str]:
    """Those of `groups` that dpkg does not report as installed; all of them on a system without dpkg."""
    names = wanted(*groups)
    try:
        answer = subprocess.run(
            ["dpkg-query", "-W", "-f=${db:Status-Abbrev} ${Package}\n", *names],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return names
    installed = {line.split()[1] for line in answer.stdout.splitlines() if line.startswith("ii")}
    return [name for name in names if name not in installed]
