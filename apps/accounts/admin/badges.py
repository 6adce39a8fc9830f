"""How states and sizes look on the pages of the admin."""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cloudstack.pages.tones import tone


def badge(value: Any, *, job: bool = False, label: str = "") -> SafeString:
    """A state as a coloured word; nothing for no state."""
    if value is None or value == "":
        return format_html('<span class="cs-quiet">{}</span>', "–")
    return format_html('<span class="cs-badge cs-{}">{}</span>', tone(value, job=job), label or value)


def human_bytes(value: int | None) -> str:
    """Binary units: 107374182400 → ``100.0 GB``."""
    return "–" if value is None else filesizeformat(value)
