"""What hangs on an object belongs to whom the object belongs to."""

from typing import Any

from apps.accounts.models import Account
from apps.metadata.kinds import names_of
from apps.metadata.models import ResourceTag
from apps.metadata.models.base import place_of
from apps.metadata.services.lifecycle import attached_models


def follow(obj: Any, owner: Account) -> None:
    """Give what hangs on ``obj`` to ``owner``, in the transaction that gives him the object."""
    names = names_of(type(obj))
    if not names:
        return
    for model in attached_models():
        if {"account", "domain"} <= {field.name for field in model._meta.get_fields()}:
            rows = model._default_manager.filter(kind__in=names, object_id=obj.pk)
            rows.update(account=owner, domain=owner.domain_id)


def copy_tags(source: Any, target: Any, *, owner: Account) -> None:
    """Give ``target``, which is new, the tags that ``source`` carries; they are ``owner``'s then."""
    [kind] = names_of(type(target))
    tags = ResourceTag.objects.filter(kind__in=names_of(type(source)), object_id=source.pk).order_by("pk")
    columns = tags.values("key", "folded_key", "value", "pair", "customer")
    hangs = {**place_of(kind, target), "account": owner, "domain_id": owner.domain_id}
    ResourceTag.objects.bulk_create(ResourceTag(**row, **hangs) for row in columns)
