"""What a password must be like: Django's validators, bounded by the settings of the user's domain."""

import re
from typing import Any

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from apps.accounts import password_config as config
from cloudstack.framework.configuration import ConfigKey

_CLASSES: tuple[tuple[ConfigKey, re.Pattern[str], str], ...] = (
    (config.UPPERCASE, re.compile(r"[A-Z]"), "upper-case letters (A–Z)"),
    (config.LOWERCASE, re.compile(r"[a-z]"), "lower-case letters (a–z)"),
    (config.DIGITS, re.compile(r"[0-9]"), "digits"),
    (config.SPECIAL, re.compile(r"[^A-Za-z0-9]"), "characters that are no letters and no digits"),
)
LONGEST = 1024
"""Characters. Hashing takes longer the longer a text is, and a password is hashed before anybody is known."""


class PolicyValidator:
    """Length, kinds of characters, the user's name, and a pattern of the operator's own."""

    def validate(self, password: str, user: Any = None) -> None:
        domain = domain_uuid_of(user)
        problems = []
        shortest = int(config.LENGTH.value(domain))
        if len(password) < shortest:
            problems.append(f"it has {len(password)} characters, at least {shortest} are needed")
        if len(password) > LONGEST:
            problems.append(f"it has {len(password)} characters, at most {LONGEST} are possible")
        for key, pattern, words in _CLASSES:
            wanted, found = int(key.value(domain)), len(pattern.findall(password))
            if found < wanted:
                problems.append(f"it needs at least {wanted} {words} and has {found}")
        name = str(getattr(user, "username", "") or "")
        if name and not config.MAY_CONTAIN_NAME.value(domain) and name.lower() in password.lower():
            problems.append("it contains the name of the user")
        pattern = str(config.PATTERN.value(domain))
        if pattern and len(password) <= LONGEST and not re.fullmatch(pattern, password):
            problems.append(f"it does not match the pattern {pattern} that is asked for here")
        if problems:
            raise ValidationError("The password cannot be taken: " + "; ".join(problems))

    def get_help_text(self) -> str:
        return f"At least {config.LENGTH.value()} characters, and whatever else the settings of the domain ask for."


class CommonValidator(CommonPasswordValidator):
    """Django's list of twenty thousand, where the operator wants it."""

    def validate(self, password: str, user: Any = None) -> None:
        if config.REFUSE_COMMON.value(domain_uuid_of(user)):
            super().validate(password, user)

    def get_help_text(self) -> str:
        return ""


class HistoryValidator:
    """Not one of the last passwords."""

    def validate(self, password: str, user: Any = None) -> None:
        kept = int(config.HISTORY.value(domain_uuid_of(user)))
        if not kept or user is None or user.pk is None:
            return
        if any(check_password(password, stored) for stored in [user.password, *user.password_history][:kept]):
            raise ValidationError(f"The password cannot be taken: it is one of the last {kept} of this user")

    def get_help_text(self) -> str:
        return ""


def domain_uuid_of(user: Any) -> Any:
    """The domain whose settings count; None for those of the whole cloud."""
    return user.domain.uuid if user is not None and getattr(user, "domain_id", None) else None
