"""The walls between tenants: which rows of an owned model a caller may touch. Every list starts here."""

from typing import TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, Model, Q, QuerySet
from django.db.models.functions import Cast
from guardian.models import GroupObjectPermission

from apps.accounts.models import Account, Domain
from apps.accounts.models.domain import ROOT_PATH
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller

M = TypeVar("M", bound=Model)


def domains_beneath(path: str) -> QuerySet[Domain]:
    """The domain with ``path`` and all below it."""
    return Domain.objects.filter(path__startswith=path)


def accounts_beneath(path: str) -> QuerySet[Account]:
    """Accounts of the domain with ``path`` and of all domains below it."""
    return Account.objects.filter(domain__in=domains_beneath(path).values("pk"))


def shared_with(model: type[Model], *, group_id: int, codename: str) -> QuerySet:
    """Primary keys of the objects of ``model`` shared with an account's group by the permission ``codename``."""
    content_type = ContentType.objects.get_for_model(model)
    return (
        GroupObjectPermission.objects.filter(
            group_id=group_id, content_type=content_type, permission__codename=codename
        )
        .annotate(shared_pk=Cast("object_pk", BigIntegerField()))
        .values("shared_pk")
    )


def owned_scope(
    queryset: QuerySet[M], *, caller: Caller, access: Access = Access.USE, shareable: bool | str = False
) -> QuerySet[M]:
    """Rows of an :class:`OwnedModel` that ``caller`` may touch at the level ``access``.

    Root admins reach everything, domain admins their subtree, users their account. With ``shareable``
    (the codename of an object permission, or True for ``use_<model>``) USE also reaches what others have
    shared with the caller's account; it stays one statement.
    """
    if caller.is_root_admin or (caller.is_domain_admin and caller.domain_path == ROOT_PATH):
        return queryset
    if caller.is_domain_admin:
        mine = Q(domain__in=domains_beneath(caller.domain_path).values("pk"))
    else:
        mine = Q(account_id=caller.account_id)
    if shareable and access == Access.USE:
        codename = shareable if isinstance(shareable, str) else f"use_{queryset.model._meta.model_name}"
        mine |= Q(pk__in=shared_with(queryset.model, group_id=caller.group_id, codename=codename))
    return queryset.filter(mine)
