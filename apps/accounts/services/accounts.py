"""Accounts: open, change, shut, close."""

import uuid as uuids
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.models import Account, AccountType, Domain, Role
from apps.accounts.services.domains import ensure_takes_in
from apps.accounts.services.names import ensure_dns_suffix, ensure_name
from apps.accounts.services.reach import ensure_reach, ensure_role_within
from apps.accounts.services.removal import Owners, ensure_removable
from apps.accounts.services.state_machines import ACCOUNT_FSM
from apps.accounts.services.users import UserManager
from apps.accounts.states import RoleState
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch

DELETION = "accounts.account.delete"
_TYPE_OF_ROLE = {
    RoleType.ADMIN: AccountType.ADMIN,
    RoleType.RESOURCE_ADMIN: AccountType.RESOURCE_DOMAIN_ADMIN,
    RoleType.DOMAIN_ADMIN: AccountType.DOMAIN_ADMIN,
    RoleType.USER: AccountType.NORMAL,
}
_ROLE_OF_TYPE = {kind: role for role, kind in _TYPE_OF_ROLE.items()}


class AccountManager:
    """Creates, changes, enables, disables, locks and deletes accounts."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        name: str,
        domain: Domain,
        role: Role,
        username: str,
        password: str | None,
        email: str,
        first_name: str,
        last_name: str,
        timezone: str = "",
        network_domain: str = "",
        details: dict[str, str] | None = None,
        uuid: Any = None,
        user_uuid: Any = None,
    ) -> Account:
        """An account with its first user, who may have no ``password``. The role decides what kind of account it is."""
        ensure_role_within(caller, role)
        if role.state != RoleState.ENABLED:
            raise InvalidParameter(f"role {role.name} is disabled", parameter="roleid")
        account = open_account(
            name=name, domain=domain, role=role, network_domain=network_domain, details=details or {}, uuid=uuid
        )
        publish(
            events.ACCOUNT_CREATE,
            caller=caller,
            description=f"account {account.name} created in domain {domain.shown_path}",
            resource=account,
            account_uuid=account.uuid,
        )
        UserManager().create(
            caller=caller,
            account=account,
            username=username,
            password=password,
            email=email,
            first_name=first_name,
            last_name=last_name,
            timezone=timezone,
            uuid=user_uuid,
        )
        return account

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        account: Account,
        new_name: str | None = None,
        role: Role | None = None,
        network_domain: str | None = None,
        details: dict[str, str] | None = None,
        api_key_access: bool | None = None,
        set_api_key_access: bool = False,
    ) -> Account:
        """Change what is given. ``set_api_key_access`` says that ``api_key_access`` (null: inherit) is."""
        ensure_reach(caller, account=account)
        self._ensure_not_system(account)
        if set_api_key_access:
            account.api_key_access = api_key_access
        if network_domain is not None:
            ensure_dns_suffix(network_domain)
            account.network_domain = network_domain
        if details is not None:
            account.details = {**account.details, **details}
        if role is not None and role.pk != account.role_id:
            self._change_role(caller, account, role)
        if new_name is not None and new_name != account.name:
            account.name = ensure_name(new_name, parameter="newname", what="an account's name", longest=100)
        _save_new_name(
            account,
            parameter="newname",
            # Never the state: that belongs to the state machine.
            fields=["name", "type", "role", "network_domain", "details", "api_key_access"],
        )
        publish(
            events.ACCOUNT_UPDATE,
            caller=caller,
            description=f"account {account.name} changed",
            resource=account,
            account_uuid=account.uuid,
        )
        return account

    def _change_role(self, caller: Caller, account: Account, role: Role) -> None:
        if account.is_default:
            raise PermissionDenied(
                f"The role of account {account.name} belongs to the installation", parameter="roleid"
            )
        if account.pk == caller.account_id:
            raise PermissionDenied("You cannot change the role of your own account", parameter="roleid")
        if role.state != RoleState.ENABLED:
            raise InvalidParameter(f"role {role.name} is disabled", parameter="roleid")
        ensure_role_within(caller, role)
        account.role = role
        account.type = _TYPE_OF_ROLE[RoleType(role.type)]

    @transaction.atomic
    def enable(self, *, caller: Caller, account: Account) -> Account:
        """Let its users in again; a deletion that did not come to its end is not tried again."""
        ensure_reach(caller, account=account)
        self._ensure_not_going(account)
        ACCOUNT_FSM.fire(account, "enable", cleanup_needed=False)
        return account

    @transaction.atomic
    def lock(self, *, caller: Caller, account: Account) -> Account:
        """Shut its users out; what runs goes on running."""
        self._ensure_other(caller, account, "lock")
        ACCOUNT_FSM.fire(account, "lock")
        return account

    @transaction.atomic
    def disable(self, *, caller: Caller, account: Account, lock: bool = False) -> AsyncJob:
        """Shut its users out until enabled; with ``lock`` the account is locked instead."""
        self._ensure_other(caller, account, "lock" if lock else "disable")
        return dispatch(
            "accounts.account.disable",
            caller=caller,
            exclusive=[f"account:{account.uuid}"],
            resource=account,
            arguments={"account_uuid": str(account.uuid), "lock": lock},
            description=f"{'locking' if lock else 'disabling'} account {account.name}",
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, account: Account) -> AsyncJob:
        """Close an account: all that it owns goes, then its users and keys, then itself.

        From now on it is disabled, so that nothing is added. If something cannot be removed the job names it, the
        account stays disabled, and the platform tries again every ``account.cleanup.interval`` seconds until the
        account is enabled again. Raises ``ResourceInUse`` for what must be settled before.
        """
        self._ensure_other(caller, account, "delete")
        self._ensure_not_going(account)
        ensure_removable(owners_of(account))
        before = account.state
        ACCOUNT_FSM.fire(account, "disable")
        return submit_deletion(caller=caller, account=account, state_before=before)

    def _ensure_not_going(self, account: Account) -> None:
        if deletions_of(account).exists():
            raise ResourceInUse(f"account {account.name} is being deleted; cancel that job first", parameter="id")

    def _ensure_other(self, caller: Caller, account: Account, verb: str) -> None:
        ensure_reach(caller, account=account)
        self._ensure_not_system(account)
        if account.pk == caller.account_id:
            raise PermissionDenied(f"You cannot {verb} your own account", parameter="id")
        if account.is_default:
            raise PermissionDenied(f"Account {account.name} belongs to the installation; nobody can {verb} it")

    def _ensure_not_system(self, account: Account) -> None:
        if account.is_system:
            raise PermissionDenied("The system account cannot be changed")


def open_account(
    *, name: str, domain: Domain, role: Role, uuid: Any = None, kind: AccountType | None = None, **fields: Any
) -> Account:
    """The rows of an account without users: itself and the group through which things are shared with it.

    The role says of what ``kind`` it is, unless it is a project's.
    """
    ensure_dns_suffix(fields.get("network_domain", ""))
    ensure_takes_in(domain, parameter="domainid")
    uuid = uuid or uuids.uuid4()
    account = Account(
        uuid=uuid,
        name=ensure_name(name, parameter="account", what="an account's name", longest=100),
        domain=domain,
        role=role,
        type=_TYPE_OF_ROLE[RoleType(role.type)] if kind is None else kind,
        **fields,
    )
    account.group = Group.objects.create(name=f"account:{uuid}")
    _save_new_name(account, parameter="account")
    return account


def role_for_type(kind: int) -> Role:
    """The role that came with the installation for an account type of the wire (0 user, 1 root admin, …)."""
    wanted = _ROLE_OF_TYPE.get(AccountType(kind)) if kind in AccountType.values else None
    role = Role.objects.filter(type=wanted, is_default=True).order_by("pk").first() if wanted else None
    if role is None:
        raise InvalidParameter(
            f"accounttype={kind} is not possible: 0 is a user, 1 a root admin, 2 a domain admin, "
            f"3 a resource admin; or give roleid",
            parameter="accounttype",
        )
    return role


def owners_of(account: Account) -> Owners:
    """The account as the owner of what goes with it."""
    return Owners(accounts=Account.objects.filter(pk=account.pk), title=f"account {account.name}")


def deletions_of(account: Account) -> QuerySet[AsyncJob]:
    """Jobs under way that delete the account alone."""
    jobs = AsyncJob.objects.filter(name=DELETION, status__in=AsyncJob.LIVE)
    return jobs.filter(resource_uuid=account.uuid)


def submit_deletion(*, caller: Caller | None, account: Account, state_before: str) -> AsyncJob:
    """The job that empties and closes an account which is disabled already."""
    return dispatch(
        "accounts.account.delete",
        caller=caller,
        exclusive=[f"account:{account.uuid}"],
        resource=account,
        arguments={"account_uuid": str(account.uuid), "state_before": state_before},
        description=f"deleting account {account.name}",
        event_type=events.ACCOUNT_DELETE,
    )


def _save_new_name(account: Account, *, parameter: str, fields: list[str] | None = None) -> None:
    message = f'The account "{account.name}" exists already in domain {account.domain.shown_path}'
    if Account.objects.filter(domain_id=account.domain_id, name=account.name).exclude(pk=account.pk).exists():
        raise InvalidParameter(message, parameter=parameter)
    try:
        with transaction.atomic():
            account.save(update_fields=fields)
    except IntegrityError:
        raise InvalidParameter(message, parameter=parameter) from None
