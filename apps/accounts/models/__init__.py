"""Entities of the accounts app."""

from apps.accounts.models.account import Account, AccountType
from apps.accounts.models.api_key import ApiKeyPair, ApiToken
from apps.accounts.models.domain import Domain
from apps.accounts.models.limit import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.owned import OwnedModel
from apps.accounts.models.project import (
    MemberRole,
    Project,
    ProjectInvitation,
    ProjectMember,
    ProjectRole,
    ProjectRolePermission,
)
from apps.accounts.models.role import Permission, Role, RolePermission
from apps.accounts.models.two_factor import RecoveryCode, TwoFactor, TwoFactorProvider
from apps.accounts.models.user import User, UserSource

__all__ = [
    "Account",
    "AccountType",
    "ApiKeyPair",
    "ApiToken",
    "Domain",
    "MemberRole",
    "OwnedModel",
    "Permission",
    "Project",
    "ProjectInvitation",
    "ProjectMember",
    "ProjectRole",
    "ProjectRolePermission",
    "RecoveryCode",
    "ResourceCount",
    "ResourceLimit",
    "ResourceType",
    "Role",
    "RolePermission",
    "TwoFactor",
    "TwoFactorProvider",
    "User",
    "UserSource",
]
