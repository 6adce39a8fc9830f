"""Users: make, change, shut out."""

import zoneinfo
from typing import Any

from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts import events
from apps.accounts.config import INCORRECT_LOGINS_ALLOWED, TWO_FACTOR_ENABLED
from apps.accounts.models import Account, AccountType, ProjectInvitation, TwoFactor, User
from apps.accounts.services.api_keys import ApiKeyManager
from apps.accounts.services.names import ensure_email, ensure_name
from apps.accounts.services.passwords import set_password
from apps.accounts.services.project_membership import leave_all, take_along
from apps.accounts.services.reach import ensure_reach, ensure_role_within
from apps.accounts.services.state_machines import USER_FSM
from apps.accounts.services.tokens import TokenManager
from cloudstack.framework import counting
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, StaleState
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch

_PLAIN = ("email", "first_name", "last_name", "timezone", "username", "api_key_access", "second_factor_mandated")
GUESSES_FOR_S = 3600
"""In such a stretch of time the present password is given wrongly as often as at a log-in, and no more."""
_FOR_ADMINISTRATORS = frozenset({"username", "api_key_access", "second_factor_mandated"})


class UserManager:
    """Creates, changes, enables, disables, locks and deletes users."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        account: Account,
        username: str,
        password: str | None,
        email: str,
        first_name: str,
        last_name: str,
        timezone: str = "",
        uuid: Any = None,
    ) -> User:
        """A user of ``account``; raises ``InvalidParameter`` when the name is taken in the account's domain.

        Without a ``password`` none opens anything: the user comes in by a provider only.
        """
        ensure_reach(caller, account=account)
        user = User(
            account=account,
            domain_id=account.domain_id,
            username=ensure_name(username, parameter="username", what="a user's name"),
            email=ensure_email(email),
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            timezone=ensure_timezone(timezone),
            **({"uuid": uuid} if uuid else {}),
        )
        if password is None:
            user.set_unusable_password()
        else:
            set_password(user, password)
        self._save_new_name(user)
        user.groups.add(account.group_id)
        publish(events.USER_CREATE, caller=caller, description=f"user {user.username} created", resource=user)
        return user

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        user: User,
        password: str | None = None,
        current_password: str | None = None,
        api_key: str | None = None,
        secret_key: str | None = None,
        **changes: Any,
    ) -> User:
        """Change what ``changes`` names: email, first_name, last_name, timezone, username and others of ``_PLAIN``.

        Users change their own names, mail and password (giving the present one); the rest is for administrators.
        """
        ensure_reach(caller, account=user.account)
        unknown = changes.keys() - set(_PLAIN)
        if unknown:
            raise TypeError(f"users have no {', '.join(sorted(unknown))}")
        if not caller.is_admin and changes.keys() & _FOR_ADMINISTRATORS:
            raise PermissionDenied(
                "Only an administrator can change the username, the access by key pairs or mandate a second factor"
            )
        if changes.get("second_factor_mandated") and not TWO_FACTOR_ENABLED.value(user.account.domain.uuid):
            raise InvalidParameter(
                f"the user could not set up a second factor: {TWO_FACTOR_ENABLED.name} is off in the domain",
                parameter="mandate2fa",
            )
        if "email" in changes:
            changes["email"] = ensure_email(changes["email"])
        if "timezone" in changes:
            changes["timezone"] = ensure_timezone(changes["timezone"])
        if "username" in changes:
            changes["username"] = ensure_name(changes["username"], parameter="username", what="a user's name")
        for name, value in changes.items():
            setattr(user, name, value)
        written = list(changes)
        if password is not None:
            written += self._change_password(caller, user, password, current_password)
        self._save_new_name(user, update_fields=written)
        if api_key is not None or secret_key is not None:
            ApiKeyManager().set_pair(caller=caller, user=user, api_key=api_key or "", secret_key=secret_key or "")
        publish(events.USER_UPDATE, caller=caller, description=f"user {user.username} changed", resource=user)
        return user

    def _change_password(self, caller: Caller, user: User, password: str, current: str | None) -> list[str]:
        if user.pk == caller.user_id and current:
            self._check_present(user, current)
        elif not caller.is_admin:
            if not current:
                raise InvalidParameter("To set a new password give your present one too", parameter="currentpassword")
            self._check_present(user, current)
        return set_password(user, password)

    def _check_present(self, user: User, password: str) -> None:
        """Who has got hold of a session or a key must not find the password out by guessing."""
        guesses, allowed = f"password:{user.uuid}", int(INCORRECT_LOGINS_ALLOWED.value())
        if allowed and counting.so_far(guesses, GUESSES_FOR_S)[0] >= allowed:
            raise PermissionDenied("Too many wrong passwords: none is looked at for the rest of this hour")
        if not check_password(password, user.password):
            counting.add(guesses, GUESSES_FOR_S)
            raise InvalidParameter("currentpassword is not the present password", parameter="currentpassword")

    def _save_new_name(self, user: User, update_fields: list[str] | None = None) -> None:
        taken = User.objects.filter(domain_id=user.domain_id, username=user.username).exclude(pk=user.pk)
        message = f"The user {user.username} exists already in domain {user.account.domain.shown_path}"
        if (update_fields is None or "username" in update_fields) and taken.exists():
            raise InvalidParameter(message, parameter="username")
        try:
            with transaction.atomic():
                user.save(update_fields=update_fields)
        except IntegrityError:
            raise InvalidParameter(message, parameter="username") from None

    @transaction.atomic
    def end_sessions(self, *, caller: Caller, user: User) -> None:
        """End every session of the user: pages and API. Key pairs and tokens keep working."""
        ensure_reach(caller, account=user.account)
        User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)
        user.refresh_from_db(fields=["session_round"])
        what = f"user {user.username} signed out everywhere"
        publish(events.USER_LOGOUT, caller=caller, description=what, resource=user)

    @transaction.atomic
    def enable(self, *, caller: Caller, user: User) -> User:
        """Let the user in again; failed log-ins are forgiven."""
        ensure_reach(caller, account=user.account)
        USER_FSM.fire(user, "enable", incorrect_logins=0)
        return user

    @transaction.atomic
    def lock(self, *, caller: Caller, user: User) -> User:
        """Shut the user out for now."""
        self._ensure_other(caller, user, "lock")
        USER_FSM.fire(user, "lock")
        return user

    @transaction.atomic
    def disable(self, *, caller: Caller, user: User) -> AsyncJob:
        """Shut the user out until enabled."""
        self._ensure_other(caller, user, "disable")
        return dispatch(
            "accounts.user.disable",
            caller=caller,
            exclusive=[f"user:{user.uuid}"],
            resource=user,
            arguments={"user_uuid": str(user.uuid)},
            description=f"disabling user {user.username}",
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, user: User) -> None:
        """Remove the user and all key pairs; the name is free again."""
        self._ensure_other(caller, user, "delete")
        leave_all(user)
        remove_user(user)
        publish(events.USER_DELETE, caller=caller, description=f"user {user.username} deleted", resource=user)

    @transaction.atomic
    def move(self, *, caller: Caller, user: User, account: Account) -> User:
        """Give a user, with keys and password, to another account of the same domain: it acts with that one's role."""
        self._ensure_other(caller, user, "move")
        ensure_reach(caller, account=account)
        if account.pk == user.account_id:
            raise InvalidParameter(f"user {user.username} is in account {account.name} already", parameter="accountid")
        if account.domain_id != user.domain_id:
            raise InvalidParameter(
                f"account {account.name} is in another domain; a user stays in his own", parameter="accountid"
            )
        if account.type == AccountType.PROJECT or account.is_system:
            raise InvalidParameter(f"account {account.name} has no users", parameter="accountid")
        ensure_role_within(caller, account.role)
        before = user.account
        if not User.objects.filter(pk=user.pk, account=before).update(account=account):
            raise StaleState(f"user {user.username} is no longer in account {before.name}")
        take_along(user, account)
        ProjectInvitation.objects.filter(user=user, account__isnull=False).update(account=account)
        user.groups.remove(before.group_id)
        user.groups.add(account.group_id)
        user.account = account
        text = f"user {user.username} moved from account {before.name} to {account.name}"
        publish(events.USER_MOVE, caller=caller, description=text, resource=user)
        return user

    def _ensure_other(self, caller: Caller, user: User, verb: str) -> None:
        ensure_reach(caller, account=user.account)
        if user.pk == caller.user_id:
            raise PermissionDenied(f"You cannot {verb} yourself", parameter="id")
        if user.is_default:
            raise PermissionDenied(f"User {user.username} belongs to the installation; nobody can {verb} it")


def remove_user(user: User) -> None:
    """Close the row with its key pairs and its share in the account's group."""
    ApiKeyManager().remove_all(user)
    TokenManager().remove_all(user)
    TwoFactor.objects.filter(user=user).delete()
    user.groups.clear()
    user.mark_removed()


def ensure_timezone(name: str) -> str:
    """Raises ``InvalidParameter`` unless ``name`` is empty or a zone of the tz database."""
    if name:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidParameter(
                f"timezone={name!r} is no known time zone; write it as in Europe/Berlin", parameter="timezone"
            ) from None
    return name
