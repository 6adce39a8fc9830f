"""What is asked of every call before its role is: where it comes from, and how many came before it."""

import math

from cloudstack.api.addresses import within
from cloudstack.api.config import (
    ALLOWED_SOURCES,
    SOURCE_CHECKS,
    THROTTLING_ENABLED,
    THROTTLING_INTERVAL_S,
    THROTTLING_MAX,
)
from cloudstack.framework import counting
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import RequestLimitExceeded, Unauthorized

EVERYWHERE = ALLOWED_SOURCES.default


def admit(caller: Caller, address: str) -> None:
    """Raises ``Unauthorized`` for a call from elsewhere and ``RequestLimitExceeded`` for one too many."""
    check_source(caller, address)
    count(caller)


def check_source(caller: Caller, address: str) -> None:
    """Raises ``Unauthorized`` when the caller's account may not call from ``address``."""
    if caller.is_system or not SOURCE_CHECKS.value():
        return
    allowed = ALLOWED_SOURCES.value(caller.account_uuid)
    if allowed != EVERYWHERE and not within(address, allowed):
        raise Unauthorized(
            f"Calls of account {caller.account_name} are not taken from {address or 'an unknown address'}; "
            f"the setting {ALLOWED_SOURCES.name} names the networks that they may come from"
        )


def is_throttled(caller: Caller) -> bool:
    """Whether calls of this account are counted: those of root admins never are."""
    return bool(THROTTLING_ENABLED.value()) and not caller.is_root_admin and not caller.is_system


def subject_of(account_uuid: str) -> str:
    """Under which name the calls of an account are counted."""
    return f"api:{account_uuid}"


def count(caller: Caller) -> None:
    """Count the call. Raises ``RequestLimitExceeded`` when it is one too many."""
    if not is_throttled(caller):
        return
    issued, window = counting.add(subject_of(caller.account_uuid), int(THROTTLING_INTERVAL_S.value()))
    allowed = int(THROTTLING_MAX.value())
    if issued > allowed:
        wait_ms = max(1, math.ceil(window.ends_in_s * 1000))
        raise RequestLimitExceeded(
            f"Account {caller.account_name} has used up its {allowed} calls in {THROTTLING_INTERVAL_S.value()} s; "
            f"try again in {wait_ms} ms",
            retry_after_s=math.ceil(wait_ms / 1000),
        )
