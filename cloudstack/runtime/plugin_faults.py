"""Plugins that are left out of an installation's start because bringing their tables up to date failed.

``migrate`` writes them, every process reads them before Django starts: a plugin whose tables are not as its models say
must not be loaded, for core objects may not be deletable then.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

FILE = "plugins-failed.json"
RETRY_VARIABLE = "CLOUDSTACK_PLUGINS_RETRY"
"""Set in a process that migrates: it loads them to try again."""


def failed(environ: Mapping[str, str], data: Path) -> dict[str, str]:
    """Plugin → why it is left out. A file that cannot be read leaves none out."""
    if environ.get(RETRY_VARIABLE):
        return {}
    try:
        found = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(reason) for name, reason in found.items()} if isinstance(found, dict) else {}


def write(data: Path, reasons: Mapping[str, str]) -> None:
    """Keep ``reasons`` in place of those before. Raises ``OSError``."""
    file = data / FILE
    if not reasons:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        return
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(dict(sorted(reasons.items()))), encoding="utf-8")
    os.replace(draft, file)
