"""Limits and totals inside answers about accounts and domains: one statement for the whole page."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

from django.db.models import BigIntegerField, IntegerField, QuerySet, Sum, Value

from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.limit import UNLIMITED, Kind, type_of
from apps.accounts.services.limit_rules import (
    Counted,
    DomainLimits,
    Holder,
    all_counted,
    in_wire_unit,
)
from apps.accounts.services.limits_shown import limit_shown
from cloudstack.api import LIST, LONG, STRING, Response
from cloudstack.api.fields import Item
from cloudstack.api.listing import Page
from cloudstack.framework.context import Caller

WIRE_NAMES: dict[Kind, str] = {
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


def _of_kind(kind: Kind, wire: str) -> dict[str, Figure]:
    what = kind.label.replace("_", " ")
    return {
        f"{wire}limit": Figure(type=STRING, help=f"limit of {what}; Unlimited if there is none"),
        f"{wire}total": Figure(type=LONG, help=f"{what} in use"),
        f"{wire}available": Figure(type=STRING, help=f"{what} that may still be made; Unlimited if no limit"),
    }


def _figures() -> dict[str, Figure]:
    items: dict[str, Figure] = {}
    for kind, wire in WIRE_NAMES.items():
        items.update(_of_kind(kind, wire))
    items["taggedresources"] = Figure(
        type=LIST, help="limit, total and available of what is limited by host or storage tags, for each type and tag"
    )
    return items


_Figures = type("_Figures", (Response,), {"__module__": __name__, **_figures()})


def figures() -> frozenset[str]:
    """Wire names of all limits and totals: what ``details=min`` leaves away."""
    return frozenset(_Figures.fields())


def add_figures(kind: Kind, wire: str) -> None:
    """Have answers about accounts, projects and domains tell ``<wire>limit``, ``<wire>total``, ``<wire>available``."""
    if WIRE_NAMES.get(kind) == wire:
        return
    WIRE_NAMES[kind] = wire
    _Figures.add_fields(_of_kind(kind, wire))


def drop_figures(kind: Kind) -> None:
    """Tell them no more."""
    if kind in WIRE_NAMES:
        _Figures.drop_fields(_of_kind(kind, WIRE_NAMES.pop(kind)))


class LimitedResponse(_Figures):  # type: ignore[misc, valid-type]
    """A response about accounts or domains with limits, totals and what is left."""

    owner: ClassVar[str]
    """``account`` or ``domain``: whose limits they are."""
    holder: ClassVar[Holder]
    key: ClassVar[str] = "id"
    """Path from the row to that owner's primary key."""
    path_at: ClassVar[str]
    """Where the path of the row's domain stands."""
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
        columns = (cls.key, cls.free_path, cls.path_at, *extra)
        rows = list(super().render_with(queryset, columns, caller=caller, omit=omit, jobs=jobs))
        if rows and not omit >= figures():
            free = {pk for (pk, mark, *_), _ in rows if mark == cls.free_value}
            own, counts = cls._read([pk for (pk, *_), _ in rows], free)
            of_domains = DomainLimits([path for (_, _, path, *_), _ in rows])
            counted = all_counted(WIRE_NAMES)
            # The limits of whoever has none of his own are those of his domain: found once a domain, not once a row.
            shared_limit = cache(partial(limit_shown, None, of_domains=of_domains, of=cls.holder))
            wanted = cls.fields().keys() - omit
            more = cls.more_figures([pk for (pk, *_), _ in rows])
            for (pk, _, path, *_), body in rows:
                told = {}
                for what in counted:
                    limit = UNLIMITED
                    if pk not in free:
                        limit = own[pk, what] if (pk, what) in own else shared_limit(path, what)
                    told[what] = (limit, in_wire_unit(what.kind, counts.get((pk, what), 0)))
                body.update(item for item in _shown(told) if item[0] in wanted)
                body.update(item for item in more.get(pk, {}).items() if item[0] not in omit)
        return ((values[3:], body) for values, body in rows)

    @classmethod
    def more_figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """What else is counted: key of the row → fields, read for the whole page at once."""
        return {}

    @classmethod
    def _read(
        cls, keys: list[int], free: set[int]
    ) -> tuple[dict[tuple[int, Counted], int], dict[tuple[int, Counted], int]]:
        """Limits that differ from the defaults, and counts: (key of the owner, what) → number."""
        column = f"{cls.owner}_id"
        of_owner = {f"{column}__in": keys}
        limits = ResourceLimit.objects.filter(**of_owner).values_list(column, "type", "tag", "max", _mark(0))
        counts = ResourceCount.objects.filter(**of_owner).values_list(column, "type", "tag", "count", _mark(1))
        arms = [counts]
        if cls.owner == "domain" and free:
            everything = ResourceCount.objects.filter(account__isnull=False).values("type", "tag")
            root = Value(next(iter(free)), output_field=BigIntegerField())
            arms.append(everything.annotate(total=Sum("count")).values_list(root, "type", "tag", "total", _mark(1)))
        found: tuple[dict[tuple[int, Counted], int], dict[tuple[int, Counted], int]] = ({}, {})
        for key, kind, tag, amount, mark in limits.union(*arms, all=True):
            found[mark][key, Counted(type_of(kind), tag)] = int(amount)  # PostgreSQL sums to a decimal
        return found


def _mark(number: int) -> Value:
    return Value(number, output_field=IntegerField())


def _shown(figures: dict[Counted, tuple[int, int]]) -> Iterator[tuple[str, Any]]:
    tagged = []
    for (kind, tag), (limit, total) in figures.items():
        left = UNLIMITED if limit == UNLIMITED else max(limit - total, 0)
        if tag:
            about = {"resourcetype": int(kind), "resourcetypename": kind.label, "tag": tag}
            tagged.append({**about, "limit": limit, "total": total, "available": left})
            continue
        wire = WIRE_NAMES[kind]
        yield f"{wire}total", total
        yield f"{wire}limit", "Unlimited" if limit == UNLIMITED else str(limit)
        yield f"{wire}available", "Unlimited" if limit == UNLIMITED else str(left)
    if tagged:
        yield "taggedresources", tagged


def only_tag(page: Page, tag: str | None) -> Page:
    """A page of accounts or domains with what is limited by ``tag``, if one is given, and by no other."""
    for row in page.rows if tag else ():
        if "taggedresources" in row:
            row["taggedresources"] = [entry for entry in row["taggedresources"] if entry["tag"] == tag]
    return page
