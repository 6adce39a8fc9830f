"""Reads. Whatever a door shows is filtered by the caller here."""

from apps.accounts.selectors.callers import (
    caller_by_key,
    caller_by_token,
    caller_by_user,
    caller_of,
    logged_in,
    session_mark,
    system_caller,
)
from apps.accounts.selectors.people import accounts_visible_to, domains_visible_to, roles_visible_to, users_visible_to
from apps.accounts.selectors.projects import (
    project_invitations_visible_to,
    project_role_permissions_visible_to,
    project_roles_visible_to,
    projects_visible_to,
)
from apps.accounts.selectors.scope import (
    accounts_beneath,
    domains_beneath,
    of_projects,
    owned_by,
    owned_scope,
    shared_with,
)

__all__ = [
    "accounts_beneath",
    "accounts_visible_to",
    "caller_by_key",
    "caller_by_token",
    "caller_by_user",
    "caller_of",
    "logged_in",
    "domains_beneath",
    "domains_visible_to",
    "session_mark",
    "of_projects",
    "owned_by",
    "owned_scope",
    "project_invitations_visible_to",
    "project_role_permissions_visible_to",
    "project_roles_visible_to",
    "projects_visible_to",
    "roles_visible_to",
    "shared_with",
    "system_caller",
    "users_visible_to",
]
