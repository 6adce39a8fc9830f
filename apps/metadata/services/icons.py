"""Icons of objects."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.metadata import events
from apps.metadata.config import ICON_MAX_KIB
from apps.metadata.kinds import Kind
from apps.metadata.models import ResourceIcon
from apps.metadata.models.base import place_of
from apps.metadata.pictures import NoPicture, checked_picture
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

MOST_AT_ONCE = 100
"""Objects that one call gives a picture: each keeps a copy of it."""


class IconManager:
    """Gives objects a picture and takes it away."""

    @transaction.atomic
    def upload(self, *, caller: Caller, kind: Kind, objects: Sequence[Any], image: str) -> None:
        """The same picture for all objects, in place of what they have. Raises ``InvalidParameter``."""
        if len(objects) > MOST_AT_ONCE:
            raise InvalidParameter(
                f"{len(objects)} objects are more than the {MOST_AT_ONCE} that one call gives an icon",
                parameter="resourceids",
            )
        try:
            image = checked_picture(image, max_bytes=int(ICON_MAX_KIB.value()) * 1024)
        except NoPicture as error:
            raise InvalidParameter(f"base64image: {error}", parameter="base64image") from None
        for obj in objects:
            hangs = place_of(kind.name, obj)
            ResourceIcon.objects.update_or_create(
                kind=hangs["kind"], object_id=hangs["object_id"], defaults={**hangs, "image": image}
            )
            publish(events.ICON_UPLOAD, caller=caller, description=f"{kind.name} {obj} got an icon", resource=obj)

    @transaction.atomic
    def delete(self, *, caller: Caller, kind: Kind, objects: Sequence[Any]) -> None:
        """Objects that have none are left as they are."""
        icons = ResourceIcon.objects.filter(kind=kind.name)
        for obj in objects:
            if icons.filter(object_id=obj.pk).delete()[0]:
                publish(events.ICON_DELETE, caller=caller, description=f"{kind.name} {obj} lost its icon", resource=obj)
