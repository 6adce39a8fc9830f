"""Reads of what is attached."""

from apps.metadata.selectors.annotations import annotations_visible_to, has_notes, last_note, readable
from apps.metadata.selectors.details import details_of, hung_details, shown_details, with_detail
from apps.metadata.selectors.icons import icons_of
from apps.metadata.selectors.tags import kinds_tagged, tagged, tags_of

__all__ = [
    "annotations_visible_to",
    "details_of",
    "has_notes",
    "hung_details",
    "icons_of",
    "kinds_tagged",
    "last_note",
    "readable",
    "shown_details",
    "tagged",
    "tags_of",
    "with_detail",
]
