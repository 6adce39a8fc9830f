"""How a field of an answer is shown: as a state, a size, a moment, a link."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cloudstack.api.dates import parse_date
from cloudstack.pages.tones import tone

Row = Mapping[str, Any]
NOTHING = "–"


class Kind(enum.Enum):
    """What a value is."""

    TEXT = "text"
    STATE = "state"
    BYTES = "bytes"
    MIB = "mib"
    KIB = "kib"
    MHZ = "mhz"
    WHEN = "when"
    YES_NO = "yes-no"
    CODE = "code"
    """Something that programs read: an address, a UUID, a key."""
    TAGS = "tags"
    LINES = "lines"
    """A text of several lines that programs read."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One field of the answer: ``wire`` is its name there, ``label`` its title.

    ``to`` leads to the page of another object: the slug of its section and the field that holds its UUID.
    ``value`` makes the value from the whole row instead; then ``needs`` names the fields that it reads.
    """

    wire: str
    label: Any
    kind: Kind = Kind.TEXT
    to: tuple[str, str] | None = None
    value: Callable[[Row], Any] | None = None
    needs: tuple[str, ...] = ()
    choices: type[models.TextChoices] | None = None
    """A value of these stands under its label."""
    wide: bool = False
    """Whether it is left out where there is little room."""

    @property
    def wires(self) -> tuple[str, ...]:
        """The fields that it reads."""
        own = self.needs if self.value else (self.wire,)
        return (*own, self.to[1]) if self.to else own

    def shown(self, row: Row) -> SafeString | str:
        value = self.value(row) if self.value else row.get(self.wire)
        label = dict(self.choices.choices).get(value, value) if self.choices is not None and value else value
        text = state(value, label=label) if self.kind is Kind.STATE and value else shown(label, self.kind)
        uuid = row.get(self.to[1]) if self.to else None
        if self.to and uuid and text != NOTHING:
            return _linked(self.to[0], uuid, text)
        return text


def _linked(slug: str, uuid: Any, text: Any) -> SafeString | str:
    """A link to an object's page; the bare text where there is no such section."""
    try:
        url = reverse(f"portal:{slug}-object", args=[uuid])
    except NoReverseMatch:
        return str(text)
    return format_html('<a href="{}">{}</a>', url, text)


def shown(value: Any, kind: Kind = Kind.TEXT) -> SafeString | str:
    """A value of the wire for a person."""
    if value is None or value == "" or value == []:
        return NOTHING
    match kind:
        case Kind.STATE:
            return state(value)
        case Kind.BYTES:
            return filesizeformat(value)
        case Kind.KIB:
            return filesizeformat(int(value) * 1024)
        case Kind.MIB:
            return filesizeformat(int(value) * 1024 * 1024)
        case Kind.MHZ:
            return f"{formats.number_format(int(value) / 1000, 1)} GHz" if int(value) >= 1000 else f"{value} MHz"
        case Kind.WHEN:
            return when(value)
        case Kind.YES_NO:
            return _("yes") if str(value).lower() == "true" else _("no")
        case Kind.CODE:
            return format_html('<code class="code">{}</code>', value)
        case Kind.LINES:
            return format_html('<pre class="lines" tabindex="0">{}</pre>', value)
        case Kind.TAGS:
            return _tags(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(one.get("name", one) if isinstance(one, Mapping) else one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in value.items()) or NOTHING
    return str(value)


def state(value: Any, *, job: bool = False, label: Any = "") -> SafeString:
    """A state as a coloured word."""
    return format_html('<span class="state {}">{}</span>', tone(value, job=job), label or value)


def when(value: Any) -> SafeString | str:
    """A moment of the wire: how long ago, and exactly on pointing at it."""
    try:
        moment = parse_date(str(value))
    except ValueError:
        return str(value)
    return moment_shown(moment)


def moment_shown(moment: datetime) -> SafeString:
    """How long ago a moment was, and exactly on pointing at it."""
    exact = formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat("T", "seconds"), exact, naturaltime(moment)
    )


def span(seconds: float) -> str:
    """A length of time: ``4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{max(seconds, 0):.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return ngettext("%(days)d day", "%(days)d days", whole // 86400) % {"days": whole // 86400}


def short_span(seconds: float) -> str:
    """A length of time of which even parts of a second tell something: ``under 0.1 ms``, ``2.4 ms``, ``310 ms``."""
    if seconds >= 1:
        return span(seconds)
    thousandths = seconds * 1000
    if 0 < thousandths < 0.1:
        return "under 0.1 ms"
    return f"{thousandths:.1f} ms" if 0 < thousandths < 10 else f"{thousandths:.0f} ms"


def _tags(tags: Any) -> SafeString | str:
    found = [format_html('<span class="tag">{}={}</span>', one["key"], one["value"]) for one in tags]
    return format_html("{}" * len(found), *found) if found else NOTHING
