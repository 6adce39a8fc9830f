"""Search over all kinds of objects: what a caller may see, by name, address, UUID, or tag.

Every kind is read through the scope of its entity: what a caller may not see is not there to be found. One statement
asks which kinds have such a tag at all, the next asks all kinds, and the last reads what is shown of the few found.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db import connections
from django.db.models import Model, Q, QuerySet, Value

from apps.accounts.models.domain import shown_path
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import folded, tag_condition
from apps.metadata.selectors import kinds_tagged
from apps.portal.selectors.search_kinds import Kind, all_kinds
from apps.portal.selectors.search_terms import Term
from apps.portal.selectors.search_written import Marked, Written, kept, shape_of
from cloudstack.framework.context import Caller
from cloudstack.framework.search import in_order, longest_compared
from cloudstack.framework.search.trigrams import indexes_of

OF_A_KIND = 5
"""Results of each kind, unless more are asked for."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One object. ``by`` says what led to it: name, uuid, address or tag."""

    kind: Kind
    pk: int
    uuid: uuid.UUID
    name: str
    state: str
    account: str
    domain: str
    """Path of its domain as people read it."""
    zone: str
    by: str

    @property
    def context(self) -> str:
        """Whose it is and where."""
        return " · ".join(filter(None, (self.account, self.domain, self.zone)))


@dataclass(frozen=True)
class Group:
    """What was found of one kind, what fits best first. ``more``: there are others."""

    kind: Kind
    rows: list[Found]
    more: bool


@dataclass(frozen=True)
class Findings:
    """The answer. ``refusal`` says in words why nothing was looked for; ``begins_only``, that names were compared with
    the term from their begin only, for want of an index for more."""

    term: str
    groups: list[Group] = field(default_factory=list)
    refusal: str = ""
    begins_only: bool = False


def found_for(
    caller: Caller, typed: str, *, models: Collection[type[Model]] | None = None, of_a_kind: int = OF_A_KIND
) -> Findings:
    """What ``caller`` may see of what ``typed`` names: at most ``of_a_kind`` of each kind, of ``models`` only if given.

    Three statements, or four where many are named alike.
    """
    term = Term.of(typed)
    if term.refusal:
        return Findings(term.text, refusal=term.refusal)
    kinds = [kind for kind in all_kinds() if models is None or kind.model in models]
    carriers = _carriers(kinds, term)
    alias = ResourceTag.objects.db
    inside = bool(indexes_of(connections[alias])) and term.has_trigram

    def asking(about: Term) -> "_Asked":
        return _Asked(caller, kinds, _Search(about, of_a_kind + 1, carriers, inside, alias))

    shape = shape_of(term)
    if shape is None:
        asked = asking(term)
    else:
        key = (caller, frozenset(kind.key for kind in kinds), shape, carriers, of_a_kind, inside, alias)
        asked = kept(key, lambda: asking(Marked(term)))
    scopes, search = asked.scopes, _Search(term, of_a_kind + 1, carriers, inside, alias)
    where: dict[int, dict[int, str]] = defaultdict(dict)
    for place, pk in asked.statement.rows(term):
        number, by = asked.ways[place]
        where[number].setdefault(pk, by)
    full = [number for number, pks in where.items() if len(pks) > of_a_kind]
    for number, pk in Written((search.whole(number, *scopes[number]) for number in full), alias).rows():
        where[number].setdefault(pk, "name")
    found = _read(scopes, where, term, alias)
    groups = [
        Group(scopes[number][0], rows[:of_a_kind], len(where[number]) > of_a_kind)
        for number, rows in sorted(found.items())
    ]
    return Findings(term.text, groups, begins_only=not term.is_uuid and not inside)


class _Asked:
    """Which kinds a caller may find anything of, and the statement that asks them."""

    def __init__(self, caller: Caller, kinds: Iterable[Kind], search: "_Search"):
        # Who may see what is asked last: a scope takes longer to write than most kinds to leave out.
        found = ((kind, kind.scope(caller)) for kind in kinds if search.leads_to(kind))
        self.scopes = [(kind, scope) for kind, scope in found if scope is not None]
        ways = search.ways(self.scopes)
        self.ways = [(number, by) for number, by, _ in ways]
        queries = (rows.values_list(Value(place), "pk") for place, (_, _, rows) in enumerate(ways))
        self.statement = Written(queries, search.connection.alias)
        if isinstance(search.term, Marked):
            self.statement.marked()


class _Search:
    """The ways from a term to objects."""

    def __init__(self, term: Term, most: int, carriers: frozenset[str], inside: bool, alias: str):
        self.term = term
        self.most = most
        self.carriers = carriers
        """Kinds of which somebody's objects carry such a tag."""
        self.inside = inside
        """Whether names are found by what stands inside of them."""
        self.connection = connections[alias]

    def leads_to(self, kind: Kind) -> bool:
        """Whether anything of the kind could be found."""
        named = self.term.uuids is not None or self._columns(kind)
        return bool(named or self.carriers.intersection(kind.tag_kinds) or list(self._addresses(kind)))

    def ways(self, scopes: list[tuple[Kind, QuerySet[Any]]]) -> list[tuple[int, str, QuerySet[Any]]]:
        """Place of the kind, what leads to the objects, and the first of them."""
        return [
            (number, by, rows[: self.most])
            for number, (kind, scope) in enumerate(scopes)
            for by, rows in self._of_kind(kind, scope)
        ]

    def _of_kind(self, kind: Kind, scope: QuerySet[Any]) -> Iterator[tuple[str, QuerySet[Any]]]:
        term = self.term
        if term.uuids is not None:
            known = Q(uuid=term.uuids[0]) if term.is_uuid else Q(uuid__range=term.uuids)
            yield "uuid", scope.filter(known).order_by("uuid")
            if term.is_uuid:
                return
        for place, condition in self._addresses(kind):
            yield place, scope.filter(condition).order_by("pk")
        yield from (("name", rows) for rows in self._by_name(kind, scope))
        if tagged := self.carriers & set(kind.tag_kinds):
            yield "tag", scope.filter(pk__in=self._tagged(tagged))

    def _addresses(self, kind: Kind) -> Iterator[tuple[str, Q]]:
        known = {"ip": self.term.ip, "secondary": self.term.ip, "mac": self.term.mac}
        for what, leads in (kind.addresses or {}).items():
            if (address := known[what]) is not None:
                yield "address", leads(*address)

    def _by_name(self, kind: Kind, scope: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
        text, columns = self.term.text, self._columns(kind)
        if not columns:
            return
        if self.connection.vendor == "sqlite":
            # In the order of the index it stops after the first few, and a name that is the term comes first.
            for column in columns:
                yield scope.filter(**{f"{column}__begins": text}).order_by(in_order(column))
            return
        lookup = "icontains" if self.inside else "begins"
        yield scope.filter(_any(columns, lookup, text)).order_by("pk")

    def _columns(self, kind: Kind) -> list[str]:
        """Columns that can hold the term."""
        length, options = len(self.term.text), kind.model._meta
        return [name for name in kind.indexes if length <= longest_compared(options.get_field(name))]

    def whole(self, number: int, kind: Kind, scope: QuerySet[Any]) -> QuerySet[Any]:
        """Objects whose name is the term: among many that hold it they must not be lost."""
        columns = self._columns(kind)
        rows = scope.filter(_any(columns, "named", self.term.text)) if columns else scope.none()
        return rows.order_by("pk").values_list(Value(number), "pk")[: self.most]

    def _tagged(self, kinds: Collection[str]) -> QuerySet[Any]:
        """Keys of the objects with a tag of this key, this value, or ``key=value``."""
        tags = ResourceTag.objects.filter(kind__in=kinds).order_by()
        key, value = self.term.tag
        if not self.term.may_be_value:
            return tags.filter(tag_condition(key, value)).values("object_id")
        with_key, with_value = tags.filter(folded_key=folded(key)), tags.filter(value__named=key)
        return with_key.values("object_id").union(with_value.values("object_id"), all=True)


def _carriers(kinds: Iterable[Kind], term: Term) -> frozenset[str]:
    """Kinds of which somebody's objects carry such a tag."""
    names = [] if term.is_uuid else [name for kind in kinds for name in kind.tag_kinds]
    if not names:
        return frozenset()
    key, value = term.tag
    return frozenset(kinds_tagged(names, key=key, value=value, either=term.may_be_value))


def _any(columns: Iterable[str], lookup: str, text: str) -> Q:
    return reduce(or_, (Q(**{f"{column}__{lookup}": text}) for column in columns))


def _read(
    scopes: list[tuple[Kind, QuerySet[Any]]], where: dict[int, dict[int, str]], term: Term, alias: str
) -> dict[int, list[Found]]:
    """What is shown of the objects, by place of their kind, what fits best first."""
    found: dict[int, list[Found]] = defaultdict(list)
    shown = (
        scopes[number][1].filter(pk__in=list(pks)).values_list(Value(number), "pk", *scopes[number][0].shown())
        for number, pks in where.items()
    )
    for number, pk, known, name, state, account, domain, zone in Written(shown, alias).rows():
        found[number].append(
            Found(
                kind=scopes[number][0], pk=pk, uuid=uuid.UUID(str(known)), name=name or str(known), state=state or "",
                account=account or "", domain=shown_path(domain) if domain else "", zone=zone or "",
                by=where[number][pk],
            )
        )  # fmt: skip
    for rows in found.values():
        rows.sort(key=lambda row: (row.by == "tag", term.rank(row.name), row.pk))
    return found
