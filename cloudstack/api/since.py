"""Which version of CloudStack's API brought a command or parameter, for ``listApis``."""

from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".txt")


def since(command: str, param: str = "") -> str:
    """The version; empty for what has been there from the start and for what is our own."""
    return _versions().get(f"{command}.{param}".lower() if param else command.lower(), "")


@cache
def _versions() -> dict[str, str]:
    versions: dict[str, str] = {}
    version = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            version, _, line = line.partition(":")
        versions.update((name.lower(), version) for name in line.split())
    return versions
