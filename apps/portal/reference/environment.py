"""The page of environment variables."""

from apps.portal.reference import markdown
from cloudstack.runtime.variables import VARIABLES

INTRODUCTION = """\
Read when a program starts. `bin/run --help`, `bin/bootstrap --help` and `bin/lab --help` name those that they read.
Paths like `secrets/secret_key` are below `CLOUDSTACK_DATA`. What operators change while the cloud runs is in
[settings.md](settings.md)."""
COLUMNS = ("variable", "default", "meaning", "read by")


def page() -> str:
    rows = (
        (markdown.code(one.name), one.default, one.meaning, ", ".join(f"`{reader}`" for reader in one.readers))
        for one in VARIABLES
    )
    return markdown.page("Environment", INTRODUCTION, markdown.table(COLUMNS, rows))
