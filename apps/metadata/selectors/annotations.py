"""Notes and who reads them; objects by whether there are any."""

from typing import Any

from django.db.models import BooleanField, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.metadata.kinds import names_of
from apps.metadata.models import Annotation
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller, RoleType


def annotations_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Annotation]:
    """Root admins reach all notes, domain admins those of the users in their subtree, users their own.

    What others have noted about one's objects is found by naming the object.
    """
    notes = Annotation.objects.all()
    if caller.is_root_admin:
        return notes
    mine = Q(user_id=caller.user_id)
    if caller.is_domain_admin:
        mine |= Q(user__domain__path__startswith=caller.domain_path)
    return notes.filter(mine, admins_only=False)


def readable(role_type: RoleType) -> QuerySet[Annotation]:
    """Notes that callers of this type may read where they see the object."""
    notes = Annotation.objects.all()
    return notes if role_type == RoleType.ADMIN else notes.filter(admins_only=False)


def has_notes(model: type[Model], role_type: RoleType) -> Any:
    """For the rows of a list of ``model``: whether there are notes."""
    notes = readable(role_type).filter(kind__in=names_of(model, "note"), object_id=OuterRef("pk"))
    # A scalar, not EXISTS: PostgreSQL would read all notes of the kind into a hash table for a page of a long list.
    there = Subquery(notes.order_by().values(there=Value(True))[:1], output_field=BooleanField())
    return Coalesce(there, Value(False))


def last_note(model: type[Model], column: str) -> Any:
    """For the rows of a list of ``model``: ``column`` of the newest note."""
    notes = Annotation.objects.filter(kind__in=names_of(model, "note"), object_id=OuterRef("pk"))
    return Subquery(notes.order_by("-id").values(column)[:1])
