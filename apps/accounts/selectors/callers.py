"""From a key, a session or a row to the :class:`Caller`; each in one statement."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.accounts.models import ApiKeyPair, User
from apps.accounts.states import AccountState, RoleState
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.secrets import Secret
from cloudstack.framework.statements import Statement

_USER_COLUMNS = {
    "user_id": "pk",
    "user_uuid": "uuid",
    "username": "username",
    "account_id": "account_id",
    "account_uuid": "account__uuid",
    "account_name": "account__name",
    "account_type": "account__type",
    "domain_id": "account__domain_id",
    "domain_uuid": "account__domain__uuid",
    "domain_path": "account__domain__path",
    "role_id": "account__role_id",
    "role_type": "account__role__type",
    "role_version": "account__role__version",
    "group_id": "account__group_id",
    "is_system": "account__is_system",
}
_FIELDS = tuple(_USER_COLUMNS)


def _paths(prefix: str) -> tuple[str, ...]:
    return tuple(prefix + path for path in _USER_COLUMNS.values())


def _admitted(prefix: str = "") -> Q:
    """Only live and enabled users, accounts and roles act; nobody acts as the system from outside."""
    return Q(
        **{
            f"{prefix}state": AccountState.ENABLED,
            f"{prefix}removed__isnull": True,
            f"{prefix}account__state": AccountState.ENABLED,
            f"{prefix}account__removed__isnull": True,
            f"{prefix}account__is_system": False,
            f"{prefix}account__role__state": RoleState.ENABLED,
        }
    )


def _caller(values: tuple[Any, ...]) -> Caller:
    row = dict(zip(_FIELDS, values, strict=True))
    for name in ("user_uuid", "account_uuid", "domain_uuid"):
        row[name] = str(row[name])
    row["role_type"] = RoleType(row["role_type"])
    return Caller(**row)


def _by_key(*, api_key: str) -> "QuerySet[ApiKeyPair, Any]":
    pairs = ApiKeyPair.objects.filter(_admitted("user__"), api_key=api_key).order_by()
    return pairs.values_list("secret_key", "user__api_key_access", "user__account__api_key_access", *_paths("user__"))


def _by_user(*, user: int) -> "QuerySet[User, Any]":
    return User.objects.filter(_admitted(), pk=user).order_by().values_list("password", *_paths(""))


# Every request asks one of them.
_BY_KEY, _BY_USER = Statement(_by_key), Statement(_by_user)


def caller_by_key(*, api_key: str, keys_by_default: bool = True) -> tuple[Caller, Secret] | None:
    """Whoever owns the live key pair, and its secret; None for a key that opens nothing.

    ``keys_by_default`` is the value of ``api.key.access``; accounts and users may differ from it.
    """
    rows = _BY_KEY.rows(api_key=api_key)
    if not rows:
        return None
    secret, of_user, of_account, *values = rows[0]
    for choice in (of_user, of_account, keys_by_default):
        if choice is not None:
            return (_caller(tuple(values)), secret) if choice else None
    return None


def caller_by_user(*, user_id: int, mark: str | None = None) -> Caller | None:
    """The caller behind a session or token; None when the user may not act any more.

    With ``mark`` (``mark_of_password`` at log-in) also None when the password has been changed since.
    """
    rows = _BY_USER.rows(user=user_id)
    if not rows:
        return None
    password, *values = rows[0]
    if mark is not None and not constant_time_compare(mark, mark_of_password(password)):
        return None
    return _caller(tuple(values))


def mark_of_password(stored: str) -> str:
    """A word that changes with the stored password and tells nothing about it."""
    return salted_hmac("accounts.session", stored, algorithm="sha256").hexdigest()


def caller_of(user: User) -> Caller:
    """The caller that ``user`` makes, whatever its state: for tests, seeds and jobs on a user's behalf."""
    return _caller(User.all_objects.values_list(*_paths("")).get(pk=user.pk))


def system_caller() -> Caller:
    """The platform itself: periodic jobs and start-up act as it."""
    return _caller(User.objects.filter(account__is_system=True).order_by("pk").values_list(*_paths(""))[0])
