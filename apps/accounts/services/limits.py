"""Quotas: what is asked for is taken from all limits at once, or refused with the limit that stands in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest

from apps.accounts import events
from apps.accounts.models import Account, AccountType, Domain, ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.domain import ROOT_PATH, ancestor_paths, shown_path
from apps.accounts.models.limit import COUNTED_IN_BYTES, UNLIMITED, Kind, type_of
from apps.accounts.services.limit_rules import (
    Amounts,
    Counted,
    DomainLimits,
    all_counted,
    default_limit,
    has_no_limits,
    holder_of,
    in_count_unit,
    in_wire_unit,
    limited_tags,
)
from apps.accounts.services.reach import ensure_reach
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, LimitExceeded, PermissionDenied, ResourceInUse, StaleState
from cloudstack.framework.events.bus import publish
from cloudstack.framework.rehearsal import current
from cloudstack.framework.transactions import joined

Wanted = Mapping[Counted, int]


@dataclass(frozen=True, slots=True)
class _Counter:
    """One locked row of :class:`ResourceCount` with the limit that holds for it."""

    pk: int
    counted: Counted
    domain_id: int | None
    count: int
    limit: int
    """In the unit of the count; -1 is none."""


class LimitManager:
    """Reserves and releases amounts, and changes limits.

    ``reserve`` and ``release`` belong to the transaction of the service that makes or removes the things:
    they take no caller because the owner pays, whoever calls. They may be called several times in it, in any order.
    """

    def reserve(self, account: Account, amounts: Amounts) -> None:
        """Add ``amounts`` to the account and the domains above it; raises ``LimitExceeded`` and adds nothing."""
        wanted = _positive(amounts)
        if not wanted:
            return
        with joined():
            counters = self._locked(account, wanted)
            for counter in counters:
                asked = wanted[counter.counted]
                if counter.limit != UNLIMITED and counter.count + asked > counter.limit:
                    raise LimitExceeded(_refusal(account, counter, asked))
            room = Q(pk__in=[counter.pk for counter in counters if counter.limit == UNLIMITED])
            for counter in counters:
                if counter.limit != UNLIMITED:
                    room |= Q(pk=counter.pk, count__lte=counter.limit - wanted[counter.counted])
            changed = ResourceCount.objects.filter(room).update(count=F("count") + _by_type(wanted))
            if changed != len(counters):
                transaction.set_rollback(True)
                raise LimitExceeded(f"A limit of account {account.name} was reached in the meantime; nothing was taken")

    def release(self, account: Account, amounts: Amounts) -> None:
        """Give ``amounts`` back; a count never falls below nought."""
        given = _positive(amounts)
        if not given:
            return
        with joined():
            counters = self._locked(account, given, of_the_living=False)
            ResourceCount.objects.filter(pk__in=[counter.pk for counter in counters]).update(
                count=Greatest(F("count") - _by_type(given), Value(0))
            )

    def count(self, account: Account, amounts: Amounts) -> None:
        """Add what is there already to the counters, whatever the limits say."""
        there = _positive(amounts)
        if not there:
            return
        with joined():
            counters = self._locked(account, there)
            rows = ResourceCount.objects.filter(pk__in=[counter.pk for counter in counters])
            rows.update(count=F("count") + _by_type(there))

    def ensure_room(self, account: Account, amounts: Amounts) -> None:
        """Raises ``LimitExceeded`` when ``reserve`` would; takes nothing."""
        with joined():
            self.reserve(account, amounts)
            self.release(account, amounts)

    def hold(self, *accounts: Account) -> None:
        """Lock the counters of several accounts in one order: a transaction that moves amounts between them begins so.

        Locked one account after the other they could wait for somebody who waits for them.
        """
        if not accounts:
            return
        with joined():
            owners = Q()
            for account in sorted(accounts, key=lambda account: account.pk):
                mine = Q(account_id=account.pk) | Q(domain__in=_limited_domains(account).values("pk"))
                there = ResourceCount.objects.filter(mine).values_list("type", "tag")
                everything = {(int(kind), tag) for kind, tag in all_counted()}
                if sum(row in everything for row in there) < len(ancestor_paths(account.domain.path)) * len(everything):
                    _make_missing(account, {})
                owners |= mine
            list(ResourceCount.objects.filter(owners).order_by("pk").select_for_update().values_list("pk"))

    def adjust(self, account: Account, changes: Amounts) -> None:
        """Reserve what grows and release what shrinks, as when a machine is resized."""
        with joined():
            self.reserve(account, {kind: amount for kind, amount in changes.items() if amount > 0})
            self.release(account, {kind: -amount for kind, amount in changes.items() if amount < 0})

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        kind: Kind,
        maximum: int,
        account: Account | None = None,
        domain: Domain | None = None,
        tag: str = "",
    ) -> ResourceLimit:
        """Set the limit of an account or a domain; -1 is none. A limit below the present count stops growth only.

        With ``tag`` it is that of what carries the tag. Nobody gets more than a domain above him may hold.
        """
        if maximum < UNLIMITED:
            raise InvalidParameter(f"max is {maximum}; give -1 for no limit, or nought or more", parameter="max")
        ensure_limited_tag(kind, tag)
        owner = self._owner(caller, account, domain)
        counted = Counted(kind, tag)
        self._ensure_within(owner, counted, maximum)
        limit, _ = ResourceLimit.objects.update_or_create(
            account=account, domain=None if account else domain, type=kind, tag=tag, defaults={"max": maximum}
        )
        whose = f"account {account}" if account else f"domain {domain}"
        publish(
            events.RESOURCE_LIMIT_UPDATE,
            caller=caller,
            description=f"limit of {counted} of {whose} set to {'unlimited' if maximum == UNLIMITED else maximum}",
            resource=owner,
            account_uuid=account.uuid if account else None,
        )
        return limit

    def _owner(self, caller: Caller, account: Account | None, domain: Domain | None) -> Account | Domain:
        """Whose limit it is, if the caller may set it."""
        if account is not None:
            ensure_reach(caller, account=account)
            if account.type == AccountType.ADMIN:
                raise InvalidParameter(f"account {account.name} is a root admin's and has no limits")
            if not caller.is_root_admin and account.pk == caller.account_id:
                raise PermissionDenied("You cannot change the limits of your own account")
            if not caller.is_root_admin and not account.domain.path.startswith(caller.domain_path):
                # A member of the project from elsewhere.
                raise PermissionDenied("Only an administrator of its domain can change the limits of a project")
            return account
        if domain is None:
            raise InvalidParameter("give an account or a domain")
        if domain.path == ROOT_PATH:
            raise InvalidParameter("the domain ROOT has no limits", parameter="domainid")
        if not caller.is_root_admin and not (caller.is_domain_admin and _above(caller, domain)):
            raise PermissionDenied(f"Only an administrator above domain {domain} can change its limits")
        return domain

    def _ensure_within(self, owner: Account | Domain, counted: Counted, maximum: int) -> None:
        """Raises ``InvalidParameter`` for more than the domains above may hold."""
        if isinstance(owner, Account):
            # The domain's default is no reason to refuse: what reaches it is refused there.
            path = owner.domain.path
            most = DomainLimits([path]).smallest_set(path, counted)
        else:
            path = ancestor_paths(owner.path)[-2]
            most = DomainLimits([path]).smallest(path, counted)
        if most != UNLIMITED and maximum > most:
            raise InvalidParameter(
                f"max={maximum}: domain {shown_path(path)} (with those above it) may hold {most} of {counted}; "
                f"give {most} or less",
                parameter="max",
            )

    def _locked(self, account: Account, wanted: Wanted, *, of_the_living: bool = True) -> list[_Counter]:
        try:
            with transaction.atomic():
                return self._complete(account, wanted)
        except _CountersMissing:
            # The locks are given back with the savepoint: whoever waits for a row that another is just inserting must
            # hold none, because that other may be waiting for it.
            if not Account.objects.select_for_update(no_key=True).filter(pk=account.pk).exists():
                if of_the_living:
                    raise ResourceInUse(f"account {account.name} has been deleted in the meantime") from None
                return []
            _make_missing(account, wanted)
            try:
                return self._complete(account, wanted)
            except _CountersMissing:
                raise StaleState(f"the domain of account {account.name} has been moved in the meantime") from None

    def _complete(self, account: Account, wanted: Wanted) -> list[_Counter]:
        """The counters wanted of all owners, locked. Raises ``_CountersMissing`` when any is not there."""
        everything = {*all_counted(), *wanted}
        counters = [counter for counter in self._counters(account) if counter.counted in everything]
        if len(counters) != len(ancestor_paths(account.domain.path)) * len(everything):
            raise _CountersMissing
        return [counter for counter in counters if counter.counted in wanted]

    def _counters(self, account: Account) -> list[_Counter]:
        # All rows of the owners are locked, in one order, and not only those of the kinds asked for: a transaction
        # that has come through here once never waits in a later call, so that no two can wait for each other.
        rows = (
            ResourceCount.objects.filter(
                Q(account_id=account.pk) | Q(domain__in=_limited_domains(account).values("pk"))
            )
            .annotate(own_limit=_own_limit(), domain_level=_level())
            .order_by("pk")
            .select_for_update()
            .values_list("pk", "type", "tag", "domain_id", "domain_level", "count", "own_limit")
        )
        found = [
            (pk, Counted(type_of(kind), tag), domain_id, level, count, own)
            for pk, kind, tag, domain_id, level, count, own in rows
        ]
        free, holder = has_no_limits(account), holder_of(account)
        inherited = {} if free else _inherited(found)
        counters = []
        for pk, counted, domain_id, level, count, own in found:
            if free:
                limit = UNLIMITED
            elif domain_id is not None:
                limit = inherited[counted, level]
            else:
                limit = own if own is not None else default_limit(counted, of=holder)
            limit = in_count_unit(counted.kind, limit)
            counters.append(_Counter(pk=pk, counted=counted, domain_id=domain_id, count=count, limit=limit))
        if (rehearsal := current()) is not None:
            for counter in counters:
                rehearsal.counters.setdefault(counter.pk, counter.count)
        return counters


def counters_with_limits(counters: QuerySet[ResourceCount]) -> Iterator[tuple[ResourceCount, int]]:
    """Counters in a steady order, each with the limit that holds for it in the unit of the count; -1 is none."""
    rows = counters.select_related("account", "domain").annotate(own_limit=_own_limit())
    found = list(rows.order_by("account_id", "domain_id", "type", "tag"))
    of_domains = DomainLimits([row.domain.path for row in found if row.domain is not None])
    for row in found:
        counted = Counted(type_of(row.type), row.tag)
        if row.domain is not None:
            limit = of_domains.of_domain(row.domain.path, counted)
        elif has_no_limits(row.account):
            limit = UNLIMITED
        else:
            own = row.own_limit
            limit = own if own is not None else default_limit(counted, of=holder_of(row.account))
        yield row, in_count_unit(counted.kind, limit)


def ensure_limited_tag(kind: Kind, tag: str) -> None:
    """Raises ``InvalidParameter`` unless ``kind`` is counted by ``tag``; an empty tag is its total."""
    if tag and tag not in limited_tags(kind):
        known = ", ".join(limited_tags(kind)) or "none"
        raise InvalidParameter(
            f"tag={tag}: {kind.label} is not limited by this tag; the settings resource.limitation.host.tags and "
            f"resource.limitation.storage.tags name: {known}",
            parameter="tag",
        )


def _inherited(
    rows: list[tuple[int, Counted, int | None, int | None, int, int | None]],
) -> dict[tuple[Counted, int], int]:
    """(what, level of the domain) → its own limit, else that of the nearest domain above with one, else the default."""
    of_domains = sorted((level, counted, own) for _, counted, domain_id, level, _, own in rows if domain_id is not None)
    found: dict[tuple[Counted, int], int] = {}
    nearest: dict[Counted, int] = {}
    for level, counted, own in of_domains:
        if own is not None:
            nearest[counted] = own
        found[counted, level] = nearest[counted] if counted in nearest else default_limit(counted, of=Domain)
    return found


def _above(caller: Caller, domain: Domain) -> bool:
    return domain.path.startswith(caller.domain_path) and domain.path != caller.domain_path


def _limited_domains(account: Account) -> QuerySet[Domain]:
    """The account's domain and those above it, without ROOT, which has no limits: its row would be everyone's."""
    return Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])


def _own_limit() -> Subquery:
    same_owner = Q(account_id=OuterRef("account_id")) | Q(domain_id=OuterRef("domain_id"))
    return Subquery(
        ResourceLimit.objects.filter(same_owner, type=OuterRef("type"), tag=OuterRef("tag")).values("max")[:1]
    )


def _level() -> Subquery:
    return Subquery(Domain.all_objects.filter(pk=OuterRef("domain_id")).values("level"))


def _by_type(amounts: Wanted) -> Case:
    return Case(
        *(When(type=kind, tag=tag, then=Value(amount)) for (kind, tag), amount in amounts.items()),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def _positive(amounts: Amounts) -> dict[Counted, int]:
    if any(amount < 0 for amount in amounts.values()):
        raise ValueError("amounts are never negative; use adjust")
    wanted = {_counted(what): amount for what, amount in amounts.items() if amount}
    return dict(sorted(wanted.items()))


def _counted(what: Kind | Counted) -> Counted:
    return what if isinstance(what, Counted) else Counted(type_of(what))


class _CountersMissing(Exception):
    """Some counter of an owner is not there yet."""


def _make_missing(account: Account, wanted: Wanted) -> None:
    """Counters are born at the first reservation, those of all kinds at once and in one order everywhere.

    Whoever comes second finds them. A later call in the same transaction, which holds locks, misses none.
    """
    everything = sorted({*all_counted(), *wanted})
    rows = [ResourceCount(account=account, type=kind, tag=tag) for kind, tag in everything]
    domains = _limited_domains(account).order_by("path")
    rows += [ResourceCount(domain=domain, type=kind, tag=tag) for domain in domains for kind, tag in everything]
    ResourceCount.objects.bulk_create(rows, ignore_conflicts=True)


def _refusal(account: Account, counter: _Counter, asked: int) -> str:
    kind = counter.counted.kind
    if counter.domain_id:
        domain = Domain.objects.get(pk=counter.domain_id)
        whose = f"domain {domain.shown_path} (with all below it)"
    elif account.type == AccountType.PROJECT:
        whose = f"project {account.project.name} in domain {account.domain.shown_path}"
    else:
        whose = f"account name={account.name} in domain {account.domain.shown_path}"
    unit = {ResourceType.MEMORY: " MiB"}.get(kind, " GiB" if kind in COUNTED_IN_BYTES else "")
    limit, used, more = (in_wire_unit(kind, amount) for amount in (counter.limit, counter.count, asked))
    return (
        f"Maximum number of resources of type '{counter.counted}' for {whose} has been exceeded: "
        f"limit {limit}{unit}, used {used}{unit}, asked {more}{unit}"
    )
