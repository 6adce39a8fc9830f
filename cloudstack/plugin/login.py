"""Judging passwords; see the hook ``register_login_backends``."""

from apps.accounts.services.login_backends import LoginBackend
from cloudstack.framework.secrets import Secret

__all__ = ["LoginBackend", "Secret"]
