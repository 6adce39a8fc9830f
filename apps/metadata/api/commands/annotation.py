"""Commands on annotations."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.metadata.api.responses.annotation import AnnotationResponse
from apps.metadata.kinds import kind_noted
from apps.metadata.models import Annotation
from apps.metadata.models.annotation import MAX_TEXT
from apps.metadata.selectors import annotations_visible_to, readable
from apps.metadata.services.annotations import AnnotationManager, ensure_may_note
from cloudstack.api import EVERYONE, ROOT, Access, BaseCmd, BaseListCmd, Choice, Flag, Ref, Str
from cloudstack.framework.errors import InvalidParameter

KINDS = "kind of the object: VM, VOLUME, NETWORK, TEMPLATE, ISO, SSH_KEYPAIR…; for root admins also HOST, ZONE…"


class AddAnnotation(BaseCmd):
    """Notes something about an object: users about their own, root admins about everything."""

    roles = EVERYONE
    response = AnnotationResponse

    text = Str("annotation", required=True, max_length=MAX_TEXT, help="the note")
    kind_name = Str("entitytype", required=True, help=KINDS)
    uuid = Str("entityid", required=True, help="UUID of the object")
    admins_only = Flag("adminsonly", default=False, help="only root admins read it; for root admins")

    def execute(self) -> Annotation:
        kind = kind_noted(self.kind_name)
        ensure_may_note(self.caller, kind)
        [obj] = kind.get_many(caller=self.caller, uuids=[self.uuid], access=Access.OPERATE, parameter="entityid")
        return AnnotationManager().add(
            caller=self.caller, kind=kind, obj=obj, text=self.text, admins_only=self.admins_only
        )


class RemoveAnnotation(BaseCmd):
    """Removes a note: one's own, or as an administrator those of others within reach."""

    roles = EVERYONE
    response = AnnotationResponse

    note = Ref("id", Annotation, access=Access.MODIFY, required=True, help="the note")

    def execute(self) -> Annotation:
        return AnnotationManager().remove(caller=self.caller, note=self.note)


class UpdateAnnotationVisibility(BaseCmd):
    """Keeps a note for root admins, or shows it to those who may work the object."""

    roles = ROOT
    response = AnnotationResponse

    note = Ref("id", Annotation, access=Access.MODIFY, required=True, help="the note")
    admins_only = Flag("adminsonly", required=True, help="whether only root admins read it")

    def execute(self) -> Annotation:
        return AnnotationManager().set_visibility(caller=self.caller, note=self.note, admins_only=self.admins_only)


class ListAnnotations(BaseListCmd):
    """Lists notes: all about one object, or those that you (root admins: all users) have written."""

    roles = EVERYONE
    response = AnnotationResponse
    keyword_fields = ("text",)
    ids_filter = None  # type: ignore[assignment]

    kind_name = Str("entitytype", help=f"{KINDS} With entityid")
    uuid = Str("entityid", help="UUID of the object whose notes are listed; with entitytype")
    user = Ref("userid", User, lookup="user", help="notes of this user")
    whose = Choice("annotationfilter", ("self", "all"), help="self: only your own notes; all: of all users")

    def queryset(self) -> QuerySet[Annotation]:
        notes = self._about() if self.uuid else self._within_reach()
        return notes.filter(user_id=self.caller.user_id) if self.whose == "self" else notes

    def _about(self) -> QuerySet[Annotation]:
        if not self.kind_name:
            raise InvalidParameter("entityid needs entitytype: say what kind of object it is", parameter="entitytype")
        kind = kind_noted(self.kind_name)
        ensure_may_note(self.caller, kind)
        [obj] = kind.get_many(caller=self.caller, uuids=[self.uuid], access=Access.OPERATE, parameter="entityid")
        return readable(self.caller.role_type).filter(kind=kind.note, object_id=obj.pk)

    def _within_reach(self) -> QuerySet[Annotation]:
        notes: QuerySet[Any] = annotations_visible_to(caller=self.caller)
        return notes.filter(kind=kind_noted(self.kind_name).note) if self.kind_name else notes
