"""The accounts app in the admin."""

from apps.accounts.admin import account, domain, limit, role, user

__all__ = ["account", "domain", "limit", "role", "user"]
