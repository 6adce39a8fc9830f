"""QR codes as drawings inside a page."""

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def svg_of(text: str, *, label: str) -> SafeString:
    """An SVG element, dark on light in light and dark pages alike, so that every camera reads it."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, svgns=False, title=label, nl=False
    )
    # Segno escapes the title; the rest are coordinates.
    return mark_safe(out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1))  # noqa: S308
