"""Instance groups: names under which users keep machines together."""

from django.db import models

from apps.accounts.models import OwnedModel
from cloudstack.framework.search import text_indexes


class InstanceGroup(OwnedModel):
    """A name for some machines of an account. It has no effect on them."""

    name = models.CharField(max_length=255)

    class Meta(OwnedModel.Meta):
        verbose_name = "instance group"
        indexes = [
            *OwnedModel.Meta.indexes,
            *text_indexes("instance_group", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=models.Q(removed__isnull=True),
                name="instance_group_name_once_per_account",
            )
        ]

    def __str__(self) -> str:
        return self.name
