"""Passwords: one check for the API's log-in, the admin's form and everything else that asks for one."""

import ipaddress
import logging
import math

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts import events
from apps.accounts.config import ADDRESS_FAILURES_ALLOWED, ADDRESS_FAILURES_STRETCH_S, INCORRECT_LOGINS_ALLOWED
from apps.accounts.models import User
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.models.user import split_login
from apps.accounts.services import login_backends
from apps.accounts.services.state_machines import USER_FSM
from apps.accounts.states import AccountState, RoleState
from cloudstack.framework import counting
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import RequestLimitExceeded, StaleState
from cloudstack.framework.events.bus import publish

log = logging.getLogger("cloudstack.login")

SHUT_OUTS = ((60, 1), (3600, 6))
"""For root admins, whom nobody may lock out of their cloud: (seconds, times the setting). So many failures from one
address in such a stretch of time, and for the rest of it passwords from there are not looked at."""
IPV6_NETWORK = 64
"""Bits of an IPv6 address that count as one: whoever has an address has all of its network."""


def check_login(
    *,
    username: str,
    password: str,
    domain_path: str = ROOT_PATH,
    domain_uuid: str | None = None,
    address: str = "",
) -> User | None:
    """The user if name and password are right and user, account and role are enabled, else None.

    It takes as long for an unknown user as for a wrong password. Failures are counted; too many of them disable the
    user, or shut out ``address`` for a root admin. Call it outside a transaction: a rollback would forget them.
    Raises ``RequestLimitExceeded`` without looking at anything when too many failures came from ``address``, whoever
    they were about: each look costs a hash.
    """
    ensure_address_may_try(address)
    where = {"domain__uuid": domain_uuid} if domain_uuid else {"domain__path": domain_path}
    user = (
        User.objects.select_related("account__role", "domain")
        .filter(username=username, domain__removed__isnull=True, account__is_system=False, **where)
        .first()
    )
    if user is None or _is_shut_out(user, address):
        make_password(password)
        _count_address(address)
        log.warning("log-in from %s refused: %s", address or "?", f"{user.uuid} waits" if user else "unknown user")
        return None
    said = login_backends.judge(user, password)
    right = said.right
    if right is None:
        right = check_password(password, user.password, setter=lambda raw: _rehash(user, raw))
        if not right and said.unsure:
            log.warning("log-in from %s refused: nobody could judge the password of %s", address or "?", user.uuid)
            return None
    if not right:
        _count_failure(user, address)
        _count_address(address)
        log.warning("log-in from %s refused: wrong password for %s", address or "?", user.uuid)
        return None
    if not is_admitted(user):
        return None
    if user.incorrect_logins:
        User.objects.filter(pk=user.pk).update(incorrect_logins=0)
        user.incorrect_logins = 0
    return user


def ensure_address_may_try(address: str) -> None:
    """Raises ``RequestLimitExceeded`` for the rest of a stretch in which too many log-ins from there failed."""
    allowed = int(ADDRESS_FAILURES_ALLOWED.value())
    if not allowed or not address:
        return
    failures, stretch = counting.so_far(_failures_from(address), int(ADDRESS_FAILURES_STRETCH_S.value()))
    if failures >= allowed:
        wait_s = max(1, math.ceil(stretch.ends_in_s))
        log.warning("log-in from %s refused: %d have failed from there", address, failures)
        raise RequestLimitExceeded(
            f"Too many log-ins from your address have failed; try again in {wait_s} s", retry_after_s=wait_s
        )


def check_login_text(*, login: str, password: str, address: str = "") -> User | None:
    """As :func:`check_login` for one text: ``user`` (of ROOT) or ``user@domain/path``."""
    name, path = split_login(login)
    if path != ROOT_PATH and User.objects.filter(username=login, domain__path=ROOT_PATH).exists():
        # A mail address may be a name in ROOT.
        name, path = login, ROOT_PATH
    return check_login(username=name, password=password, domain_path=path, address=address)


def record_login(user: User) -> None:
    """Note the moment and tell the bus."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(last_login=timezone.now())
        publish(
            events.USER_LOGIN,
            description=f"user {user.username} logged in",
            resource=user,
            account_uuid=user.account.uuid,
            user_id=user.pk,
        )


def record_logout(user_id: int) -> None:
    """Tell the bus that a user has ended a session."""
    user = User.objects.select_related("account").filter(pk=user_id).first()
    if user is not None:
        publish(
            events.USER_LOGOUT,
            description=f"user {user.username} logged out",
            resource=user,
            account_uuid=user.account.uuid,
            user_id=user.pk,
        )


def is_admitted(user: User) -> bool:
    """Whether user, account and role are all live and enabled."""
    if user.state != AccountState.ENABLED or user.account.state != AccountState.ENABLED:
        return False
    return user.account.removed is None and user.account.role.state == RoleState.ENABLED


def _count_failure(user: User, address: str) -> None:
    User.objects.filter(pk=user.pk, incorrect_logins__lt=32767).update(
        incorrect_logins=F("incorrect_logins") + 1, last_incorrect_login=timezone.now()
    )
    if user.account.role.type == RoleType.ADMIN:
        for length_s, _ in SHUT_OUTS:
            counting.add(_attempts(user, address), length_s)
        return
    allowed = INCORRECT_LOGINS_ALLOWED.value()
    user.refresh_from_db(fields=["incorrect_logins", "state"])
    if allowed > 0 and user.incorrect_logins >= allowed and user.state == AccountState.ENABLED:
        try:
            USER_FSM.fire(user, "disable")
        except StaleState:
            return  # somebody else was quicker


def _is_shut_out(user: User, address: str) -> bool:
    """Attempts while shut out are not counted: whoever goes on guessing does not make it longer."""
    allowed = INCORRECT_LOGINS_ALLOWED.value()
    if allowed == 0 or user.account.role.type != RoleType.ADMIN:
        return False
    attempts = _attempts(user, address)
    return any(counting.so_far(attempts, length_s)[0] >= allowed * times for length_s, times in SHUT_OUTS)


def _count_address(address: str) -> None:
    if address and ADDRESS_FAILURES_ALLOWED.value():
        counting.add(_failures_from(address), int(ADDRESS_FAILURES_STRETCH_S.value()))


def _failures_from(address: str) -> str:
    return f"login-from:{_network(address)}"


def _attempts(user: User, address: str) -> str:
    return f"login:{user.pk}:{_network(address)}"


def _network(address: str) -> str:
    if ":" in address:
        return str(ipaddress.ip_network((address.partition("%")[0], IPV6_NETWORK), strict=False))
    return address


def _rehash(user: User, password: str) -> None:
    """The hasher has become stronger since the password was set."""
    user.set_password(password)
    user.save(update_fields=["password"])
