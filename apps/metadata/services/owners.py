"""What hangs on an object belongs to whom the object belongs to."""

from typing import Any

from apps.accounts.models import Account
from apps.metadata.kinds import names_of
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
