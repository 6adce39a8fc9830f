"""Which plugins are not loaded: chosen by the operator, kept in the data folder, read before Django starts.

``CLOUDSTACK_PLUGINS_DISABLED`` wins over the file. What ``bin/run`` has read at its start counts for all its processes
until its next start: a worker that comes back meanwhile must not have other plugins than the rest.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CLOUDSTACK_PLUGINS_DISABLED"
STARTED_VARIABLE = "CLOUDSTACK_PLUGINS_STARTED_WITHOUT"
"""What ``bin/run`` tells its processes."""
PATH_VARIABLE = "CLOUDSTACK_PLUGINS_PATH"
"""Folders outside the project that hold plugins, laid out like ``plugins/``."""
FILE = "plugins.json"


@dataclass(frozen=True)
class PluginChoice:
    """Names of plugins that are not loaded. ``error`` says why the file could not be read: then it names none."""

    disabled: frozenset[str]
    by_environment: bool = False
    error: str = ""


def in_force(environ: Mapping[str, str], data: Path) -> PluginChoice:
    """What counts for a process that starts now."""
    named = _names(environ.get(VARIABLE, ""))
    if named:
        return PluginChoice(named, by_environment=True)
    started_with = environ.get(STARTED_VARIABLE)
    if started_with is not None:
        return PluginChoice(_names(started_with))
    return chosen(data)


def folders(environ: Mapping[str, str]) -> list[Path]:
    """The operator's own folders of plugins, by the separator of ``PATH``."""
    return [Path(one).resolve() for one in environ.get(PATH_VARIABLE, "").split(os.pathsep) if one.strip()]


def for_processes(environ: Mapping[str, str], data: Path) -> str:
    """The value of ``STARTED_VARIABLE`` for an installation that starts now."""
    others = {name: value for name, value in environ.items() if name != STARTED_VARIABLE}
    return ",".join(sorted(in_force(others, data).disabled))


def chosen(data: Path) -> PluginChoice:
    """What stands in the file: it counts from the next start on, unless the environment says otherwise."""
    file = data / FILE
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["disabled"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("disabled must be a list of names")
    except FileNotFoundError:
        return PluginChoice(frozenset())
    except (OSError, ValueError, KeyError, TypeError) as error:
        return PluginChoice(frozenset(), error=f"{file} cannot be read: {error}")
    return PluginChoice(frozenset(names))


@contextlib.contextmanager
def changing(data: Path) -> Iterator[set[str]]:
    """The names in the file, to be changed inside; written as a whole at the end, one changer at a time.

    A crash leaves the old file or the new one. Raises ``OSError`` when the folder cannot be written.
    """
    with (data / f"{FILE}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        names = set(chosen(data).disabled)
        yield names
        _write(data, names)


def _write(data: Path, names: set[str]) -> None:
    descriptor, draft = tempfile.mkstemp(dir=data, prefix=f".{FILE}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"disabled": sorted(names)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, data / FILE)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        raise


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
