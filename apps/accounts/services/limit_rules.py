"""Which limit holds for whom: own rows, those of the domains above, the defaults of the settings."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db.models import Q

from apps.accounts.config import ACCOUNT_LIMITS, DOMAIN_LIMITS, HOST_TAGS, PROJECT_LIMITS, STORAGE_TAGS, words_of
from apps.accounts.models import Account, AccountType, Domain, Project, ResourceLimit, ResourceType
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.models.limit import COUNTED_IN_BYTES, UNLIMITED, Kind, all_types, type_of

GIB = 1024**3


class Counted(NamedTuple):
    """What is counted: a kind of resource, or only those of it that carry ``tag``."""

    kind: Kind
    tag: str = ""

    def __str__(self) -> str:
        return f"{self.kind.label} with tag {self.tag}" if self.tag else self.kind.label


Amounts = Mapping[Kind | Counted, int]
"""Pieces, CPUs, MiB of memory, bytes of storage."""

COUNTED_BY_HOST_TAG = (ResourceType.USER_VM, ResourceType.CPU, ResourceType.MEMORY)
COUNTED_BY_STORAGE_TAG = (ResourceType.VOLUME, ResourceType.PRIMARY_STORAGE)


def limited_tags(kind: Kind) -> tuple[str, ...]:
    """The tags by which ``kind`` is counted beside its total, from the settings."""
    if kind in COUNTED_BY_HOST_TAG:
        return words_of(HOST_TAGS.value())
    return words_of(STORAGE_TAGS.value()) if kind in COUNTED_BY_STORAGE_TAG else ()


def all_counted(kinds: Iterable[Kind] | None = None, tag: str | None = None) -> list[Counted]:
    """Each kind (all if left out) in total and by each of its tags; with ``tag`` by that one only."""
    found = [
        Counted(kind, word) for kind in (all_types() if kinds is None else kinds) for word in ("", *limited_tags(kind))
    ]
    return found if tag is None else [counted for counted in found if counted.tag == tag]


def by_tags(amounts: Mapping[Kind, int], tags: Iterable[str]) -> Amounts:
    """``amounts`` in total, and by those of ``tags`` (of the offering) for which there are limits.

    A machine is counted by the host tags of its offering and template, a volume by the storage tags of its offering.
    """
    given = set(tags)
    counted: dict[Kind | Counted, int] = dict(amounts)
    for kind, amount in amounts.items():
        counted.update({Counted(kind, tag): amount for tag in limited_tags(kind) if tag in given})
    return counted


def carrying(field: str, tag: str) -> Q:
    """Rows whose comma list in ``field`` (an ORM path) names ``tag``."""
    inner = Q(**{f"{field}__contains": f",{tag},"})
    edges = Q(**{f"{field}__startswith": f"{tag},"}) | Q(**{f"{field}__endswith": f",{tag}"})
    return Q(**{field: tag}) | edges | inner


def total_of(*parts: Amounts) -> Amounts:
    """Several amounts together."""
    total: dict[Kind | Counted, int] = {}
    for part in parts:
        for what, amount in part.items():
            total[what] = total.get(what, 0) + amount
    return total


Holder = type[Account] | type[Domain] | type[Project]


def holder_of(owner: Account | Domain) -> Holder:
    """Whose default limits hold for ``owner``."""
    return Project if isinstance(owner, Account) and owner.type == AccountType.PROJECT else type(owner)


def default_limit(counted: Counted | Kind, *, of: Holder) -> int:
    """The limit that the settings give to whoever has none of his own; -1 is none. Storage in GiB."""
    kind, tag = counted if isinstance(counted, Counted) else Counted(counted)
    if tag:
        return UNLIMITED
    if of is Project and kind == ResourceType.PROJECT:
        return 0  # a project has no projects
    key = {Account: ACCOUNT_LIMITS, Domain: DOMAIN_LIMITS, Project: PROJECT_LIMITS}[of].get(kind)
    # What a plugin counted that is out of service holds nobody back.
    return UNLIMITED if key is None else int(key.value())


class DomainLimits:
    """The limits of some domains and of all above them, read in one statement."""

    def __init__(self, paths: Collection[str]):
        above = {path for given in paths for path in ancestor_paths(given)[1:]}
        rows = (
            ResourceLimit.objects.filter(domain__path__in=above, domain__removed__isnull=True)
            if above
            else ResourceLimit.objects.none()
        )
        self._own = {
            (path, Counted(type_of(kind), tag)): maximum
            for path, kind, tag, maximum in rows.values_list("domain__path", "type", "tag", "max")
        }

    def own(self, path: str, counted: Counted) -> int | None:
        """What somebody has set for this domain itself."""
        return self._own.get((path, counted))

    def of_domain(self, path: str, counted: Counted) -> int:
        """The domain's own, else that of the nearest domain above with one, else the default. ROOT has none."""
        for above in reversed(ancestor_paths(path)[1:]):
            found = self._own.get((above, counted))
            if found is not None:
                return found
        return UNLIMITED if len(ancestor_paths(path)) == 1 else default_limit(counted, of=Domain)

    def smallest(self, path: str, counted: Counted) -> int:
        """What the domain and all above it leave: nothing below can hold more."""
        return smallest(self.of_domain(above, counted) for above in ancestor_paths(path))

    def smallest_set(self, path: str, counted: Counted) -> int:
        """As ``smallest``, of limits that somebody has set: defaults are left aside."""
        return smallest(self._own.get((above, counted), UNLIMITED) for above in ancestor_paths(path))


def smallest(limits: Iterable[int]) -> int:
    """The one that stands in the way first; -1 is none."""
    return min((limit for limit in limits if limit != UNLIMITED), default=UNLIMITED)


def has_no_limits(account: Account) -> bool:
    """Accounts of root admins and of the platform."""
    return account.type == AccountType.ADMIN or account.is_system


def in_count_unit(kind: Kind, limit: int) -> int:
    """A limit in the unit of the count: GiB of storage become bytes."""
    return limit * GIB if limit > 0 and kind in COUNTED_IN_BYTES else limit


def in_wire_unit(kind: Kind, amount: int) -> int:
    """A count as clients know it: storage in GiB, everything else as it is."""
    return -(-amount // GIB) if kind in COUNTED_IN_BYTES else amount
