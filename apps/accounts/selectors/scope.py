"""The walls between tenants: which rows of an owned model a caller may touch. Every list starts here."""

from typing import TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, Model, Q, QuerySet
from django.db.models.functions import Cast
from guardian.models import GroupObjectPermission

from apps.accounts.models import Account, Domain, Project
from apps.accounts.models.domain import ROOT_PATH
from cloudstack.api.counting import Few, among_keys
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller

M = TypeVar("M", bound=Model)


def domains_beneath(path: str) -> QuerySet[Domain]:
    """The domain with ``path`` and all below it."""
    return Domain.objects.filter(path__startswith=path)


def accounts_beneath(path: str) -> QuerySet[Account]:
    """Accounts of the domain with ``path`` and of all domains below it."""
    return Account.objects.filter(domain__in=domains_beneath(path).values("pk"))


def shared_with(model: type[Model], *, caller: Caller, codename: str) -> QuerySet:
    """Primary keys of the objects of ``model`` shared by the permission ``codename`` with the caller's account, or with
    a project of his."""
    content_type = ContentType.objects.get_for_model(model)
    return (
        GroupObjectPermission.objects.filter(
            group_id__in=caller.group_ids, content_type=content_type, permission__codename=codename
        )
        .annotate(shared_pk=Cast("object_pk", BigIntegerField()))
        .values("shared_pk")
    )


def owned_by(caller: Caller) -> Q:
    """What the caller's account and his projects own."""
    return Q(account_id__in=caller.account_ids) if caller.memberships else Q(account_id=caller.account_id)


def of_projects() -> Q:
    """What any project owns."""
    return Q(Few("account_id", Project.all_objects.order_by().values("account_id")))


def owned_scope(
    queryset: QuerySet[M], *, caller: Caller, access: Access = Access.USE, shareable: bool | str = False
) -> QuerySet[M]:
    """Rows of an :class:`OwnedModel` that ``caller`` may touch at the level ``access``.

    Root admins reach everything, domain admins their subtree, users their account, and all what the projects own that
    they are in. With ``shareable`` (the codename of an object permission, or True for ``use_<model>``) USE also
    reaches what others have shared with the caller's account; it stays one statement.
    """
    if caller.is_root_admin or (caller.is_domain_admin and caller.domain_path == ROOT_PATH):
        return queryset
    if caller.is_domain_admin:
        mine = among_keys("domain_id", domains_beneath(caller.domain_path).values("pk"))
        if caller.memberships:
            mine |= owned_by(caller)
    else:
        mine = owned_by(caller)
    if shareable and access == Access.USE:
        codename = shareable if isinstance(shareable, str) else f"use_{queryset.model._meta.model_name}"
        mine |= among_keys("pk", shared_with(queryset.model, caller=caller, codename=codename))
    return queryset.filter(mine)
