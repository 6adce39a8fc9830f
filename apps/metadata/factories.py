"""Factories of what is attached: for tests and for the demo alike."""

from typing import Any

from apps.metadata.kinds import kind_named
from apps.metadata.models import ResourceTag
from apps.metadata.models.base import place_of
from apps.metadata.models.tag import folded


def tag(obj: Any, kind: str, key: str, value: str = "x", *, account: Any = None) -> ResourceTag:
    """A tag on ``obj``; ``account`` for objects that belong to nobody."""
    owner = account or kind_named(kind, what="tags").owner_of(obj)
    return ResourceTag.objects.create(
        **place_of(kind, obj), key=key, folded_key=folded(key), value=value, account=owner, domain=owner.domain
    )
