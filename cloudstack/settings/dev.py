"""A developer's machine: debug pages, a key that protects nothing."""

from cloudstack.settings.base import *  # noqa: F403

DEBUG = True
SECRET_KEY = "development-only-key-that-protects-nothing-at-all-0123456789"  # noqa: S105
FIELD_ENCRYPTION_KEYS = ["development-only"]
ALLOWED_HOSTS = ["*"]
