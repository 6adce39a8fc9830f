"""Limits and totals inside answers about accounts and domains: one statement for the whole page."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import BigIntegerField, IntegerField, QuerySet, Sum, Value

from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.limit import UNLIMITED
from apps.accounts.services.limits import Holder, default_limit, in_wire_unit
from cloudstack.api import LONG, STRING, Response
from cloudstack.api.fields import Item
from cloudstack.framework.context import Caller

WIRE_NAMES = {
    ResourceType.USER_VM: "vm",
    ResourceType.PUBLIC_IP: "ip",
    ResourceType.VOLUME: "volume",
    ResourceType.SNAPSHOT: "snapshot",
    ResourceType.BACKUP: "backup",
    ResourceType.BACKUP_STORAGE: "backupstorage",
    ResourceType.TEMPLATE: "template",
    ResourceType.PROJECT: "project",
    ResourceType.NETWORK: "network",
    ResourceType.VPC: "vpc",
    ResourceType.CPU: "cpu",
    ResourceType.MEMORY: "memory",
    ResourceType.GPU: "gpu",
    ResourceType.PRIMARY_STORAGE: "primarystorage",
    ResourceType.SECONDARY_STORAGE: "secondarystorage",
    ResourceType.BUCKET: "bucket",
    ResourceType.OBJECT_STORAGE: "objectstorage",
}


class Figure(Item):
    """A value that :class:`LimitedResponse` puts in after the rows are read."""


def _figures() -> dict[str, Figure]:
    items: dict[str, Figure] = {}
    for kind, wire in WIRE_NAMES.items():
        what = kind.label.replace("_", " ")
        items[f"{wire}limit"] = Figure(type=STRING, help=f"limit of {what}; Unlimited if there is none")
        items[f"{wire}total"] = Figure(type=LONG, help=f"{what} in use")
        items[f"{wire}available"] = Figure(type=STRING, help=f"{what} that may still be made; Unlimited if no limit")
    return items


_Figures = type("_Figures", (Response,), {"__module__": __name__, **_figures()})

FIGURES = frozenset(_Figures.fields())
"""Wire names of all limits and totals: what ``details=min`` leaves away."""


class LimitedResponse(_Figures):  # type: ignore[misc, valid-type]
    """A response about accounts or domains with limits, totals and what is left."""

    owner: ClassVar[str]
    """``account`` or ``domain``: whose limits they are."""
    holder: ClassVar[Holder]
    key: ClassVar[str] = "id"
    """Path from the row to that owner's primary key."""
    free_path: ClassVar[str]
    free_value: ClassVar[Any]
    """Rows whose ``free_path`` holds ``free_value`` have no limits. ROOT, is one: it holds what all accounts hold."""

    @classmethod
    def render_with(
        cls,
        queryset: QuerySet[Any],
        extra: Sequence[str],
        *,
        caller: Caller,
        omit: frozenset[str] = frozenset(),
        jobs: bool = False,
    ) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        columns = (cls.key, cls.free_path, *extra)
        rows = list(super().render_with(queryset, columns, caller=caller, omit=omit, jobs=jobs))
        if rows and not omit >= FIGURES:
            free = {pk for (pk, mark, *_), _ in rows if mark == cls.free_value}
            limits, counts = cls._read([pk for (pk, *_), _ in rows], free)
            defaults = {kind: default_limit(kind, of=cls.holder) for kind in WIRE_NAMES}
            for (pk, *_), body in rows:
                body.update(item for item in _shown(pk, pk in free, limits, counts, defaults) if item[0] not in omit)
        return ((values[2:], body) for values, body in rows)

    @classmethod
    def _read(cls, keys: list[int], free: set[int]) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]:
        """Limits that differ from the defaults, and counts: (key of the owner, type) → number."""
        column = f"{cls.owner}_id"
        of_owner = {f"{column}__in": keys}
        limits = ResourceLimit.objects.filter(**of_owner).values_list(column, "type", "max", _mark(0))
        counts = ResourceCount.objects.filter(**of_owner).values_list(column, "type", "count", _mark(1))
        arms = [counts]
        if cls.owner == "domain" and free:
            everything = ResourceCount.objects.filter(account__isnull=False).values("type")
            root = Value(next(iter(free)), output_field=BigIntegerField())
            arms.append(everything.annotate(total=Sum("count")).values_list(root, "type", "total", _mark(1)))
        found: tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]] = ({}, {})
        for key, kind, amount, mark in limits.union(*arms, all=True):
            found[mark][key, kind] = int(amount)  # PostgreSQL sums to a decimal
        return found


def _mark(number: int) -> Value:
    return Value(number, output_field=IntegerField())


def _shown(
    key: int,
    free: bool,
    limits: dict[tuple[int, int], int],
    counts: dict[tuple[int, int], int],
    defaults: dict[ResourceType, int],
) -> Iterator[tuple[str, Any]]:
    for kind, wire in WIRE_NAMES.items():
        count = in_wire_unit(kind, counts.get((key, kind), 0))
        limit = UNLIMITED if free else limits.get((key, kind), defaults[kind])
        yield f"{wire}total", count
        if limit == UNLIMITED:
            yield f"{wire}limit", "Unlimited"
            yield f"{wire}available", "Unlimited"
        else:
            yield f"{wire}limit", str(limit)
            yield f"{wire}available", str(max(limit - count, 0))
