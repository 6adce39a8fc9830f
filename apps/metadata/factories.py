"""Factories of what is attached: for tests and for the demo alike."""

from typing import Any

from apps.metadata.kinds import kind_named
from apps.metadata.models import Annotation, ResourceDetail, ResourceIcon, ResourceTag
from apps.metadata.models.base import place_of
from apps.metadata.models.tag import pair_columns

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one point in base64."""


def tag(obj: Any, kind: str, key: str, value: str = "x", *, account: Any = None) -> ResourceTag:
    """A tag on ``obj``; ``account`` for objects that belong to nobody."""
    owner = account or kind_named(kind, what="tags").owner_of(obj)
    return ResourceTag.objects.create(
        **place_of(kind, obj), **pair_columns(key, value), account=owner, domain=owner.domain
    )


def icon(obj: Any, kind: str, image: str = "") -> ResourceIcon:
    """A picture of one point for ``obj``."""
    return ResourceIcon.objects.create(**place_of(kind, obj), image=image or DOT)


def note(obj: Any, kind: str, text: str, user: Any, *, admins_only: bool = False) -> Annotation:
    """A note about ``obj``; ``kind`` as annotations name it."""
    return Annotation.objects.create(**place_of(kind, obj), text=text, user=user, admins_only=admins_only)


def detail(obj: Any, kind: str, key: str, value: str = "x", *, displayed: bool = True) -> ResourceDetail:
    """A detail that hangs on ``obj``."""
    return ResourceDetail.objects.create(**place_of(kind, obj), key=key, value=value, is_displayed=displayed)
