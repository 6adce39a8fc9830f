"""How much an account or a domain may hold, and how much it holds."""

from collections.abc import Iterator
from zlib import crc32

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from apps.accounts.models.account import Account
from apps.accounts.models.domain import Domain

UNLIMITED = -1
MAX_TAG = 64


class ResourceType(models.IntegerChoices):
    """Numbers and names as on CloudStack's wire. Memory in MiB; storage in GiB on the wire, in bytes here."""

    USER_VM = 0, "user_vm"
    PUBLIC_IP = 1, "public_ip"
    VOLUME = 2, "volume"
    SNAPSHOT = 3, "snapshot"
    TEMPLATE = 4, "template"
    PROJECT = 5, "project"
    NETWORK = 6, "network"
    VPC = 7, "vpc"
    CPU = 8, "cpu"
    MEMORY = 9, "memory"
    PRIMARY_STORAGE = 10, "primary_storage"
    SECONDARY_STORAGE = 11, "secondary_storage"
    BACKUP = 12, "backup"
    BACKUP_STORAGE = 13, "backup_storage"
    BUCKET = 14, "bucket"
    OBJECT_STORAGE = 15, "object_storage"
    GPU = 16, "gpu"


class FurtherType(int):
    """A kind of resource beside those of CloudStack: what a plugin counts. ``label`` is its name on the wire.

    Its number follows from its name, so that rows keep their meaning whichever plugins there are.
    """

    label: str
    FIRST = 1000
    LAST = 32767

    def __new__(cls, label: str, number: int | None = None) -> "FurtherType":
        if number is None:
            number = cls.FIRST + crc32(label.encode()) % (cls.LAST - cls.FIRST + 1)
        made = super().__new__(cls, number)
        made.label = label
        return made

    @property
    def value(self) -> int:
        return int(self)


Kind = ResourceType | FurtherType

_further: dict[int, FurtherType] = {}


def register_type(kind: FurtherType) -> None:
    """Have ``kind`` counted beside the core's. Raises ``ImproperlyConfigured`` when its name or number is taken."""
    taken = [one for one in all_types() if one is not kind and (one == kind or one.label == kind.label)]
    if taken:
        raise ImproperlyConfigured(f"resource {kind.label} cannot be told from resource {taken[0].label}: rename it")
    _further[int(kind)] = kind


def unregister_type(kind: FurtherType) -> None:
    """Count it no more; what its rows say stays."""
    _further.pop(int(kind), None)


def type_of(number: int) -> Kind:
    """The kind with this number; of a plugin that is out of service one that bears its number for a name."""
    if number in ResourceType:
        return ResourceType(number)
    return _further.get(number) or FurtherType(f"resource {number}", number)


def all_types() -> tuple[Kind, ...]:
    """What is counted: the core's kinds, then those of plugins."""
    return (*ResourceType, *_further.values())


def type_choices() -> Iterator[tuple[int, str]]:
    """For forms and pages."""
    return ((int(kind), kind.label) for kind in all_types())


COUNTED_IN_BYTES = frozenset(
    {
        ResourceType.PRIMARY_STORAGE,
        ResourceType.SECONDARY_STORAGE,
        ResourceType.BACKUP_STORAGE,
        ResourceType.OBJECT_STORAGE,
    }
)
"""Their limits are GiB, their counts bytes."""


class _PerOwner(models.Model):
    """A row about one account or one domain, never both."""

    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    domain = models.ForeignKey(Domain, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    type = models.PositiveSmallIntegerField(choices=type_choices)
    tag = models.CharField(max_length=MAX_TAG, blank=True, default="")
    """Only what carries this host or storage tag; empty is all of the type."""

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=("account", "type", "tag"),
                condition=models.Q(account__isnull=False),
                name="%(class)s_once_per_account",
            ),
            models.UniqueConstraint(
                fields=("domain", "type", "tag"),
                condition=models.Q(domain__isnull=False),
                name="%(class)s_once_per_domain",
            ),
            models.CheckConstraint(
                condition=models.Q(account__isnull=True) ^ models.Q(domain__isnull=True), name="%(class)s_has_one_owner"
            ),
        ]

    def __str__(self) -> str:
        tag = f" with tag {self.tag}" if self.tag else ""
        return f"{self.get_type_display()}{tag} of {self.account or self.domain}"


class ResourceLimit(_PerOwner):
    """A limit that differs from the default of the settings."""

    max = models.BigIntegerField(default=UNLIMITED)
    """-1 is no limit. Memory in MiB, storage in GiB."""


class ResourceCount(_PerOwner):
    """What is held now. Kept for each account and for each domain below ROOT (with all beneath it)."""

    count = models.BigIntegerField(default=0)
    """Pieces, CPUs, MiB of memory, bytes of storage."""

    class Meta(_PerOwner.Meta):
        constraints = [
            *_PerOwner.Meta.constraints,
            models.CheckConstraint(condition=models.Q(count__gte=0), name="resourcecount_not_negative"),
        ]
