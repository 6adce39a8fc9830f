"""States and moments in templates, as columns show them."""

from datetime import datetime
from typing import Any

from django import template
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
    return columns.NOTHING if value is None else columns.moment_shown(value)


register.filter("short_span", columns.short_span)
