"""Setting passwords: one rule for all doors."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts import password_config as config
from apps.accounts.models import User
from apps.accounts.password_rules import domain_uuid_of
from cloudstack.framework.errors import InvalidParameter


def ensure_password(password: str, user: User) -> str:
    """Raises ``InvalidParameter`` that says what the password lacks, and never repeats it."""
    if not password:
        raise InvalidParameter("the password cannot be empty", parameter="password")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidParameter("; ".join(error.messages), parameter="password") from None
    return password


def set_password(user: User, password: str) -> list[str]:
    """Check and set it on the object; answers the fields to save. Links for a new password are worth nothing then."""
    ensure_password(password, user)
    user.password_history = with_history(user)
    user.set_password(password)
    user.reset_token_hash, user.reset_token_expires = "", None
    return ["password", "password_history", "reset_token_hash", "reset_token_expires"]


def with_history(user: User) -> list[str]:
    """What is kept of former passwords once the present one is among them: hashes, the newest first."""
    kept = int(config.HISTORY.value(domain_uuid_of(user)))
    return [user.password, *user.password_history][: max(0, kept - 1)] if user.pk is not None else []
