"""Affinity groups: which machines are to share a host, and which are not to."""

from django.db import models

from apps.accounts.models import OwnedModel
from apps.compute.models.virtual_machine import VirtualMachine
from cloudstack.framework.search import text_indexes


class AffinityGroup(OwnedModel):
    """A named group of machines and the kind of rule that holds among them (``type``, see ``affinity_types``).

    With ``is_domain_wide`` all accounts of its domain and of those below it may put machines into it; else only
    its account may.
    """

    name = models.CharField(max_length=255)
    description = models.CharField(max_length=4096, blank=True, default="")
    type = models.CharField(max_length=255)
    is_domain_wide = models.BooleanField(default=False)

    class Meta(OwnedModel.Meta):
        verbose_name = "affinity group"
        indexes = [
            *OwnedModel.Meta.indexes,
            models.Index(fields=["type", "id"], condition=models.Q(removed__isnull=True), name="affinity_group_type"),
            *text_indexes("affinity_group", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=models.Q(removed__isnull=True, is_domain_wide=False),
                name="affinity_name_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["domain", "name"],
                condition=models.Q(removed__isnull=True, is_domain_wide=True),
                name="affinity_name_once_per_domain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AffinityMembership(models.Model):
    """A machine in a group."""

    group = models.ForeignKey(AffinityGroup, on_delete=models.CASCADE, related_name="memberships")
    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="affinity_memberships")

    class Meta:
        verbose_name = "affinity group membership"
        constraints = [models.UniqueConstraint(fields=["vm", "group"], name="machine_once_in_affinity_group")]

    def __str__(self) -> str:
        return f"{self.vm} in {self.group}"
