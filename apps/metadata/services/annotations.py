"""Notes about objects."""

from typing import Any

from django.db import transaction

from apps.metadata import events
from apps.metadata.kinds import Kind
from apps.metadata.models import Annotation
from apps.metadata.models.annotation import MAX_TEXT
from apps.metadata.models.base import place_of
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish


class AnnotationManager:
    """Writes notes, removes them, and says who reads them."""

    @transaction.atomic
    def add(self, *, caller: Caller, kind: Kind, obj: Any, text: str, admins_only: bool = False) -> Annotation:
        """A note of the caller. Raises ``PermissionDenied`` where only root admins write."""
        text = text.strip()
        if not text or len(text) > MAX_TEXT:
            raise InvalidParameter(f"annotation: a note has 1 to {MAX_TEXT} characters", parameter="annotation")
        ensure_may_note(caller, kind)
        if admins_only and not caller.is_root_admin:
            raise PermissionDenied("Only root admins write what only root admins read", parameter="adminsonly")
        note = Annotation.objects.create(
            **place_of(kind.note, obj), text=text, user_id=caller.user_id, admins_only=admins_only
        )
        _publish(events.ANNOTATION_CREATE, caller, note, f"{caller.username} noted something about {kind.note} {obj}")
        return note

    @transaction.atomic
    def remove(self, *, caller: Caller, note: Annotation) -> Annotation:
        """Take a note away; it stays readable in its answer only."""
        if note.mark_removed():
            _publish(events.ANNOTATION_REMOVE, caller, note, f"a note about {note.kind} {note.object_uuid} removed")
        return note

    @transaction.atomic
    def set_visibility(self, *, caller: Caller, note: Annotation, admins_only: bool) -> Annotation:
        """Keep a note for root admins, or show it to those who may work the object."""
        if note.admins_only != admins_only:
            note.admins_only = admins_only
            note.save(update_fields=["admins_only"])
            who = "root admins only" if admins_only else "all who may work the object"
            _publish(events.ANNOTATION_UPDATE, caller, note, f"a note about {note.kind} is now read by {who}")
        return note


def ensure_may_note(caller: Caller, kind: Kind) -> None:
    """Raises ``PermissionDenied`` when notes about this kind are for root admins only."""
    if not (kind.users_note or caller.is_root_admin):
        raise PermissionDenied(f"Notes about {kind.note} are for root admins only", parameter="entitytype")


def _publish(kind: str, caller: Caller, note: Annotation, description: str) -> None:
    publish(
        kind,
        caller=caller,
        description=description,
        resource_type="Annotation",
        resource_uuid=note.uuid,
        resource_name=str(note),
    )
