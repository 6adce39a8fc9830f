"""Figures as pictures: SVG made here, so that a page needs no script and no style of its own to show them."""

from collections.abc import Callable, Sequence

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.portal.selectors.capacity_tree import Use
from apps.portal.selectors.overview import Hour

FULL = 90
"""Per cent from which a bar is red, whatever threshold is set."""
WORDS = {"fine": "", "near": "over its threshold", "over": "nearly full"}


def mhz(value: int) -> str:
    return f"{value / 1000:.1f} GHz"


def pieces(value: int) -> str:
    return f"{value:,}"


def use_bar(use: Use, worded: Callable[[int], str] = filesizeformat, *, of: str = "promised") -> SafeString | str:
    """A bar with its share in figures; a line in it marks the threshold of the settings, words say what is beyond."""
    if not use.total:
        return "–"
    percent, limit = use.percent, 100 * use.threshold
    tone = "over" if percent >= max(FULL, limit) else "near" if percent >= limit else "fine"
    word = "full" if percent >= 100 else WORDS[tone]
    over = f"over-provisioned × {use.factor:.3g}" if abs(use.factor - 1) > 0.001 else ""
    text = f"{worded(use.used)} of {worded(use.total)}"
    return format_html(
        '<div class="cs-use cs-{tone}" title="{text} {of}; marked from {limit} %">'
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="cs-ground" width="100" height="8" rx="1"/>'
        '<rect class="cs-fill" width="{width}" height="8" rx="1"/>'
        '<line class="cs-mark" x1="{mark}" x2="{mark}" y1="0" y2="8"/></svg>'
        "<span>{percent} %</span>{word}<small>{text}</small>{over}</div>",
        tone=tone,
        text=text,
        over=format_html("<small>{}</small>", over) if over else "",
        word=format_html('<strong class="cs-word">{}</strong>', word) if word else "",
        of=of,
        limit=f"{limit:.0f}",
        width=f"{min(percent, 100):.1f}",
        mark=f"{min(limit, 100):.1f}",
        percent=f"{percent:.0f}",
    )


def jobs_chart(hours: Sequence[Hour]) -> SafeString:
    """Bars of the last day: what succeeded below, what failed on top of it, the rest above both."""
    most = max([hour.succeeded + hour.failed + hour.other for hour in hours] or [0]) or 1
    width, height = 24 * 10, 60
    bars = []
    for position, hour in enumerate(hours):
        top = float(height)
        said = f"{timezone.localtime(hour.began):%H:00}: {hour.succeeded} succeeded, {hour.failed} failed"
        said += f", {hour.other} others" if hour.other else ""
        for kind, count in (("good", hour.succeeded), ("bad", hour.failed), ("rest", hour.other)):
            tall = height * count / most
            top -= tall
            if count:
                bars.append((kind, position * 10 + 1, f"{top:.1f}", f"{tall:.1f}", said))
    rects = format_html_join(
        "", '<rect class="cs-job-{}" x="{}" y="{}" width="8" height="{}"><title>{}</title></rect>', bars
    )
    total = [sum(getattr(hour, name) for hour in hours) for name in ("succeeded", "failed", "other")]
    label = f"Jobs of the last 24 hours: {total[0]} succeeded, {total[1]} failed, {total[2]} others"
    return format_html(
        '<figure class="cs-chart"><svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}'
        '<line class="cs-axis" x1="0" x2="{}" y1="{}" y2="{}"/></svg>'
        "<figcaption>{}; at most {} in an hour</figcaption></figure>",
        width, height, label, rects, width, height, height, label, most,
    )  # fmt: skip
