"""Codes of the second factor: how they are made and how they are told from wrong ones. Knows no rows."""

import hashlib
import secrets
import time
from hmac import compare_digest

import pyotp

from apps.accounts.models.two_factor import TwoFactorProvider

STEP_S = 30
DRIFT = 1
"""Intervals by which the user's clock may be off, either way."""
PIN_DIGITS = 6
RECOVERY_CODES = 10
_GROUPS, _GROUP = 4, 4
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the letters and digits that people mistake for one another."""


def new_secret(provider: str) -> str:
    if provider == TwoFactorProvider.STATIC_PIN:
        return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
    return str(pyotp.random_base32())


def new_recovery_codes() -> list[str]:
    """Codes of 79 random bits each, written in groups."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> str:
    """What is stored of a recovery code. Its bits are more than any table of guesses reaches: one round is enough."""
    plain = "".join(letter for letter in code.lower() if letter.isascii() and letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def looks_like_recovery(code: str) -> bool:
    """Whether it is as long as a recovery code, however it is grouped."""
    return sum(letter.isalnum() for letter in code) == _GROUPS * _GROUP


def pin_matches(secret: str, code: str) -> bool:
    return compare_digest(secret.encode(), code.strip().encode("utf-8", "replace"))


def totp_step(secret: str, code: str) -> int | None:
    """The interval that the code belongs to; None for a wrong one. All intervals are compared, whichever matches."""
    given = "".join(code.split()).encode("utf-8", "replace")
    now = int(time.time()) // STEP_S
    generator = pyotp.TOTP(secret, interval=STEP_S)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if compare_digest(generator.generate_otp(step).encode(), given):
            found = step
    return found


def provisioning_uri(secret: str, *, username: str, issuer: str) -> str:
    """The address that authenticator apps read from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))
