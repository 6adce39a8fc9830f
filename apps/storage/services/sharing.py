"""Who may use an image beside its owner: everybody, or accounts by name."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

from apps.accounts.models import Account, Project
from apps.storage.config import USERS_SHARE_TEMPLATES
from apps.storage.events import ISO_UPDATE, TEMPLATE_UPDATE
from apps.storage.models import Template
from apps.storage.selectors import accounts_using
from apps.storage.selectors.templates import USE_TEMPLATE
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish


class SharingManager:
    """Object permissions of accounts' groups, and the flags that open an image to all."""

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        image: Template,
        operation: str | None = None,
        account_names: Sequence[str] = (),
        projects: Sequence[Project] = (),
        is_public: bool | None = None,
        is_featured: bool | None = None,
        is_extractable: bool | None = None,
    ) -> None:
        """Change grants and flags together. ``reset`` takes all grants and both flags away.

        Accounts are those of the caller's domain. Raises ``InvalidParameter`` for a name that is none of them.
        """
        if (account_names or projects) and operation not in ("add", "remove"):
            raise InvalidParameter("accounts and projectids go with op=add or op=remove", parameter="op")
        if operation in ("add", "remove") and not (account_names or projects):
            raise InvalidParameter(f"op={operation} goes with accounts or projectids", parameter="accounts")
        if is_public and not caller.is_admin and not USERS_SHARE_TEMPLATES.value(image.account.uuid):
            raise PermissionDenied("You may not make templates public", parameter="ispublic")
        accounts = [*_named(caller, account_names), *(project.account for project in projects)]
        changes: dict[str, Any] = {"is_public": is_public, "is_featured": is_featured, "is_extractable": is_extractable}
        if operation == "reset":
            accounts = list(accounts_using(image).select_related("group"))
            changes.update(is_public=False, is_featured=False)
        fields = {name: value for name, value in changes.items() if value is not None}
        if fields:
            Template.objects.filter(pk=image.pk).update(**fields)
        if operation == "add":
            self.share(caller=caller, image=image, add=accounts)
        else:
            self.share(caller=caller, image=image, remove=accounts)

    @transaction.atomic
    def share(
        self, *, caller: Caller | None, image: Template, add: Sequence[Account] = (), remove: Sequence[Account] = ()
    ) -> None:
        """Let accounts use the image, or no longer."""
        for account in add:
            if account.pk != image.account_id:
                assign_perm(USE_TEMPLATE, account.group, image)
        for account in remove:
            remove_perm(USE_TEMPLATE, account.group, image)
        kind = ISO_UPDATE if image.is_iso else TEMPLATE_UPDATE
        publish(kind, caller=caller, description=f"changed who may use {image}", resource=image)


def _named(caller: Caller, names: Sequence[str]) -> list[Account]:
    found = Account.objects.select_related("group").filter(
        domain_id=caller.domain_id, name__in=names, project__isnull=True
    )
    by_name = {account.name: account for account in found}
    for name in names:
        if name not in by_name:
            raise InvalidParameter(f'accounts: unable to find account "{name}" in your domain', parameter="accounts")
    return [by_name[name] for name in dict.fromkeys(names)]
