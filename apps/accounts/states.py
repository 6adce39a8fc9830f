"""Choices and transition tables of domains, accounts, users and roles: pure data."""

from django.db import models


class AccountState(models.TextChoices):
    ENABLED = "enabled", "enabled"
    DISABLED = "disabled", "disabled"
    LOCKED = "locked", "locked"


ACCOUNT_TRANSITIONS = {
    (AccountState.ENABLED, "enable"): AccountState.ENABLED,
    (AccountState.DISABLED, "enable"): AccountState.ENABLED,
    (AccountState.LOCKED, "enable"): AccountState.ENABLED,
    (AccountState.ENABLED, "disable"): AccountState.DISABLED,
    (AccountState.DISABLED, "disable"): AccountState.DISABLED,
    (AccountState.LOCKED, "disable"): AccountState.DISABLED,
    (AccountState.ENABLED, "lock"): AccountState.LOCKED,
    (AccountState.LOCKED, "lock"): AccountState.LOCKED,
}
"""A disabled account or user cannot be locked: that would loosen what is shut already."""

USER_TRANSITIONS = ACCOUNT_TRANSITIONS


class DomainState(models.TextChoices):
    ACTIVE = "Active", "Active"
    INACTIVE = "Inactive", "Inactive"


DOMAIN_TRANSITIONS = {
    (DomainState.ACTIVE, "delete"): DomainState.INACTIVE,
    (DomainState.INACTIVE, "delete_failed"): DomainState.ACTIVE,
}


class RoleState(models.TextChoices):
    ENABLED = "enabled", "enabled"
    DISABLED = "disabled", "disabled"


ROLE_TRANSITIONS = {
    (RoleState.ENABLED, "disable"): RoleState.DISABLED,
    (RoleState.DISABLED, "enable"): RoleState.ENABLED,
}
