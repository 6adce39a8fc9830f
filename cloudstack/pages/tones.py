"""The colours of states. The word always stands beside the colour."""

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


def tone(value: Any, *, job: bool = False) -> str:
    """The colour of a state: ``good``, ``busy``, ``bad`` or ``off``. A running job is busy, a running machine good."""
    word = str(value).replace(" ", "").lower()
    if job and word == RUNNING_JOB:
        return "busy"
    for name, words in (("good", GOOD), ("busy", BUSY), ("bad", BAD)):
        if word in words:
            return name
    return "off"
