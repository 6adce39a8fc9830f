"""The account: what owns machines, networks and disks, and what is billed and limited."""

from django.contrib.auth.models import Group
from django.db import models

from apps.accounts.models.domain import Domain
from apps.accounts.models.role import Role
from apps.accounts.states import AccountState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes


class AccountType(models.IntegerChoices):
    """Numbers as on CloudStack's wire."""

    NORMAL = 0, "user"
    ADMIN = 1, "root admin"
    DOMAIN_ADMIN = 2, "domain admin"
    RESOURCE_DOMAIN_ADMIN = 3, "resource domain admin"
    READ_ONLY_ADMIN = 4, "read-only admin"
    PROJECT = 5, "project"


class Account(CloudModel):
    """An owner of resources inside one domain, with one role."""

    name = models.CharField(max_length=100)
    type = models.PositiveSmallIntegerField(choices=AccountType, default=AccountType.NORMAL)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="accounts")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="accounts")
    state = models.CharField(max_length=16, choices=AccountState, default=AccountState.ENABLED, editable=False)
    network_domain = models.CharField(max_length=255, blank=True, default="")
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="account", editable=False)
    """Objects are shared with the account by object permissions of this group."""
    is_default = models.BooleanField(default=False, editable=False)
    """Came with the installation; cannot be deleted."""
    is_system = models.BooleanField(default=False, editable=False)
    """Owns what belongs to the platform; nobody logs in to it and no list shows it."""
    api_key_access = models.BooleanField(null=True, blank=True)
    """Whether key pairs work; null leaves it to the global setting ``api.key.access``."""
    details = models.JSONField(default=dict, blank=True)
    default_zone_uuid = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    """Zone that clients offer the account first. Zones are of the app above, which forgets those that are gone."""
    cleanup_needed = models.BooleanField(default=False, editable=False)
    """A deletion came to no end: the account is disabled, part of what it owned is gone, and it is tried again."""
    state_before_removal = models.CharField(max_length=16, blank=True, default="", editable=False)
    """What ``state`` was before the deletion of a domain above shut the account out."""

    class Meta(CloudModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=("domain", "name"),
                condition=models.Q(removed__isnull=True),
                name="account_name_once_per_domain",
            ),
        ]
        indexes = [
            models.Index(fields=("name",), condition=models.Q(removed__isnull=True), name="account_name"),
            models.Index(fields=("state", "id"), condition=models.Q(removed__isnull=True), name="account_in_state"),
            *text_indexes("account", "name"),
        ]

    def __str__(self) -> str:
        return self.name
