"""Roles: ordered rules over command names."""

from django.db import models

from apps.accounts.states import RoleState
from cloudstack.framework.context import RoleType
from cloudstack.framework.models import CloudModel, PublicModel
from cloudstack.framework.search import text_indexes

ROLE_TYPE_NAMES = {
    RoleType.ADMIN: "Admin",
    RoleType.RESOURCE_ADMIN: "ResourceAdmin",
    RoleType.DOMAIN_ADMIN: "DomainAdmin",
    RoleType.USER: "User",
}
"""As clients write them."""


class Role(CloudModel):
    """What the users of an account may call."""

    name = models.CharField(max_length=255)
    type = models.PositiveSmallIntegerField(choices=[(int(kind), name) for kind, name in ROLE_TYPE_NAMES.items()])
    description = models.TextField(blank=True, default="")
    is_default = models.BooleanField(default=False, editable=False)
    """Came with the installation; cannot be changed or deleted."""
    is_public = models.BooleanField(default=True)
    """Whether domain admins see the role and may give it away."""
    unrestricted = models.BooleanField(default=False, editable=False)
    """Every command is allowed: the role Root Admin. Roles of its type may be narrower (read-only admins)."""
    state = models.CharField(max_length=16, choices=RoleState, default=RoleState.ENABLED, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    """Grows with each change of the rules: key of every cache of them."""

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("role", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(removed__isnull=True), name="role_name_once_among_the_living"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Permission(models.TextChoices):
    ALLOW = "allow", "allow"
    DENY = "deny", "deny"


class RolePermission(PublicModel):
    """One rule of a role. The first that matches a command decides."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions")
    rule = models.CharField(max_length=255)
    """Name of a command; ``*`` stands for any letters and digits; case does not matter."""
    permission = models.CharField(max_length=8, choices=Permission)
    position = models.PositiveIntegerField(default=0)
    description = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("role_id", "position", "id")
        constraints = [models.UniqueConstraint(fields=("role", "rule"), name="rule_once_per_role")]

    def __str__(self) -> str:
        return f"{self.permission} {self.rule}"
