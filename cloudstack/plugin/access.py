"""Narrowing who may call what; see the hooks ``register_access_checks`` and ``register_role_rules``."""

from cloudstack.api.access_checks import AccessCheck, CommandCall
from cloudstack.api.default_rules import RoleRule

__all__ = ["AccessCheck", "CommandCall", "RoleRule"]
