"""How states and sizes look on the pages of the admin."""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

GOOD = frozenset(
    {"running", "up", "ready", "enabled", "active", "implemented", "setup", "succeeded", "downloaded", "done"}
    | {"managed", "completed", "on", "info"}
)
BUSY = frozenset(
    {"starting", "stopping", "migrating", "expunging", "creating", "resizing", "attaching", "downloading"}
    | {"connecting", "pending", "doing", "undoing", "implementing", "shutdown", "maintenance"}
    | {"prepareformaintenance", "scheduled", "started", "uploadinprogress", "notuploaded", "installing"}
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


def badge(value: Any, *, job: bool = False, label: str = "") -> SafeString:
    """A state as a coloured word; nothing for no state."""
    if value is None or value == "":
        return format_html('<span class="cs-quiet">{}</span>', "–")
    return format_html('<span class="cs-badge cs-{}">{}</span>', tone(value, job=job), label or value)


def human_bytes(value: int | None) -> str:
    """Binary units: 107374182400 → ``100.0 GB``."""
    return "–" if value is None else filesizeformat(value)
