"""The second factor: who needs one, how it is set up, and what a code is worth."""

import logging
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts import events
from apps.accounts.config import (
    INCORRECT_LOGINS_ALLOWED,
    TWO_FACTOR_ENABLED,
    TWO_FACTOR_MANDATED,
    TWO_FACTOR_PROVIDER,
)
from apps.accounts.models import RecoveryCode, TwoFactor, TwoFactorProvider, User
from apps.accounts.services import second_factor_codes as codes
from apps.accounts.services.reach import ensure_reach
from apps.accounts.services.state_machines import USER_FSM
from apps.accounts.states import AccountState
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, SecondFactorNeeded, StaleState
from cloudstack.framework.events.bus import publish

log = logging.getLogger("cloudstack.login")

LONGEST_WAIT = timedelta(hours=1)
WRONG = "The code of the second factor is not right, or it has been used already"


@dataclass(frozen=True)
class Setup:
    """A second factor that waits for its first code, with what is shown this once."""

    factor: TwoFactor
    secret: str
    recovery_codes: list[str]


def is_mandated(*, domain_uuid: Any, of_user: bool) -> bool:
    """Whether the user must have a second factor: by his own flag or his domain's setting."""
    if not TWO_FACTOR_ENABLED.value(domain_uuid):
        return False
    return of_user or bool(TWO_FACTOR_MANDATED.value(domain_uuid))


def missing_step(*, provider: str, domain_uuid: Any, of_user: bool) -> str:
    """What a fresh log-in still lacks: ``verify`` a code, ``setup`` of a mandated factor, or nothing."""
    if provider:
        return "verify"
    return "setup" if is_mandated(domain_uuid=domain_uuid, of_user=of_user) else ""


class SecondFactorManager:
    """Sets second factors up, takes them away, and takes codes."""

    @transaction.atomic
    def set_up(self, *, caller: Caller, user: User, provider: str | None = None) -> Setup:
        """A new factor of the caller himself. It counts from its first right code on; one in force stays until then."""
        if user.pk != caller.user_id:
            raise PermissionDenied("Everybody sets up a second factor for himself only", parameter="userid")
        domain = user.domain.uuid
        if not TWO_FACTOR_ENABLED.value(domain):
            raise PermissionDenied(f"Second factors are switched off here: see the setting {TWO_FACTOR_ENABLED.name}")
        chosen = provider or str(TWO_FACTOR_PROVIDER.value(domain))
        if chosen not in TwoFactorProvider.values:
            raise InvalidParameter(
                f"there is no provider {chosen[:40]!r}, only {' and '.join(TwoFactorProvider.values)}",
                parameter="provider",
            )
        # The user's row is the gate: of two set-ups at once the later one counts.
        User.objects.select_for_update().get(pk=user.pk)
        TwoFactor.objects.filter(user=user, confirmed__isnull=True).delete()
        secret, recovery = codes.new_secret(chosen), codes.new_recovery_codes()
        factor = TwoFactor.objects.create(user=user, provider=chosen, secret=secret)
        RecoveryCode.objects.bulk_create(
            RecoveryCode(factor=factor, code_hash=codes.recovery_hash(code)) for code in recovery
        )
        return Setup(factor, secret, recovery)

    @transaction.atomic
    def remove(self, *, caller: Caller, user: User) -> None:
        """Take a factor away: one's own where none is mandated, or as an administrator, so that a user sets up anew."""
        if user.pk == caller.user_id:
            if is_mandated(domain_uuid=user.domain.uuid, of_user=user.second_factor_mandated):
                raise PermissionDenied("A second factor is mandated for you; an administrator can take it away")
        else:
            if not caller.is_admin:
                raise PermissionDenied("Only an administrator takes away the second factor of others")
            ensure_reach(caller, account=user.account)
        TwoFactor.objects.filter(user=user).delete()
        User.objects.filter(pk=user.pk).update(second_factor="")
        user.second_factor = ""
        publish(
            events.USER_2FA_DISABLE,
            caller=caller,
            description=f"second factor of user {user.username} taken away",
            resource=user,
        )

    def verify(self, *, caller: Caller, user: User, code: str) -> None:
        """Take a code: of the factor in force, of the one that waits to be confirmed, or a recovery code.

        Raises ``SecondFactorNeeded`` for a wrong or used one. Wrong ones are counted, so call it outside a
        transaction: too many disable the user; a root admin waits, longer each time, and recovery codes still work.
        """
        if user.pk != caller.user_id:
            raise PermissionDenied("Everybody proves his own second factor")
        factors = {factor.confirmed is not None: factor for factor in TwoFactor.objects.filter(user=user)}
        active, waiting = factors.get(True), factors.get(False)
        if not factors:
            raise InvalidParameter(
                "You have no second factor; set one up with setupUserTwoFactorAuthentication", parameter="codefor2fa"
            )
        if active is not None and codes.looks_like_recovery(code) and self._take_recovery(active, code):
            return
        counted = active or waiting
        assert counted is not None  # noqa: S101 - one of both is there
        self._ensure_no_wait(counted)
        if active is not None and _take(active, code):
            _forgive(active)
        elif waiting is not None and _take(waiting, code):
            self._confirm(waiting, user)
        else:
            self._count_failure(counted, user)
            log.warning("wrong code of the second factor of %s", user.uuid)
            raise SecondFactorNeeded(WRONG)

    @transaction.atomic
    def _confirm(self, factor: TwoFactor, user: User) -> None:
        TwoFactor.objects.filter(user=user).exclude(pk=factor.pk).delete()
        TwoFactor.objects.filter(pk=factor.pk).update(confirmed=timezone.now(), failures=0, last_failure=None)
        User.objects.filter(pk=user.pk).update(second_factor=factor.provider)
        user.second_factor = factor.provider
        publish(
            events.USER_2FA_ENABLE,
            description=f"second factor {factor.provider} of user {user.username} set up",
            resource=user,
            account_uuid=user.account.uuid,
            user_id=user.pk,
        )

    @transaction.atomic
    def _take_recovery(self, factor: TwoFactor, code: str) -> bool:
        taken = RecoveryCode.objects.filter(
            factor=factor, code_hash=codes.recovery_hash(code), used__isnull=True
        ).update(used=timezone.now())
        if taken:
            _forgive(factor)
            left = RecoveryCode.objects.filter(factor=factor, used__isnull=True).count()
            publish(
                events.USER_2FA_RECOVERY,
                description=f"user {factor.user.username} came in with a recovery code; {left} are left",
                resource=factor.user,
                account_uuid=factor.user.account.uuid,
                user_id=factor.user_id,
            )
        return bool(taken)

    def _ensure_no_wait(self, factor: TwoFactor) -> None:
        left = wait_of(factor)
        if left > 0:
            raise SecondFactorNeeded(
                f"Too many wrong codes: the next one is looked at in {math.ceil(left)} s; a recovery code works at once"
            )

    def _count_failure(self, factor: TwoFactor, user: User) -> None:
        TwoFactor.objects.filter(pk=factor.pk).update(failures=F("failures") + 1, last_failure=timezone.now())
        factor.refresh_from_db(fields=["failures"])
        allowed = INCORRECT_LOGINS_ALLOWED.value()
        if allowed == 0 or factor.failures < allowed or user.account.role.type == RoleType.ADMIN:
            return
        user.refresh_from_db(fields=["state"])
        if user.state == AccountState.ENABLED:
            try:
                USER_FSM.fire(user, "disable")
            except StaleState:
                return  # somebody else was quicker


def wait_of(factor: TwoFactor) -> float:
    """Seconds until the next code is looked at: none for the first wrong codes, then doubling up to an hour."""
    allowed = INCORRECT_LOGINS_ALLOWED.value()
    if allowed == 0 or factor.failures < allowed or factor.last_failure is None:
        return 0.0
    minutes = 2 ** min(factor.failures - allowed, 6)
    wait = min(timedelta(minutes=minutes), LONGEST_WAIT)
    return max(0.0, (factor.last_failure + wait - timezone.now()).total_seconds())


def _take(factor: TwoFactor, code: str) -> bool:
    """Whether the code is right. A code of an app is right once, and none before it afterwards."""
    secret = factor.secret.reveal()
    if factor.provider == TwoFactorProvider.STATIC_PIN:
        return codes.pin_matches(secret, code)
    step = codes.totp_step(secret, code)
    if step is None:
        return False
    return bool(TwoFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))


def _forgive(factor: TwoFactor) -> None:
    TwoFactor.objects.filter(pk=factor.pk, failures__gt=0).update(failures=0, last_failure=None)
