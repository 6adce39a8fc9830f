"""The tree of domains; each knows its whole path, so that a subtree is one prefix."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from apps.accounts.states import DomainState
from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes

ROOT_PATH = "/"


class Domain(CloudModel):
    """A branch of the organisation: it holds accounts and further domains."""

    name = models.CharField(max_length=255)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=1000, db_index=True, editable=False)
    """``/`` for ROOT, ``/sales/emea/`` below it. Always ends with a slash; names hold none."""
    level = models.PositiveSmallIntegerField(default=0, editable=False)
    """Distance from ROOT."""
    state = models.CharField(max_length=16, choices=DomainState, default=DomainState.ACTIVE, editable=False)
    network_domain = models.CharField(max_length=255, blank=True, default="")
    """Suffix of the DNS names of guests."""

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("domain", "name"),
        ]
        constraints = [
            # Without case: SQLite's LIKE ignores it, and a prefix must never reach into a sibling's subtree.
            models.UniqueConstraint(
                Lower("path"), condition=models.Q(removed__isnull=True), name="domain_path_once_among_the_living"
            ),
            models.CheckConstraint(condition=~models.Q(name__contains="/"), name="domain_name_without_slash"),
        ]

    def __str__(self) -> str:
        return self.shown_path

    @property
    def shown_path(self) -> str:
        """The path as clients see it: ``ROOT/sales/emea``."""
        return shown_path(self.path)

    def clean(self) -> None:
        super().clean()
        if "/" in self.name:
            raise ValidationError({"name": "a domain's name cannot contain a slash"})


def shown_path(path: str) -> str:
    """``/sales/emea/`` → ``ROOT/sales/emea``."""
    return ("ROOT" + path).rstrip("/")


def ancestor_paths(path: str) -> list[str]:
    """The path itself and those of all domains above it, ROOT first."""
    names = [name for name in path.split("/") if name]
    return [ROOT_PATH, *("/" + "/".join(names[: depth + 1]) + "/" for depth in range(len(names)))]
