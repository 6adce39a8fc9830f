"""The accounts app in the admin."""

from apps.accounts.admin import account, domain, limit, project, role, user

__all__ = ["account", "domain", "limit", "project", "role", "user"]
