"""What hangs on an object goes with it."""

from typing import Any

from django.apps import apps

from apps.metadata.kinds import names_of
from apps.metadata.models.base import AttachedModel


def attached_models() -> list[type[AttachedModel]]:
    """Models whose rows hang on objects."""
    return [model for model in apps.get_app_config("metadata").get_models() if issubclass(model, AttachedModel)]


def detach(obj: Any) -> None:
    """Delete what hangs on an object that is removed, in the transaction of its removal."""
    for model in attached_models():
        names = names_of(type(obj), model.named_by)
        if names:
            model._base_manager.filter(kind__in=names, object_id=obj.pk).delete()
