"""States and moments in templates, as columns show them."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cloudstack.pages import columns

register = template.Library()


@register.simple_tag
def state(value: Any, job: bool = False) -> SafeString:
    """A state as a coloured word."""
    return columns.state(value, job=job)


@register.simple_tag
def moment(value: datetime | None) -> SafeString | str:
    """How long ago, and exactly on pointing at it."""
    if value is None:
        return columns.NOTHING
    exact = formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat("T", "seconds"), exact, naturaltime(value)
    )
