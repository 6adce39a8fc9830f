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


class ProjectState(models.TextChoices):
    ACTIVE = "Active", "Active"
    SUSPENDED = "Suspended", "Suspended"
    DISABLED = "Disabled", "Disabled"


PROJECT_TRANSITIONS = {
    (ProjectState.DISABLED, "activate"): ProjectState.ACTIVE,
    (ProjectState.SUSPENDED, "activate"): ProjectState.ACTIVE,
    (ProjectState.ACTIVE, "activate"): ProjectState.ACTIVE,
    (ProjectState.ACTIVE, "suspend"): ProjectState.SUSPENDED,
    (ProjectState.SUSPENDED, "suspend"): ProjectState.SUSPENDED,
    (ProjectState.ACTIVE, "delete"): ProjectState.DISABLED,
    (ProjectState.SUSPENDED, "delete"): ProjectState.DISABLED,
    (ProjectState.DISABLED, "delete"): ProjectState.DISABLED,
}
"""A project is disabled until it is made and from when it is deleted; a deletion that failed is tried again, or the
project is activated."""


class InvitationState(models.TextChoices):
    PENDING = "Pending", "Pending"
    COMPLETED = "Completed", "Completed"
    EXPIRED = "Expired", "Expired"
    DECLINED = "Declined", "Declined"


INVITATION_TRANSITIONS = {
    (InvitationState.PENDING, "accept"): InvitationState.COMPLETED,
    (InvitationState.PENDING, "decline"): InvitationState.DECLINED,
    (InvitationState.PENDING, "expire"): InvitationState.EXPIRED,
}
