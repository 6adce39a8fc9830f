"""From a key, a session or a row to the :class:`Caller`; each in one statement."""

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.accounts.models import ApiKeyPair, ApiToken, MemberRole, ProjectMember, User
from apps.accounts.models.api_key import key_state
from apps.accounts.states import AccountState, RoleState
from cloudstack.api.addresses import within
from cloudstack.api.authentication import KeyHolder
from cloudstack.framework.context import Caller, Membership, RoleType
from cloudstack.framework.errors import InternalError
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
_FIELDS = (*_USER_COLUMNS, "memberships")


class _Listed(Subquery):
    """The rows of a subquery over members as one text, so that they come with the caller's own row."""

    template = (
        "(SELECT group_concat(number || ':' || owner || ':' || owner_uuid || ':' || shares || ':' || kind || ':' || "
        "COALESCE(rules, 0) || ':' || COALESCE(rules_version, 0) || ':' || COALESCE(person, 0), ',') "
        "FROM (%(subquery)s) listed)"
    )
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = self.template.replace("group_concat(", "string_agg(")
        return self.as_sql(compiler, connection, template=template, **context)


def _memberships(prefix: str) -> _Listed:
    """Those of a user and those of his account."""
    mine = Q(user_id=OuterRef(f"{prefix}pk")) | Q(user__isnull=True, account_id=OuterRef(f"{prefix}account_id"))
    return _Listed(
        ProjectMember.objects.filter(mine, project__removed__isnull=True)
        .order_by()
        .values(
            owner=F("project__account_id"),
            owner_uuid=F("project__account__uuid"),
            shares=F("project__account__group_id"),
            kind=F("role"),
            rules=F("project_role_id"),
            rules_version=F("project_role__version"),
            person=F("user_id"),
            number=F("project_id"),
        )
    )


def _membership(text: str) -> tuple[bool, Membership]:
    """Whether it is the user's own, and what it is."""
    project, owner, owner_uuid, group, kind, role, version, user = text.split(":")
    return user != "0", Membership(
        int(project), int(owner), str(UUID(owner_uuid)), int(group), kind == MemberRole.ADMIN, int(role), int(version)
    )


def _paths(prefix: str) -> tuple[Any, ...]:
    return (*(prefix + path for path in _USER_COLUMNS.values()), _memberships(prefix))


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
    if row["memberships"]:
        # What is said of the user comes last and wins over what is said of his account.
        listed = sorted(map(_membership, row["memberships"].split(",")), key=itemgetter(0))
        row["memberships"] = tuple({found.project_id: found for _, found in listed}.values())
    else:
        row["memberships"] = ()
    return Caller(**row)


_KEY_FACTS = ("secret_key", "enabled", "start_date", "end_date", "allowed_cidrs")
_KEY_CHOICES = ("user__api_key_access", "user__account__api_key_access")


def _by_key(*, api_key: str) -> "QuerySet[ApiKeyPair, Any]":
    pairs = ApiKeyPair.objects.filter(_admitted("user__"), api_key=api_key).order_by()
    return pairs.values_list(*_KEY_FACTS, *_KEY_CHOICES, *_paths("user__"))


def _by_token(*, token_hash: str) -> "QuerySet[ApiToken, Any]":
    tokens = ApiToken.objects.filter(_admitted("user__"), token_hash=token_hash).order_by()
    return tokens.values_list("pk", "end_date", "last_used", *_paths("user__"))


def _by_user(*, user: int) -> "QuerySet[User, Any]":
    users = User.objects.filter(_admitted(), pk=user).order_by()
    return users.values_list("password", "session_round", "second_factor", "second_factor_mandated", *_paths(""))


# Every request asks one of them.
_BY_KEY, _BY_TOKEN, _BY_USER = Statement(_by_key), Statement(_by_token), Statement(_by_user)


def caller_by_key(
    *, api_key: str, address: str = "", keys_by_default: Callable[[str], bool] = lambda domain: True
) -> KeyHolder | None:
    """Whoever owns the live key pair, its secret, and why it may not be used; None for a key that nobody has.

    ``keys_by_default`` tells the value of ``api.key.access`` in a domain; accounts and users may differ from it.
    """
    rows = _BY_KEY.rows(api_key=api_key)
    if not rows:
        return None
    secret, enabled, start, end, cidrs, of_user, of_account, *values = rows[0]
    caller = _caller(tuple(values))
    allowed = next((choice for choice in (of_user, of_account) if choice is not None), None)
    if allowed is None:
        allowed = keys_by_default(caller.domain_uuid)
    if not allowed:
        return KeyHolder(caller, secret, "access by key pairs is switched off for this user, account or domain")
    match key_state(enabled=enabled, start_date=start, end_date=end):
        case "disabled":
            return KeyHolder(caller, secret, "the key pair is disabled")
        case "pending":
            return KeyHolder(caller, secret, f"the key pair is not valid before {start:%Y-%m-%dT%H:%M:%S%z}")
        case "expired":
            return KeyHolder(caller, secret, f"the key pair ended at {end:%Y-%m-%dT%H:%M:%S%z}")
    if cidrs and not within(address, cidrs):
        return KeyHolder(caller, secret, f"the key pair may not be used from {address or 'an unknown address'}")
    return KeyHolder(caller, secret)


def caller_by_token(*, token_hash: str) -> tuple[Caller, int, datetime | None] | None:
    """Whoever made the live token, with the token's key and last use; None for one that opens nothing."""
    rows = _BY_TOKEN.rows(token_hash=token_hash)
    if not rows:
        return None
    key, end, last_used, *values = rows[0]
    if end is not None and end <= timezone.now():
        return None
    return _caller(tuple(values)), key, last_used


def caller_by_user(*, user_id: int) -> Caller | None:
    """The caller that a user makes; None when the user may not act any more."""
    rows = _BY_USER.rows(user=user_id)
    return _caller(tuple(rows[0][4:])) if rows else None


def logged_in(*, user_id: int, mark: str) -> tuple[Caller, str, bool] | None:
    """The caller behind a session, the provider of his second factor, and whether he is marked to need one.

    None when the user may not act any more, has changed the password or has signed out everywhere since ``mark``
    was made: see ``session_mark``.
    """
    rows = _BY_USER.rows(user=user_id)
    if not rows:
        return None
    password, session_round, provider, mandated, *values = rows[0]
    if not constant_time_compare(mark, session_mark(password, session_round)):
        return None
    return _caller(tuple(values)), provider, mandated


def session_mark(password: str, session_round: int) -> str:
    """A word that changes with the stored password and with the round of sessions, and tells nothing about them."""
    stored = f"{password}\n{session_round}" if session_round else password
    return salted_hmac("accounts.session", stored, algorithm="sha256").hexdigest()


def caller_of(user: User) -> Caller:
    """The caller that ``user`` makes, whatever its state: for tests, seeds and jobs on a user's behalf."""
    return _caller(User.all_objects.values_list(*_paths("")).get(pk=user.pk))


def system_caller() -> Caller:
    """The platform itself: periodic jobs and start-up act as it. Raises ``InternalError`` before it is installed."""
    row = User.objects.filter(account__is_system=True).order_by("pk").values_list(*_paths("")).first()
    if row is None:
        raise InternalError("the system account is missing: the installation has not been prepared")
    return _caller(row)
