"""The colours of states. The word always stands beside the colour."""

from collections.abc import Iterable
from typing import Any

GOOD = frozenset(
    {"running", "up", "ready", "enabled", "active", "implemented", "setup", "succeeded", "downloaded", "done"}
    | {"managed", "completed", "on", "info", "allocated"}
)
BUSY = frozenset(
    {"starting", "stopping", "migrating", "expunging", "creating", "resizing", "attaching", "downloading"}
    | {"connecting", "pending", "doing", "undoing", "implementing", "shutdown", "maintenance"}
    | {"prepareformaintenance", "scheduled", "started", "uploadinprogress", "notuploaded", "installing", "releasing"}
)
BAD = frozenset(
    {"error", "failed", "down", "alert", "disconnected", "errorinmaintenance", "errorinprepareformaintenance"}
    | {"downloaderror", "uploaderror", "locked", "broken", "warn"}
)
RUNNING_JOB = "running"
_further: dict[str, str] = {}


def color_states(*, good: Iterable[str] = (), busy: Iterable[str] = (), bad: Iterable[str] = ()) -> None:
    """Give states of a plugin their colours. Those that have one keep it: a word means the same everywhere."""
    for name, words in (("good", good), ("busy", busy), ("bad", bad)):
        for word in words:
            _further.setdefault(word.replace(" ", "").lower(), name)


def tone(value: Any, *, job: bool = False) -> str:
    """The colour of a state: ``good``, ``busy``, ``bad`` or ``off``. A running job is busy, a running machine good."""
    word = str(value).replace(" ", "").lower()
    if job and word == RUNNING_JOB:
        return "busy"
    for name, words in (("good", GOOD), ("busy", BUSY), ("bad", BAD)):
        if word in words:
            return name
    return _further.get(word, "off")
