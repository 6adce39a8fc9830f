"""What hangs on an object goes with it; and what was missed is put right later."""

from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery

from apps.accounts.models import Account
from apps.metadata.kinds import Kind, kinds_with, names_of
from apps.metadata.models import ResourceDetail, ResourceTag
from apps.metadata.models.base import AttachedModel

AT_ONCE = 1000
"""Rows that one transaction of the collector deletes: it holds up nobody for long."""


def attached_models() -> list[type[AttachedModel]]:
    """Models whose rows hang on objects."""
    return [model for model in apps.get_app_config("metadata").get_models() if issubclass(model, AttachedModel)]


def detach(obj: Any) -> None:
    """Delete what hangs on an object that is removed, in the transaction of its removal."""
    for model in attached_models():
        names = names_of(type(obj), model.named_by, part=model.part)
        if names:
            model._base_manager.filter(kind__in=names, object_id=obj.pk).delete()


def collect_orphans_for_job() -> int:
    """Delete what hangs on objects that are gone; answers how many rows that were."""
    count = 0
    for model in attached_models():
        for kind in kinds_with(model.part):
            while gone := _delete_some(model, kind):
                count += gone
    return count


@transaction.atomic
def _delete_some(model: type[AttachedModel], kind: Kind) -> int:
    alive = _living(kind.model).filter(pk=OuterRef("object_id"))
    name = getattr(kind, model.named_by)
    orphans = model._base_manager.filter(~Exists(alive), kind=name).order_by("pk").values("pk")[:AT_ONCE]
    return model._base_manager.filter(pk__in=list(orphans.values_list("pk", flat=True))).delete()[0]


def forget_markers_for_job() -> int:
    """Delete what says of details that they are for operators, where the objects have these details no more."""
    count = 0
    for kind in kinds_with("details_column"):
        markers = ResourceDetail.objects.filter(kind=kind.name).order_by("pk").values_list("pk", "object_id", "key")
        last = 0
        while chunk := list(markers.filter(pk__gt=last)[:AT_ONCE]):
            last = chunk[-1][0]
            objects = kind.model._base_manager.filter(pk__in={object_id for _, object_id, _ in chunk})
            known = dict(objects.values_list("pk", kind.details_column))
            stale = [pk for pk, object_id, key in chunk if key not in known.get(object_id, {})]
            count += ResourceDetail.objects.filter(pk__in=stale).delete()[0]
    return count


def repair_owners_for_job() -> int:
    """Give tags to the account that owns their object now, and to its domain; answers how many were wrong."""
    return sum(_repair(kind) for kind in kinds_with("tags") if kind.is_owned and kind.model is not Account)


def _repair(kind: Kind) -> int:
    path = f"{kind.owner}__" if kind.owner else ""
    owner = kind.model._base_manager.filter(pk=OuterRef("object_id"))
    same = owner.filter(**{f"{path}account": OuterRef("account"), f"{path}domain": OuterRef("domain")})
    wrong = ResourceTag.objects.filter(~Exists(same), Exists(owner.filter(**{f"{path}account__isnull": False})))
    return wrong.filter(kind=kind.name).update(
        account=Subquery(owner.values(f"{path}account")[:1]), domain=Subquery(owner.values(f"{path}domain")[:1])
    )


def _living(model: type[Model]) -> QuerySet[Any]:
    rows = model._base_manager.all()
    return rows.filter(removed__isnull=True) if any(f.name == "removed" for f in model._meta.fields) else rows
