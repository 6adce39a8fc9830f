"""Secrets at rest: encrypted with the key of the installation, masked wherever they are printed."""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

PREFIX = "enc1:"


class Secret:
    """A value that shows itself only when asked with ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str):
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(****)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not to be pickled")


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys or not all(keys):
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty; set CLOUDSTACK_ENCRYPTION_KEY")
    derived = [base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()) for key in keys]
    return MultiFernet([Fernet(key) for key in derived])


def encrypt(text: str) -> str:
    return PREFIX + _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Raises ``ImproperlyConfigured`` when no configured key opens the value."""
    try:
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured("a stored secret cannot be opened with the configured encryption keys") from None


def is_under_newest_key(stored: str) -> bool:
    """Whether the first of the keys opens the value."""
    try:
        _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS[:1])).decrypt(stored.removeprefix(PREFIX).encode())
    except InvalidToken:
        return False
    return True


def rotated(stored: str) -> str:
    """The value encrypted anew under the first key. Raises ``ImproperlyConfigured`` when no key opens it."""
    return encrypt(decrypt(stored))


class EncryptedField(models.TextField):
    """A text column that holds ciphertext and hands out :class:`Secret` objects."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret | None:
        return None if value is None else Secret(decrypt(value) if value else "")

    def to_python(self, value: Any) -> Secret | None:
        return value if value is None or isinstance(value, Secret) else Secret(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        text = value.reveal() if isinstance(value, Secret) else str(value)
        return encrypt(text) if text else ""

    def value_to_string(self, obj: models.Model) -> str:
        return "****"
